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
    /// A database cannot be used.
    #[error("the database cannot be reached or refused: {0}")]
    Database(String),
    /// The server on which scratch databases are made cannot be used.
    #[error("the scratch server cannot be reached, or refused: {0}")]
    Scratch(String),
    /// The database in use that is looked at cannot be.
    #[error("the database to compare with cannot be reached, or refused: {0}")]
    Live(String),
    /// The role sees nothing of `public`.
    #[error(
        "the role {0} may not look into the schema public, so that nothing can be compared: \
         `grant usage on schema public` to it"
    )]
    Blind(String),
    /// It was looked at again and again, and was another one each time.
    #[error("the database is being changed while it is looked at: try again later ({0})")]
    Changing(String),
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
    /// What is no rename.
    #[error("{0}")]
    Malformed(String),
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

impl SchemaError {
    /// Says of an error about a database that it is the scratch server.
    pub(super) fn of_scratch(error: sqlx::Error) -> Self {
        Self::Scratch(Redacted::from(error).to_string())
    }

    /// Says of an error about a database that it is the one in use.
    pub(super) fn of_live(self) -> Self {
        if let Self::Database(message) = self {
            return Self::Live(message);
        }
        self
    }
}

impl From<sqlx::Error> for SchemaError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Redacted::from(error).to_string())
    }
}
