//! Rows as PostgreSQL's COPY takes them in its binary format.

use byline_domain::post::{Content, Post};
use byline_domain::user::{User, UserName};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A row of a table that COPY fills.
pub(crate) trait CopyRow {
    /// The statement that takes such rows.
    const COPY: &'static str;

    fn encode(&self, into: &mut CopyBuffer);
}

/// What is sent to a COPY: a header, rows, and an end.
pub(crate) struct CopyBuffer(Vec<u8>);

/// 2000-01-01, in microseconds since 1970: where PostgreSQL's time begins.
const EPOCH: i64 = 946_684_800_000_000;

impl CopyBuffer {
    /// With the header in it: the signature, no flags and no extension.
    pub(crate) fn new(capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity);
        bytes.extend_from_slice(b"PGCOPY\n\xff\r\n\0");
        bytes.extend_from_slice(&[0; 8]);
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// After its bytes were sent.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Ends the COPY.
    pub(crate) fn end(&mut self) {
        self.0.extend_from_slice(&(-1_i16).to_be_bytes());
    }

    fn row(&mut self, fields: i16) {
        self.0.extend_from_slice(&fields.to_be_bytes());
    }

    fn field(&mut self, bytes: &[u8]) {
        let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.field(text.as_bytes());
    }

    fn optional_text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    fn uuid(&mut self, id: Uuid) {
        self.field(id.as_bytes());
    }

    fn time(&mut self, time: DateTime<Utc>) {
        self.number(time.timestamp_micros() - EPOCH);
    }

    fn optional_time(&mut self, time: Option<DateTime<Utc>>) {
        match time {
            Some(time) => self.time(time),
            None => self.null(),
        }
    }

    fn number(&mut self, number: i64) {
        self.field(&number.to_be_bytes());
    }

    fn null(&mut self) {
        self.0.extend_from_slice(&(-1_i32).to_be_bytes());
    }
}

impl CopyRow for User {
    const COPY: &'static str = "copy users (id, email, name, role, is_active, created_at, \
        updated_at, deleted_at, purge_at, version) from stdin with (format binary)";

    fn encode(&self, into: &mut CopyBuffer) {
        into.row(10);
        into.uuid(self.id.as_uuid());
        into.text(self.email.as_str());
        into.optional_text(self.name.as_ref().map(UserName::as_str));
        into.text(self.role.as_str());
        into.field(&[u8::from(self.is_active)]);
        into.time(self.lifecycle.created_at());
        into.optional_time(self.lifecycle.updated_at());
        into.optional_time(self.lifecycle.deleted_at());
        into.optional_time(self.lifecycle.purge_at());
        into.number(self.lifecycle.version().get());
    }
}

impl CopyRow for Post {
    const COPY: &'static str = "copy posts (id, title, content, published_at, author_id, \
        created_at, updated_at, deleted_at, purge_at, version) from stdin with (format binary)";

    fn encode(&self, into: &mut CopyBuffer) {
        into.row(10);
        into.uuid(self.id.as_uuid());
        into.text(self.title.as_str());
        into.optional_text(self.content.as_ref().map(Content::as_str));
        into.optional_time(self.published_at);
        into.uuid(self.author_id.as_uuid());
        into.time(self.lifecycle.created_at());
        into.optional_time(self.lifecycle.updated_at());
        into.optional_time(self.lifecycle.deleted_at());
        into.optional_time(self.lifecycle.purge_at());
        into.number(self.lifecycle.version().get());
    }
}
