//! Migrations: which there are, which a database has, and how it gets from one to the other.

mod error;
mod ledger;
pub mod lint;
mod plan;
mod run;
pub mod script;
pub mod source;
pub(crate) mod state;
pub mod write;

use std::sync::OnceLock;

use sqlx::postgres::PgConnectOptions;

pub use self::error::MigrateError;
pub use self::ledger::Entry;
pub use self::plan::{Down, Stamp};
pub use self::run::{Done, RunOptions, Runner};
pub use self::source::{Migration, Migrations, SourceError};
pub use self::state::{CONTRACT, Line, SchemaState, Standing};

/// The migrations that this program was built with.
pub fn embedded() -> &'static Migrations {
    static EMBEDDED: OnceLock<Migrations> = OnceLock::new();
    EMBEDDED.get_or_init(Migrations::embedded)
}

/// Applies all migrations of this program that the database does not have. Returns their
/// versions. Each is applied whole or not at all. A database that knows no letters gets none.
pub async fn up(server: &PgConnectOptions) -> Result<Vec<i64>, MigrateError> {
    let mut versions = Vec::new();
    Runner::new(server, embedded(), RunOptions::default())
        .up(None, |done| versions.push(done.migration.version))
        .await?;
    Ok(versions)
}
