//! What rows of all tables have in common.

use byline_domain::error::RepositoryError;
use byline_domain::lifecycle::Version;
use uuid::Uuid;

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

/// The entities that rows hold, or the first corruption among them.
pub(crate) fn entities<R, E>(rows: Vec<R>) -> Result<Vec<E>, RepositoryError>
where
    E: TryFrom<R, Error = RepositoryError>,
{
    rows.into_iter().map(E::try_from).collect()
}
