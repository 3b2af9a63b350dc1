//! One migrating process at a time.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;

use super::super::error::MigrateError;
use super::holders;

/// Names the lock among a database's advisory locks: "byline" in ASCII.
pub(crate) const KEY: i64 = 0x6279_6c69_6e65;

const POLL_EVERY: Duration = Duration::from_millis(100);

/// The right to migrate a database. The server takes it back when the connection
/// that holds it ends, however it ends.
pub(super) struct MigrationLock;

impl MigrationLock {
    /// Waits for the lock by asking again and again: waiting inside a statement
    /// would keep its snapshot open, and an index that another process builds
    /// CONCURRENTLY waits for old snapshots.
    pub(super) async fn take(
        connection: &mut PgConnection,
        patience: Duration,
    ) -> Result<Self, MigrateError> {
        let began = Instant::now();
        let mut told = false;
        loop {
            let taken: bool = sqlx::query_scalar("select pg_try_advisory_lock($1)")
                .bind(KEY)
                .fetch_one(&mut *connection)
                .await?;
            if taken {
                return Ok(Self);
            }
            if !told {
                let holders = holders::of_advisory_lock(connection, KEY).await?;
                tracing::info!(?holders, "waiting for another process that is migrating");
                told = true;
            }
            if began.elapsed() >= patience {
                return Err(MigrateError::Locked {
                    patience,
                    holders: holders::of_advisory_lock(connection, KEY).await?,
                });
            }
            tokio::time::sleep(POLL_EVERY).await;
        }
    }

    /// Whether it is still this connection's: a migration may have given it up, and another one
    /// would not be told.
    pub(super) async fn is_held(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(
            "select exists (select from pg_locks where locktype = 'advisory' and granted
                and pid = pg_backend_pid() and objsubid = 1
                and (classid::bigint << 32) + objid::bigint = $1)",
        )
        .bind(KEY)
        .fetch_one(connection)
        .await
    }

    pub(super) async fn release(self, connection: &mut PgConnection) -> Result<(), MigrateError> {
        sqlx::query("select pg_advisory_unlock($1)")
            .bind(KEY)
            .execute(connection)
            .await?;
        Ok(())
    }
}
