//! A database of some size, and a server over it.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::process::Child;
use tonic::transport::Endpoint;

use super::walk::Walks;
use crate::call::Clients;
use crate::filled::Filled;
use crate::program::serve;
use crate::world::World;
use crate::{Failure, filled};

/// How the databases differ from what PostgreSQL does by itself. What is measured are
/// reads of rows that no longer change; what can be made again need not be safe.
pub(crate) fn settings() -> Vec<(&'static str, String)> {
    let settings = [
        filled::shared_buffers(),
        ("max_wal_size", "4GB".to_owned()),
        ("wal_level", "minimal".to_owned()),
        ("max_wal_senders", "0".to_owned()),
        ("fsync", "off".to_owned()),
        ("full_page_writes", "off".to_owned()),
        ("autovacuum", "off".to_owned()),
    ];
    settings.into()
}

/// Where a database is, and what is to be in it.
pub(crate) struct SiteOptions {
    pub(crate) data_dir: PathBuf,
    pub(crate) world: World,
    pub(crate) program: PathBuf,
    /// How many deep pages are to be known.
    pub(crate) deep_pages: u64,
}

/// A server over a filled database. Both end when it is dropped.
pub(crate) struct Site {
    pub(crate) world: Arc<World>,
    pub(crate) clients: Clients,
    pub(crate) walks: Walks,
    // Before the database that it is over.
    _server: Child,
    pub(crate) database: Filled,
}

impl Site {
    /// Starts both, and fills the database unless it holds that world already.
    pub(crate) async fn start(options: SiteOptions) -> Result<Self, Failure> {
        let world = Arc::new(options.world);
        let database = Filled::start(options.data_dir, &world, settings()).await?;
        let (server, address) = serve(&options.program, &database.url(), &[]).await?;
        let channel = Endpoint::from_shared(format!("http://{address}"))?
            .connect()
            .await?;
        let mut clients = Clients::new(channel);
        eprintln!("walking down the lists of {} users", world.users());
        let walks = Walks::go(&mut clients, &world, options.deep_pages).await?;
        database.warm().await?;
        Ok(Self {
            world,
            clients,
            walks,
            _server: server,
            database,
        })
    }

    /// Ends the server, then the database.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        let Self {
            _server: mut server,
            database,
            ..
        } = self;
        server.kill().await?;
        database.stop().await
    }
}
