//! Why schemas cannot be compared, or nothing can be generated.

use crate::embedded::EmbeddedError;
use crate::error::Redacted;
use crate::migrate::MigrateError;
use crate::migrate::write::WriteError;

/// Why schemas cannot be compared, or nothing can be generated.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// There is nothing that says what is wanted.
    #[error("there is no schema.sql beside the migrations, which says what schema is wanted")]
    NoSchema,
    /// The scratch databases, or the one that is looked at, cannot be used.
    #[error("the database cannot be reached or refused: {0}")]
    Database(String),
    /// There is no private server.
    #[error(transparent)]
    Server(#[from] EmbeddedError),
    /// A statement of `schema.sql` fails.
    #[error("schema.sql:{line}: {message}")]
    Schema {
        /// The line on which the statement, or what is wrong in it, begins.
        line: usize,
        /// What PostgreSQL says.
        message: String,
    },
    /// The migrations cannot be applied one after the other to an empty database.
    #[error(transparent)]
    Migrations(#[from] MigrateError),
    /// What is to be renamed is not there, or there is nothing of the new name.
    #[error("{0}")]
    Rename(String),
    /// What has to be done by hand; everything that is in the way.
    #[error("no migration is generated, since these have to be made by hand:\n  {}", .0.join("\n  "))]
    Inexpressible(Vec<String>),
    /// The name is none that a file can have.
    #[error(transparent)]
    Name(#[from] WriteError),
}

impl From<sqlx::Error> for SchemaError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Redacted::from(error).to_string())
    }
}
