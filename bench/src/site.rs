//! A database that servers are measured over.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::PgConnection;

use crate::Failure;
use crate::filled::{self, Filled};
use crate::usage::Processes;
use crate::world::World;

/// How the database differs from what PostgreSQL does by itself. What is written is as safe as it
/// always is; what PostgreSQL does at times of its own is done between measurements instead.
pub(crate) fn settings() -> Vec<(&'static str, String)> {
    let settings = [
        filled::shared_buffers(),
        ("fsync", "on".to_owned()),
        ("synchronous_commit", "on".to_owned()),
        ("full_page_writes", "on".to_owned()),
        ("max_wal_size", "8GB".to_owned()),
        ("checkpoint_timeout", "1h".to_owned()),
        ("autovacuum", "off".to_owned()),
        // As Byline has it for all but its imports, which have 1 MiB: with PostgreSQL's own 4 MiB the
        // others would import in less time, and search in more, which nobody looks at after an import here.
        ("gin_pending_list_limit", "128kB".to_owned()),
        // pgbench takes one for each call in flight.
        ("max_connections", "800".to_owned()),
    ];
    settings.into()
}

/// A database that holds a world.
pub(crate) struct Site {
    pub(crate) world: Arc<World>,
    pub(crate) database: Filled,
    /// PostgreSQL's processes.
    pub(crate) postgres: Processes,
    /// PostgreSQL's programs.
    pub(crate) bindir: PathBuf,
}

/// What every workload leaves behind is made later than this; of a world nothing is.
const LEFT_BEHIND: &str = "2026-06-01T00:00:00Z";

/// What the address of every imported user begins with.
pub(crate) const IMPORTED: &str = "import-";

impl Site {
    pub(crate) async fn start(data_dir: PathBuf, world: World) -> Result<Self, Failure> {
        let world = Arc::new(world);
        let database = Filled::start(data_dir, &world, settings()).await?;
        let mut connection = database.connect().await?;
        let backend: i32 = sqlx::query_scalar("select pg_backend_pid()")
            .fetch_one(&mut connection)
            .await?;
        let bindir: String =
            sqlx::query_scalar("select setting from pg_config where name = 'BINDIR'")
                .fetch_one(&mut connection)
                .await?;
        let site = Self {
            world,
            postgres: Processes::of_parent(u32::try_from(backend)?)?,
            bindir: Path::new(&bindir).to_owned(),
            database,
        };
        // Of a run that was ended.
        site.tidy().await?;
        site.database.warm().await?;
        Ok(site)
    }

    /// Removes what was added, so that the next measurement finds what the first one found.
    pub(crate) async fn tidy(&self) -> Result<(), Failure> {
        let mut connection = self.database.connect().await?;
        // Events of the audit log are kept from everybody else, and nothing refers to what is removed.
        run(&mut connection, "set session_replication_role = replica").await?;
        run(
            &mut connection,
            "truncate audit_events, audit_batches, request_records",
        )
        .await?;
        // By the index over the living, which all of them are.
        sqlx::query("delete from posts where created_at > $1::timestamptz and deleted_at is null")
            .bind(LEFT_BEHIND.parse::<chrono::DateTime<chrono::Utc>>()?)
            .execute(&mut connection)
            .await?;
        sqlx::query(r#"delete from users where starts_with(lower(email) collate "C", $1)"#)
            .bind(IMPORTED)
            .execute(&mut connection)
            .await?;
        run(&mut connection, "vacuum users").await?;
        run(&mut connection, "vacuum posts").await
    }

    /// Writes what PostgreSQL would write at some time later on.
    pub(crate) async fn checkpoint(&self) -> Result<(), Failure> {
        run(&mut self.database.connect().await?, "checkpoint").await
    }

    pub(crate) async fn stop(self) -> Result<(), Failure> {
        self.database.stop().await
    }
}

async fn run(connection: &mut PgConnection, sql: &'static str) -> Result<(), Failure> {
    sqlx::raw_sql(sql).execute(connection).await?;
    Ok(())
}
