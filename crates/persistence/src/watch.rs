//! Notices that a server has gone while it was to send something. A host that vanishes says
//! nothing, and no more does a server that sorts a million rows: so it is asked, over another
//! connection, whether it is still about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use byline_domain::error::RepositoryError;
use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::error::translate;

/// A transaction, as its server knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backend {
    /// The process that it is run by.
    pub(crate) pid: i32,
    /// When it began.
    pub(crate) since: DateTime<Utc>,
}

/// How often a transaction was heard of.
#[derive(Debug, Default)]
pub(crate) struct Heard(AtomicU64);

impl Heard {
    /// Notes that something came.
    pub(crate) fn note(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn times(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Watches over one transaction.
pub(crate) struct Watch {
    pub(crate) server: Arc<PgConnectOptions>,
    pub(crate) backend: Backend,
    /// After how long of silence the server is asked.
    pub(crate) idle: Duration,
    /// How long it may take to answer.
    pub(crate) patience: Duration,
}

impl Watch {
    /// Into how many looks the silence is divided.
    const LOOKS: u32 = 4;

    /// Returns once the server has said nothing for a while and cannot be reached, or knows
    /// nothing of the transaction any more. Otherwise never.
    pub(crate) async fn lost(&self, heard: &Heard) -> RepositoryError {
        let mut before = heard.times();
        let mut quiet = 0;
        loop {
            tokio::time::sleep(self.idle / Self::LOOKS).await;
            let now = heard.times();
            quiet = if now == before { quiet + 1 } else { 0 };
            before = now;
            if quiet < Self::LOOKS {
                continue;
            }
            quiet = 0;
            let answer = tokio::time::timeout(self.patience, self.ask()).await;
            if heard.times() != before {
                continue;
            }
            let why = match answer {
                Ok(Ok(true)) => continue,
                Ok(Ok(false)) => "the server does not know the transaction any more".into(),
                Ok(Err(error)) if is_full(&error) => continue,
                Ok(Err(error)) => translate(error).into(),
                Err(_) => "the server says nothing any more".into(),
            };
            return RepositoryError::ConnectionLost(why);
        }
    }

    /// Whether the server runs the transaction. One that tracks no activities does not say
    /// when it began, but for what process.
    async fn ask(&self) -> Result<bool, sqlx::Error> {
        let mut connection = self.server.connect().await?;
        let runs = sqlx::query_scalar!(
            r#"select exists (
                select from pg_stat_activity
                where pid = $1 and coalesce(xact_start = $2, true)
            ) as "runs!""#,
            self.backend.pid,
            self.backend.since,
        )
        .fetch_one(&mut connection)
        .await?;
        // Whatever becomes of it now, it has answered.
        let _ = connection.close().await;
        Ok(runs)
    }
}

/// Whether it takes no more connections, which it has to be there for.
fn is_full(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.as_deref() == Some("53300")
}
