//! The database that is measured, and servers over it.

use std::path::PathBuf;
use std::sync::Arc;

use byline_persistence::embedded::{EmbeddedOptions, EmbeddedPostgres};
use byline_persistence::migrate;
use sqlx::{ConnectOptions, PgConnection};
use tokio::process::Child;
use tonic::transport::{Channel, Endpoint};

use crate::program::serve;
use crate::{Failure, machine};

const DATABASE: &str = "byline";

/// How the database differs from what PostgreSQL does by itself, for COPY and for transfers alike.
/// What is written is as safe as it always is.
pub(super) fn settings() -> Vec<(&'static str, String)> {
    let megabytes = machine::memory().map_or(1_024, |bytes| bytes / 8 / (1024 * 1024));
    vec![
        ("shared_buffers", format!("{megabytes}MB")),
        ("max_wal_size", "8GB".to_owned()),
        // What may wait for the indexes of searches, as an import has it.
        ("gin_pending_list_limit", "1MB".to_owned()),
        // So that it comes at no other time in the one than in the other.
        ("autovacuum", "off".to_owned()),
    ]
}

/// An empty database. It ends when it is dropped.
pub(super) struct Site {
    program: PathBuf,
    postgres: Arc<EmbeddedPostgres>,
}

impl Site {
    pub(super) async fn start(data_dir: PathBuf, program: PathBuf) -> Result<Self, Failure> {
        let options = EmbeddedOptions {
            data_dir,
            bindir: None,
            fetch: true,
            settings: settings(),
            notice: |line| eprintln!("{line}"),
        };
        let postgres =
            tokio::task::spawn_blocking(move || EmbeddedPostgres::start(&options)).await??;
        let mut admin = postgres.connect_options("postgres").connect().await?;
        // Of an earlier run, perhaps of another branch.
        sqlx::raw_sql("drop database if exists byline with (force)")
            .execute(&mut admin)
            .await?;
        postgres.ensure_database(DATABASE).await?;
        migrate::up(&postgres.connect_options(DATABASE)).await?;
        Ok(Self {
            program,
            postgres: Arc::new(postgres),
        })
    }

    pub(super) fn postgres_version(&self) -> String {
        self.postgres.version().to_owned()
    }

    pub(super) async fn connect(&self) -> Result<PgConnection, Failure> {
        Ok(self.postgres.connect_options(DATABASE).connect().await?)
    }

    /// Leaves the tables as a migration makes them, and nothing to be written later on.
    pub(super) async fn empty(&self) -> Result<(), Failure> {
        let mut connection = self.connect().await?;
        let all = "truncate users, posts, credentials, request_records, audit_events, \
            audit_batches";
        // Events of the audit log are kept from everybody else.
        for sql in ["set session_replication_role = replica", all, "checkpoint"] {
            sqlx::raw_sql(sql).execute(&mut connection).await?;
        }
        Ok(())
    }

    /// A server that has done nothing yet.
    pub(super) async fn serve(&self) -> Result<Server, Failure> {
        let (child, address) = serve(&self.program, &self.postgres.url(DATABASE), &[]).await?;
        let channel = Endpoint::from_shared(format!("http://{address}"))?
            .connect()
            .await?;
        Ok(Server { child, channel })
    }

    pub(super) async fn stop(self) -> Result<(), Failure> {
        tokio::task::spawn_blocking(move || drop(self.postgres)).await?;
        Ok(())
    }
}

/// A server over the database. It ends when it is dropped.
pub(super) struct Server {
    child: Child,
    pub(super) channel: Channel,
}

impl Server {
    /// The most memory that it ever had, in MiB.
    pub(super) fn peak_memory(&self) -> Result<u64, Failure> {
        let id = self.child.id().ok_or("the server has ended")?;
        let peak = machine::value(&format!("/proc/{id}/status"), "VmHWM");
        let peak = peak.ok_or("the system does not tell what memory the server has")?;
        let kib: u64 = peak.split(' ').next().unwrap_or_default().parse()?;
        Ok(kib.div_ceil(1024))
    }

    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        Ok(self.child.kill().await?)
    }
}
