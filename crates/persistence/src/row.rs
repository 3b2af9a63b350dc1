//! What rows of all tables have in common.

use byline_domain::error::RepositoryError;
use byline_domain::lifecycle::Version;
use sqlx::postgres::{PgRow, Postgres};
use sqlx::{Decode, QueryBuilder, Row, Type};
use uuid::Uuid;

use crate::error::translate;
use crate::pool::Database;

/// A column holds what its type refuses: somebody else wrote it.
pub(crate) fn corrupt(table: &'static str, column: &'static str, id: Uuid) -> RepositoryError {
    RepositoryError::Corrupt { table, column, id }
}

pub(crate) fn version(
    table: &'static str,
    id: Uuid,
    stored: i64,
) -> Result<Version, RepositoryError> {
    Version::from_stored(stored).ok_or_else(|| corrupt(table, "version", id))
}

/// The value of a column that was read.
pub(crate) fn get<'r, T>(row: &'r PgRow, column: &str) -> Result<T, RepositoryError>
where
    T: Decode<'r, Postgres> + Type<Postgres>,
{
    row.try_get(column).map_err(translate)
}

impl Database {
    /// The rows of one statement. It stays prepared if it is `common`: one of few.
    pub(crate) async fn rows(
        &self,
        mut query: QueryBuilder<Postgres>,
        common: bool,
    ) -> Result<Vec<PgRow>, RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let rows = query
            .build()
            .persistent(common)
            .fetch_all(&mut *statement)
            .await;
        statement.finish(rows)
    }
}
