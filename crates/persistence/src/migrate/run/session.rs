//! A connection that migrations run on, and how a statement fares on it.

use std::fmt;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgDatabaseError, PgErrorPosition};
use sqlx::{ConnectOptions, Connection, Postgres, QueryBuilder};

use super::super::ledger::NAME;
use super::RunOptions;
use super::holders;
use crate::error::{Redacted, loses_connection};

/// The connection, and how to get another one.
pub(super) struct Session {
    pub(super) connection: PgConnection,
    pub(super) options: RunOptions,
    server: PgConnectOptions,
    pid: i32,
    /// Who was last seen in the way.
    pub(super) holders: Vec<String>,
}

/// Why a statement failed.
pub(super) enum Failure {
    /// Others hold what it locks, or wait for what it holds.
    Busy,
    /// The connection is gone, and nobody knows whether it was done.
    Lost(String),
    /// Whatever else.
    Refused {
        /// What PostgreSQL says.
        message: String,
        /// The character of the statement, from 1, at which it is wrong; 0 if nobody says.
        character: usize,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "others hold what it locks",
            Self::Lost(message) | Self::Refused { message, .. } => message,
        })
    }
}

impl Failure {
    /// How many lines of the statement are before what is wrong with it.
    pub(super) fn lines_before(statement: &str, character: usize) -> usize {
        let before = statement.chars().take(character.saturating_sub(1));
        before.filter(|c| *c == '\n').count()
    }
}

impl Session {
    pub(super) async fn open(
        server: &PgConnectOptions,
        options: RunOptions,
    ) -> Result<Self, sqlx::Error> {
        let mut connection = server
            .clone()
            // What a migration says may be a secret, and a migration may throw away what was prepared.
            .disable_statement_logging()
            .statement_cache_capacity(0)
            .connect()
            .await?;
        let pid = sqlx::query_scalar("select pg_backend_pid()")
            .fetch_one(&mut connection)
            .await?;
        Ok(Self {
            connection,
            options,
            server: server.clone(),
            pid,
            holders: Vec::new(),
        })
    }

    /// Begins a transaction, and says which.
    pub(super) async fn begin(&mut self) -> Result<String, sqlx::Error> {
        self.raw("begin").await?;
        self.transaction().await
    }

    /// Which transaction the connection is in.
    pub(super) async fn transaction(&mut self) -> Result<String, sqlx::Error> {
        sqlx::query_scalar("select pg_current_xact_id()::text")
            .fetch_one(&mut self.connection)
            .await
    }

