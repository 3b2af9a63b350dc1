//! Rows in the binary format of COPY: no text has to be escaped, and none to be read.

use byline_domain::error::RepositoryError;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::row::EPOCH;
use crate::unit_of_work::PgUnitOfWork;

/// Begins every stream: the signature, no flags, and no extension of the header.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Ends every stream.
const TRAILER: i16 = -1;
/// Stands for the length of an absent value.
const ABSENT: i32 = -1;

/// Rows of a table.
pub(crate) struct Rows(Vec<u8>);

impl Rows {
    pub(crate) fn new() -> Self {
        Self(HEADER.to_vec())
    }

    /// Begins a row of so many columns, whose values follow in their order.
    pub(crate) fn row(&mut self, columns: i16) {
        self.0.extend(columns.to_be_bytes());
    }

    pub(crate) fn number(&mut self, number: i64) {
        self.value(&number.to_be_bytes());
    }

    pub(crate) fn uuid(&mut self, uuid: Option<Uuid>) {
        self.optional(uuid.as_ref().map(Uuid::as_bytes));
    }

    pub(crate) fn text(&mut self, text: Option<&str>) {
        self.optional(text);
    }

    pub(crate) fn flag(&mut self, flag: Option<bool>) {
        self.optional(flag.map(|flag| [u8::from(flag)]));
    }

    pub(crate) fn time(&mut self, time: Option<DateTime<Utc>>) {
        let micros = time.map(|time| time.timestamp_micros() - EPOCH);
        self.optional(micros.map(i64::to_be_bytes));
    }

    fn optional(&mut self, value: Option<impl AsRef<[u8]>>) {
        match value {
            Some(value) => self.value(value.as_ref()),
            None => self.0.extend(ABSENT.to_be_bytes()),
        }
    }

    fn value(&mut self, value: &[u8]) {
        // No value of the domain comes near.
        let length = i32::try_from(value.len()).unwrap_or(i32::MAX);
        self.0.extend(length.to_be_bytes());
        self.0.extend(value);
    }

    /// What to send.
    fn finish(mut self) -> Vec<u8> {
        self.0.extend(TRAILER.to_be_bytes());
        self.0
    }
}

impl PgUnitOfWork<'_> {
    /// Sends rows to a COPY. If it is dropped on the way the connection is closed, as with
    /// every statement.
    pub(crate) async fn copy_in(
        &mut self,
        copy: &'static str,
        rows: Rows,
    ) -> Result<(), RepositoryError> {
        let mut statement = self.statement().await?;
        let connection = &mut *statement;
        let done = async {
            let mut copy = connection.copy_in_raw(copy).await?;
            copy.send(rows.finish()).await?;
            copy.finish().await
        }
        .await;
        statement.finish(done).map(drop)
    }
}
