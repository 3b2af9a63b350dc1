//! Why a database could not be migrated.

use std::time::Duration;

use super::source::SourceError;
use crate::error::Redacted;

/// Why migrations could not be read or applied.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database could not be asked.
    #[error("the database cannot be reached or refused: {0}")]
    Database(String),
    /// A statement failed. What was not a transaction may be done by half; otherwise it was
    /// rolled back. The migrations before it are kept.
    #[error("{file}:{line}: {message}{}", if *.half_way { HALF_WAY } else { ROLLED_BACK })]
    Failed {
        /// The name of the file.
        file: String,
        /// The line on which the statement, or what is wrong in it, begins.
        line: usize,
        /// What PostgreSQL says.
        message: String,
        /// Whether statements before it stay.
        half_way: bool,
    },
    /// A lock was not to be had, however often it was tried.
    #[error(
        "{file}:{line}: gave up after {patience:?}, since others keep holding what the statement \
         has to lock{}: {}", held_by(.holders),
        if *.half_way { HALF_WAY_LOCKED } else { "nothing of the migration is kept" }
    )]
    Busy {
        /// The name of the file.
        file: String,
        /// The line on which the statement begins.
        line: usize,
        /// How long it was tried.
        patience: Duration,
        /// Who was last seen to hold the lock.
        holders: Vec<String>,
        /// Whether statements before it stay.
        half_way: bool,
    },
    /// The connection was lost while a migration was committed, or the ledger told of it.
    #[error(
        "{file}: the connection was lost when the migration was done ({message}): `byline migrate \
         current` tells whether it was kept"
    )]
    Lost {
        /// The name of the file.
        file: String,
        /// What happened to the connection.
        message: String,
    },
    /// The right to migrate alone went away.
    #[error(
        "{0}: the lock that keeps other processes from migrating is gone: a migration may not give \
         it up, and the connection must be a session of its own, not one of a pool of transactions"
    )]
    LockLost(String),
    /// A script ended the transaction that it is in, and what came before is kept.
    #[error("{0}: ends its own transaction, so that it may be done by half; it is not recorded")]
    Ended(String),
    /// What cannot be run as it is written.
    #[error("{file}:{line}: {message}")]
    Unfit {
        /// The name of the file.
        file: String,
        /// Where.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// In this database one address could be taken twice, and filters would find other
    /// rows than they say.
    #[error(
        "the database is not in UTF-8, or its locale knows no letters beyond ASCII: make one with \
         `create database NAME template template0 encoding 'UTF8' locale 'C.UTF-8'`"
    )]
    Letterless,
    /// The role of the connection is one that the service runs as, or another one without rights.
    #[error(
        "the role {0} may not change the schema, nor the record of migrations: run `byline migrate up` \
         as the owner of the tables, and the service without --migrate"
    )]
    Forbidden(String),
    /// Another process is migrating.
    #[error("another process has been migrating this database for over {patience:?}{}", held_by(.holders))]
    Locked {
        /// How long was waited.
        patience: Duration,
        /// Who it is.
        holders: Vec<String>,
    },
    /// The files cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// There is no migration of that number.
    #[error("there is no migration {0:04}: see `byline migrate history`")]
    NoSuchVersion(i64),
    /// The database does not have the migration to go down to.
    #[error("migration {0:04} is not applied: see `byline migrate current`")]
    NotApplied(i64),
    /// More are to be taken back than there are.
    #[error(
        "only {applied} of {asked} can be taken back, since no more are applied: `byline migrate \
         down base` takes back all"
    )]
    TooFew {
        /// How many are applied.
        applied: usize,
        /// How many were to be taken back.
        asked: usize,
    },
    /// The database has a migration that is not among these.
    #[error(
        "the database has {version:04} {name}, which is not among these migrations: use those, or \
         the program, that it was migrated by"
    )]
    Unknown {
        /// Its number.
        version: i64,
        /// Its name.
        name: String,
    },
    /// These files were changed after they were applied.
    #[error("changed after being applied: {}; see `byline migrate verify`", .0.join(", "))]
    Changed(Vec<String>),
    /// A missing migration is older than the newest one that is applied.
    #[error(
        "{late} is missing, but {newest:04} after it is applied: give it a number after all \
         others, or apply it all the same with --out-of-order"
    )]
    OutOfOrder {
        /// The one that is missing.
        late: String,
        /// The newest.
        newest: i64,
    },
    /// It was being taken back, and its way up is not made to be gone from there.
    #[error(
        "{0} was being taken back, and stopped half way: `byline migrate down` goes on with it"
    )]
    HalfBack(String),
    /// The ledger is not where its name leads to.
    #[error(
        "the record of migrations, _sqlx_migrations, is in {}, where the search path of this \
         connection does not lead; if this is to be another one, `byline migrate stamp base` begins it",
        .0.join(", ")
    )]
    Elsewhere(Vec<String>),
    /// Nobody wrote how to take it back.
    #[error("{0} has no down file, so that it cannot be taken back")]
    NoWayBack(String),
}

const ROLLED_BACK: &str = "; nothing of the migration is kept";
const HALF_WAY: &str =
    "; the statements before it are kept, and the next run begins with the first of them again";
const HALF_WAY_LOCKED: &str =
    "the statements before it are kept, and the next run begins with the first of them again";

fn held_by(holders: &[String]) -> String {
    if holders.is_empty() {
        return String::new();
    }
    format!(" ({})", holders.join("; "))
}

impl From<sqlx::Error> for MigrateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Redacted::from(error).to_string())
    }
}