    pub(super) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        self.raw("commit").await
    }

    pub(super) async fn rollback(&mut self) -> Result<(), sqlx::Error> {
        self.raw("rollback").await
    }

    async fn raw(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(sql).execute(&mut self.connection).await?;
        Ok(())
    }

    /// Whether the database holds every text, and knows É for the capital of é.
    pub(super) async fn knows_letters(&mut self) -> Result<bool, sqlx::Error> {
        let encoding: String = sqlx::query_scalar("select current_setting('server_encoding')")
            .fetch_one(&mut self.connection)
            .await?;
        // In another encoding, the question itself would fail.
        Ok(encoding == "UTF8"
            && sqlx::query_scalar("select lower('ÉЯ') = 'éя'")
                .fetch_one(&mut self.connection)
                .await?)
    }

    /// The role of the connection, if it may not write what was applied, or make where that is kept.
    pub(super) async fn without_rights(&mut self) -> Result<Option<String>, sqlx::Error> {
        sqlx::query_scalar(
            "select current_user::text where not case
                when to_regclass($1) is null then has_schema_privilege(current_schema(), 'create')
                else has_table_privilege(to_regclass($1), 'insert')
            end",
        )
        .bind(NAME)
        .fetch_optional(&mut self.connection)
        .await
    }

    /// Takes back whatever a script may have set, and bounds what comes.
    pub(super) async fn reset(&mut self) -> Result<(), sqlx::Error> {
        let mut sql = QueryBuilder::<Postgres>::new(
            // Whatever the role is set to: a migration takes as long as it takes.
            "reset session authorization; reset role; reset all;
             select set_config(name, '0', false) from pg_settings
             where name in ('statement_timeout', 'transaction_timeout', 'idle_session_timeout',
                'idle_in_transaction_session_timeout');
             set lock_timeout = ",
        );
        sql.push(self.options.lock_timeout.as_millis());
        sqlx::raw_sql(sql.into_sql())
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    /// Runs a statement as it stands, which waits for a lock as long as was set. Those that keep
    /// it waiting are noted.
    pub(super) async fn run(&mut self, text: &str) -> Result<(), Failure> {
        // Just before it gives up.
        let look = self.options.lock_timeout.mul_f64(0.7);
        self.run_and_look(text, look).await
    }

    /// The same for one that is in nobody's way while it waits, which it does as long as it takes.
    pub(super) async fn run_patiently(&mut self, text: &str) -> Result<(), Failure> {
        let before: String = sqlx::query_scalar("select current_setting('lock_timeout')")
            .fetch_one(&mut self.connection)
            .await
            .map_err(refused)?;
        self.set_lock_timeout("0").await?;
        let result = self.run_and_look(text, LOOK_AFTER).await;
        self.set_lock_timeout(&before).await?;
        result
    }

    async fn set_lock_timeout(&mut self, value: &str) -> Result<(), Failure> {
        sqlx::query("select set_config('lock_timeout', $1, false)")
            .bind(value)
            .execute(&mut self.connection)
            .await
            .map(drop)
            .map_err(refused)
    }

    async fn run_and_look(&mut self, text: &str, look: Duration) -> Result<(), Failure> {
        let statement = QueryBuilder::<Postgres>::new(text).into_sql();
        let running = sqlx::raw_sql(statement).execute(&mut self.connection);
        tokio::pin!(running);
        let result = tokio::select! {
            biased;
            result = &mut running => result,
            found = async {
                tokio::time::sleep(look).await;
                who_blocks(&self.server, self.pid).await
            } => {
                if !found.is_empty() {
                    self.holders = found;
                }
                running.await
            }
        };
        let told = if self.options.tells_values {
            told_with_values
        } else {
            told
        };
        result.map(drop).map_err(|error| refusal(error, told))
    }
}

/// A statement that may wait for long is looked at after that.
const LOOK_AFTER: Duration = Duration::from_secs(10);

/// Asked over another connection; nobody where that fails, since it is only told.
async fn who_blocks(server: &PgConnectOptions, pid: i32) -> Vec<String> {
    let Ok(mut connection) = server.connect().await else {
        return Vec::new();
    };
    let holders = holders::of_what_blocks(&mut connection, pid).await;
    drop(connection.close().await);
    holders.unwrap_or_default()
}

/// What kept the statement from being done.
pub(super) fn refused(error: sqlx::Error) -> Failure {
    refusal(error, told)
}

fn refusal(error: sqlx::Error, told: fn(&sqlx::Error) -> String) -> Failure {
    if loses_connection(&error) || matches!(error, sqlx::Error::Protocol(_)) {
        return Failure::Lost(Redacted::from(error).to_string());
    }
    let database = error.as_database_error();
    // Lock not available, or a deadlock of which it was chosen as the victim.
    if database
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| matches!(&*code, "55P03" | "40P01"))
    {
        return Failure::Busy;
    }
    let position = database
        .and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
        .and_then(PgDatabaseError::position);
    let character = match position {
        Some(PgErrorPosition::Original(place)) => place,
        Some(PgErrorPosition::Internal { .. }) | None => 0,
    };
    Failure::Refused {
        message: told(&error),
        character,
    }
}

/// What PostgreSQL says of a database that holds nobody's values.
fn told_with_values(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(database) => {
            let code = database.code().unwrap_or_default();
            format!("{code}: {}", database.message())
        }
        None => error.to_string(),
    }
}

/// What PostgreSQL says, without what it quotes where that may be a value of a row.
fn told(error: &sqlx::Error) -> String {
    let Some(database) = error.as_database_error() else {
        return error.to_string();
    };
    let code = database.code().unwrap_or_default();
    let message = database.message();
    if !code.starts_with("22") {
        return format!("{code}: {message}");
    }
    let mut parts = message.split('"');
    let mut text = parts.next().unwrap_or_default().to_owned();
    while parts.next().is_some() {
        text.push_str("\"…\"");
        text.push_str(parts.next().unwrap_or_default());
    }
    format!("{code}: {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_up_to_what_is_wrong() {
        let statement = "create index on things (\n    nothing\n)";
        assert_eq!(Failure::lines_before(statement, 30), 1);
        assert_eq!(Failure::lines_before(statement, 0), 0);
    }
}
