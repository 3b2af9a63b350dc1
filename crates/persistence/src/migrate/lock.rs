//! One migrating process at a time.

use std::time::Duration;

use sqlx::postgres::PgConnection;

use super::MigrateError;

/// Names the lock among a database's advisory locks: "byline" in ASCII.
const KEY: i64 = 0x6279_6c69_6e65;

const POLL_EVERY: Duration = Duration::from_millis(100);
const GIVE_UP_AFTER: Duration = Duration::from_mins(1);

/// The right to migrate a database. The server takes it back when the connection
/// that holds it ends, however it ends.
pub(super) struct MigrationLock;

impl MigrationLock {
    /// Waits for the lock by asking again and again: waiting inside a statement
    /// would keep its snapshot open, and an index that another process builds
    /// CONCURRENTLY waits for old snapshots.
    pub(super) async fn take(connection: &mut PgConnection) -> Result<Self, MigrateError> {
        let mut waited = Duration::ZERO;
        loop {
            let taken: bool = sqlx::query_scalar("select pg_try_advisory_lock($1)")
                .bind(KEY)
                .fetch_one(&mut *connection)
                .await?;
            if taken {
                return Ok(Self);
            }
            if waited >= GIVE_UP_AFTER {
                return Err(MigrateError::Locked(GIVE_UP_AFTER.as_secs()));
            }
            tokio::time::sleep(POLL_EVERY).await;
            waited += POLL_EVERY;
        }
    }

    pub(super) async fn release(self, connection: &mut PgConnection) -> Result<(), MigrateError> {
        sqlx::query("select pg_advisory_unlock($1)")
            .bind(KEY)
            .execute(connection)
            .await?;
        Ok(())
    }
}
