//! Rows in the binary format of COPY: no text has to be escaped, and none to be read.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::row::EPOCH;

/// Begins every stream: the signature, no flags, and no extension of the header.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Ends every stream.
const TRAILER: i16 = -1;
/// Stands for the length of an absent value.
const ABSENT: i32 = -1;

/// Rows of a table.
pub(super) struct Rows(Vec<u8>);

impl Rows {
    pub(super) fn new() -> Self {
        Self(HEADER.to_vec())
    }

    /// Begins a row of so many columns, whose values follow in their order.
    pub(super) fn row(&mut self, columns: i16) {
        self.0.extend(columns.to_be_bytes());
    }

    pub(super) fn number(&mut self, number: u64) {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        self.value(&number.to_be_bytes());
    }

    pub(super) fn uuid(&mut self, uuid: Option<Uuid>) {
        self.optional(uuid.as_ref().map(Uuid::as_bytes));
    }

    pub(super) fn text(&mut self, text: Option<&str>) {
        self.optional(text);
    }

    pub(super) fn flag(&mut self, flag: Option<bool>) {
        self.optional(flag.map(|flag| [u8::from(flag)]));
    }

    pub(super) fn time(&mut self, time: Option<DateTime<Utc>>) {
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
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.0.extend(TRAILER.to_be_bytes());
        self.0
    }
}
