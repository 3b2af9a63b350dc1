//! A database that holds a world, made once and kept for the next time.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use byline_persistence::PgConnectOptions;
use byline_persistence::embedded::{EmbeddedOptions, EmbeddedPostgres};
use byline_persistence::migrate::{self, MigrateError};
use sqlx::{ConnectOptions, PgConnection};

use crate::fill::{FillOptions, fill, vacuum};
use crate::world::{GENERATION, World};
use crate::{Failure, machine};

const DATABASE: &str = "byline";

/// A quarter of the memory is usual for a server that has the machine to itself; here there are
/// two, or programs beside it.
pub(crate) fn shared_buffers() -> (&'static str, String) {
    let megabytes = machine::memory().map_or(1_024, |bytes| bytes / 8 / (1024 * 1024));
    ("shared_buffers", format!("{megabytes}MB"))
}

/// A running database that holds a world. It ends when it is dropped.
pub(crate) struct Filled {
    postgres: Arc<EmbeddedPostgres>,
    /// What filling the database took, in a sentence.
    pub(crate) took: String,
}

impl Filled {
    /// Starts the database, and fills it unless it holds that world already.
    pub(crate) async fn start(
        data_dir: PathBuf,
        world: &Arc<World>,
        settings: Vec<(&'static str, String)>,
    ) -> Result<Self, Failure> {
        let embedded = EmbeddedOptions {
            data_dir: data_dir.clone(),
            bindir: None,
            fetch: true,
            settings,
            notice: |line| eprintln!("{line}"),
        };
        let postgres =
            tokio::task::spawn_blocking(move || EmbeddedPostgres::start(&embedded)).await??;
        let postgres = Arc::new(postgres);
        let took = ensure_filled(&postgres, &data_dir, world).await?;
        Ok(Self { postgres, took })
    }

    /// For sqlx and for `psql`.
    pub(crate) fn url(&self) -> String {
        self.postgres.url(DATABASE)
    }

    pub(crate) fn version(&self) -> &str {
        self.postgres.version()
    }

    pub(crate) fn connect_options(&self) -> PgConnectOptions {
        self.postgres.connect_options(DATABASE)
    }

    pub(crate) async fn connect(&self) -> Result<PgConnection, Failure> {
        Ok(self.connect_options().connect().await?)
    }

    /// Reads tables and indexes into PostgreSQL's memory, as they are in that of a server which
    /// has run for a while.
    pub(crate) async fn warm(&self) -> Result<(), Failure> {
        Ok(warm(&mut self.connect().await?).await?)
    }

    pub(crate) async fn stop(self) -> Result<(), Failure> {
        tokio::task::spawn_blocking(move || drop(self.postgres)).await?;
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

/// The largest first, since where not all fit the last ones stay.
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
