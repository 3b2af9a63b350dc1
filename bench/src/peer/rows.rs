//! Rows, and what they are on the wire.

use byline_grpc::pb;
use chrono::{DateTime, Utc};
use prost_types::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

/// The columns of a [`UserRow`].
macro_rules! user_columns {
    () => {
        "id, email, name, role, is_active, created_at, updated_at, deleted_at, purge_at, version"
    };
}

/// The columns of a [`PostRow`].
macro_rules! post_columns {
    () => {
        "id, title, content, published_at, author_id, created_at, updated_at, deleted_at, \
         purge_at, version"
    };
}

/// The columns of a [`PostRow`] that is read without its content.
macro_rules! post_columns_without_content {
    () => {
        "id, title, null as content, published_at, author_id, created_at, updated_at, \
         deleted_at, purge_at, version"
    };
}

pub(super) use {post_columns, post_columns_without_content, user_columns};

#[derive(FromRow)]
pub(super) struct UserRow {
    pub(super) id: Uuid,
    email: String,
    name: Option<String>,
    role: String,
    is_active: bool,
    created_at: DateTime<Utc>,
    updated_at: Option<DateTime<Utc>>,
    deleted_at: Option<DateTime<Utc>>,
    purge_at: Option<DateTime<Utc>>,
    version: i64,
}

impl From<UserRow> for pb::User {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id.to_string(),
            email: row.email,
            name: row.name,
            role: row.role,
            is_active: Some(row.is_active),
            created_at: Some(timestamp(row.created_at)),
            updated_at: row.updated_at.map(timestamp),
            deleted_at: row.deleted_at.map(timestamp),
            purge_at: row.purge_at.map(timestamp),
            etag: etag(row.version, row.created_at),
            post_count: None,
            posts: Vec::new(),
        }
    }
}

#[derive(FromRow)]
pub(super) struct PostRow {
    pub(super) id: Uuid,
    title: String,
    content: Option<String>,
    published_at: Option<DateTime<Utc>>,
    author_id: Uuid,
    created_at: DateTime<Utc>,
    updated_at: Option<DateTime<Utc>>,
    deleted_at: Option<DateTime<Utc>>,
    purge_at: Option<DateTime<Utc>>,
    version: i64,
}

impl From<PostRow> for pb::Post {
    fn from(row: PostRow) -> Self {
        Self {
            id: row.id.to_string(),
            title: row.title,
            content: row.content,
            published: Some(row.published_at.is_some()),
            published_at: row.published_at.map(timestamp),
            author_id: row.author_id.to_string(),
            created_at: Some(timestamp(row.created_at)),
            updated_at: row.updated_at.map(timestamp),
            deleted_at: row.deleted_at.map(timestamp),
            purge_at: row.purge_at.map(timestamp),
            etag: etag(row.version, row.created_at),
            author: None,
        }
    }
}

/// A post that was searched for.
#[derive(FromRow)]
pub(super) struct FoundRow {
    #[sqlx(flatten)]
    post: PostRow,
    rank: f32,
    snippet: String,
}

impl From<FoundRow> for pb::FoundPost {
    fn from(row: FoundRow) -> Self {
        Self {
            post: Some(row.post.into()),
            snippet: row.snippet,
            rank: row.rank,
        }
    }
}

fn timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: time.timestamp(),
        // Below a thousand million.
        nanos: time.timestamp_subsec_nanos().cast_signed(),
    }
}

/// A time that somebody sent, if it is one.
pub(super) fn time(timestamp: Option<Timestamp>) -> Option<DateTime<Utc>> {
    let timestamp = timestamp?;
    DateTime::from_timestamp(timestamp.seconds, timestamp.nanos.cast_unsigned())
}

fn etag(version: i64, created_at: DateTime<Utc>) -> String {
    format!("{version}-{:x}", created_at.timestamp_micros())
}
