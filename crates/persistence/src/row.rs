//! What rows of all tables have in common.

use byline_domain::error::{Corrupt, RepositoryError};
use byline_domain::lifecycle::Version;
use chrono::{DateTime, Utc};
use sqlx::postgres::{PgRow, Postgres};
use sqlx::{Decode, QueryBuilder, Row, Type, ValueRef};
use uuid::Uuid;

use crate::error::translate;
use crate::pool::Database;

/// A column holds what its type refuses: somebody else wrote it.
pub(crate) fn corrupt(table: &'static str, column: &'static str, id: Uuid) -> Corrupt {
    Corrupt { table, column, id }
}

pub(crate) fn version(table: &'static str, id: Uuid, stored: i64) -> Result<Version, Corrupt> {
    Version::from_stored(stored).ok_or_else(|| corrupt(table, "version", id))
}

/// The value of a column that was read.
pub(crate) fn get<'r, T>(row: &'r PgRow, column: &str) -> Result<T, RepositoryError>
where
    T: Decode<'r, Postgres> + Type<Postgres>,
{
    row.try_get(column).map_err(translate)
}

/// From when on PostgreSQL counts in its binary format: 2000-01-01, in microseconds of Unix.
pub(crate) const EPOCH: i64 = 946_684_800_000_000;

/// The values of a row that came in the binary format, in the order of its columns. To look
/// each up by its name, and to compare its type, takes longer than to read it.
pub(crate) struct Values<'r>(Source<'r>);

enum Source<'r> {
    Row { row: &'r PgRow, next: usize },
    Copied(&'r [u8]),
}

impl<'r> From<&'r PgRow> for Values<'r> {
    fn from(row: &'r PgRow) -> Self {
        Self(Source::Row { row, next: 0 })
    }
}

impl<'r> Values<'r> {
    /// The values of a row of a COPY: each has its length in front, which is negative where
    /// the value is null.
    pub(crate) fn copied(row: &'r [u8]) -> Self {
        Self(Source::Copied(row))
    }

    /// The value of the next column.
    pub(crate) fn next<T: Value<'r>>(&mut self) -> Result<T, RepositoryError> {
        let bytes = match &mut self.0 {
            Source::Row { row, next } => {
                let value = row.try_get_raw(*next).map_err(translate)?;
                *next += 1;
                if value.is_null() {
                    None
                } else {
                    Some(value.as_bytes().map_err(RepositoryError::Internal)?)
                }
            }
            Source::Copied(rest) => take_copied(rest)?,
        };
        T::read(bytes).ok_or_else(unreadable)
    }
}

fn take_copied<'r>(rest: &mut &'r [u8]) -> Result<Option<&'r [u8]>, RepositoryError> {
    let (length, after) = rest.split_first_chunk().ok_or_else(unreadable)?;
    let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
        *rest = after;
        return Ok(None);
    };
    let (bytes, after) = after.split_at_checked(length).ok_or_else(unreadable)?;
    *rest = after;
    Ok(Some(bytes))
}

/// A row that is not of the columns that were asked for is a defect.
pub(crate) fn unreadable() -> RepositoryError {
    RepositoryError::Internal("a row cannot be read".into())
}

/// A type of value, read from the binary format.
pub(crate) trait Value<'r>: Sized {
    /// The value of those bytes, if it is one; without bytes it is null.
    fn read(bytes: Option<&'r [u8]>) -> Option<Self>;
}

impl<'r, T: Value<'r>> Value<'r> for Option<T> {
    fn read(bytes: Option<&'r [u8]>) -> Option<Self> {
        match bytes {
            None => Some(None),
            Some(_) => T::read(bytes).map(Some),
        }
    }
}

impl Value<'_> for Uuid {
    fn read(bytes: Option<&[u8]>) -> Option<Self> {
        Some(Self::from_bytes(bytes?.try_into().ok()?))
    }
}

impl<'r> Value<'r> for &'r str {
    fn read(bytes: Option<&'r [u8]>) -> Option<Self> {
        str::from_utf8(bytes?).ok()
    }
}

impl Value<'_> for String {
    fn read(bytes: Option<&[u8]>) -> Option<Self> {
        Some(<&str>::read(bytes)?.to_owned())
    }
}

impl Value<'_> for bool {
    fn read(bytes: Option<&[u8]>) -> Option<Self> {
        match bytes? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }
}

impl Value<'_> for i64 {
    fn read(bytes: Option<&[u8]>) -> Option<Self> {
        Some(Self::from_be_bytes(bytes?.try_into().ok()?))
    }
}

impl Value<'_> for DateTime<Utc> {
    fn read(bytes: Option<&[u8]>) -> Option<Self> {
        Self::from_timestamp_micros(i64::read(bytes)?.checked_add(EPOCH)?)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copied_row_is_read_value_by_value() {
        let mut row = Vec::new();
        row.extend_from_slice(&3_i32.to_be_bytes());
        row.extend_from_slice("né".as_bytes());
        row.extend_from_slice(&(-1_i32).to_be_bytes());
        row.extend_from_slice(&[0, 0, 0, 1, 1]);
        row.extend_from_slice(&[0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1]);
        let mut values = Values::copied(&row);
        assert_eq!(values.next::<String>().unwrap(), "né");
        assert_eq!(values.next::<Option<String>>().unwrap(), None);
        assert!(values.next::<bool>().unwrap());
        let time: DateTime<Utc> = values.next().unwrap();
        assert_eq!(time.to_rfc3339(), "2000-01-01T00:00:00.000001+00:00");
        assert!(values.next::<Option<bool>>().is_err(), "there is no more");
    }

    #[test]
    fn what_is_no_value_of_its_type_is_not_read() {
        assert_eq!(String::read(Some(b"\xff")), None);
        assert_eq!(Uuid::read(Some(&[0; 15])), None);
        assert_eq!(i64::read(Some(&[0; 9])), None);
        assert_eq!(bool::read(Some(&[2])), None);
        assert_eq!(bool::read(None), None);
        // The infinities.
        for end in [i64::MIN, i64::MAX] {
            assert_eq!(DateTime::read(Some(&end.to_be_bytes())), None);
        }
        let mut cut = Values::copied(&[0, 0, 0, 9, 1]);
        assert!(cut.next::<bool>().is_err());
    }
}
