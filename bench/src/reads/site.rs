//! A database of some size, and a server over it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use byline_persistence::embedded::{EmbeddedOptions, EmbeddedPostgres};
use byline_persistence::migrate::{self, MigrateError};
use sqlx::{ConnectOptions, PgConnection};
use tokio::process::Child;
use tonic::transport::Endpoint;

use super::call::Clients;
use super::walk::Walks;
use crate::fill::{FillOptions, fill, vacuum};
use crate::program::serve;
use crate::world::{GENERATION, World};
use crate::{Failure, machine};

const DATABASE: &str = "byline";

/// How the databases differ from what PostgreSQL does by itself. What is measured are
/// reads of rows that no longer change; what can be made again need not be safe.
pub(crate) fn settings() -> Vec<(&'static str, String)> {
    // A quarter of the memory is usual for a server that has the machine to itself.
    let megabytes = machine::memory().map_or(1_024, |bytes| bytes / 8 / (1024 * 1024));
    let settings = [
        ("shared_buffers", format!("{megabytes}MB")),
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
    /// What filling the database took, in a sentence.
    pub(crate) filled: String,
    pub(crate) postgres_version: String,
    // Before the database that it is over.
    _server: Child,
    postgres: Arc<EmbeddedPostgres>,
}

impl Site {
    /// Starts both, and fills the database unless it holds that world already.
    pub(crate) async fn start(options: SiteOptions) -> Result<Self, Failure> {
        let world = Arc::new(options.world);
        let embedded = EmbeddedOptions {
            data_dir: options.data_dir.clone(),
            bindir: None,
            fetch: true,
            settings: settings(),
            notice: |line| eprintln!("{line}"),
        };
        let postgres =
            tokio::task::spawn_blocking(move || EmbeddedPostgres::start(&embedded)).await??;
        let postgres = Arc::new(postgres);
        let filled = ensure_filled(&postgres, &options.data_dir, &world).await?;
        let (server, address) = serve(&options.program, &postgres.url(DATABASE)).await?;
        let channel = Endpoint::from_shared(format!("http://{address}"))?
            .connect()
            .await?;
        let mut clients = Clients::new(channel);
        eprintln!("walking down the lists of {} users", world.users());
        let walks = Walks::go(&mut clients, &world, options.deep_pages).await?;
        warm(&mut postgres.connect_options(DATABASE).connect().await?).await?;
        Ok(Self {
            world,
            clients,
            walks,
            filled,
            postgres_version: postgres.version().to_owned(),
            _server: server,
            postgres,
        })
    }

    /// Ends the server, then the database.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        let Self {
            _server: mut server,
            postgres,
            ..
        } = self;
        server.kill().await?;
        tokio::task::spawn_blocking(move || drop(postgres)).await?;
        Ok(())
    }
}

/// Fills the database unless a file beside it says that it holds that world. Answers
/// what filling took, now or then.
async fn ensure_filled(
    postgres: &EmbeddedPostgres,
    data_dir: &Path,
    world: &Arc<World>,
) -> Result<String, Failure> {
    let server = postgres.connect_options(DATABASE);
    let marker = data_dir.join("filled");
    let holds = format!(
        "generation {GENERATION}, {} users, {} posts",
        world.users(),
        world.posts()
    );
    let said = fs::read_to_string(&marker).unwrap_or_default();
    if let Some((first, rest)) = said.split_once('\n')
        && first == holds
    {
        match migrate::up(&server).await {
            Ok(applied) => {
                if !applied.is_empty() {
                    vacuum(&mut server.connect().await?).await?;
                }
                return Ok(rest.trim().to_owned());
            }
            Err(error @ MigrateError::Database(_)) => return Err(error.into()),
            // Of another branch, or changed since: there is nothing in it to be kept.
            Err(why) => eprintln!("made anew, since it cannot be migrated: {why}"),
        }
    }
    if marker.exists() {
        fs::remove_file(&marker)?;
    }
    // Half of a world, or another one.
    let mut admin = postgres.connect_options("postgres").connect().await?;
    sqlx::raw_sql("drop database if exists byline with (force)")
        .execute(&mut admin)
        .await?;
    postgres.ensure_database(DATABASE).await?;
    migrate::up(&server).await?;
    let took = fill(&server, world, FillOptions::default()).await?;
    sqlx::raw_sql("checkpoint").execute(&mut admin).await?;
    fs::write(&marker, format!("{holds}\n{took}\n"))?;
    Ok(took.to_string())
}

/// Reads tables and indexes into PostgreSQL's memory, as they are in that of a server which
/// has run for a while: the largest first, since where not all fit the last ones stay.
async fn warm(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(
        "create extension if not exists pg_prewarm; \
         select pg_prewarm(relation) from ( \
             select oid::regclass as relation from pg_class \
             where relnamespace = 'public'::regnamespace and relkind in ('r', 'i') \
             order by pg_relation_size(oid) desc offset 0) largest_first",
    )
    .execute(connection)
    .await?;
    Ok(())
}
