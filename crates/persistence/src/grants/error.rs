//! Why a role was not given its rights.

use crate::error::Redacted;

/// Why nothing was granted.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The database could not be asked, or refused a statement.
    #[error("the database cannot be reached or refused: {0}")]
    Database(String),
    /// There is no such role. Only people make one, since it comes with a password.
    #[error(
        "there is no role {0}: make it with `create role {0} login`, and give it a password with \
         psql's `\\password {0}`"
    )]
    NoRole(String),
    /// Nothing that it is granted or not makes a difference to such a role.
    #[error("{role} {why}: grants do not bind it, so that the service needs another role")]
    Unbound {
        /// Which.
        role: String,
        /// What it is or has.
        why: &'static str,
    },
    /// There is nothing to grant.
    #[error("the database has none of Byline's tables: make them first, with `byline migrate up`")]
    NoTables,
}

impl From<sqlx::Error> for GrantError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Redacted::from(error).to_string())
    }
}
