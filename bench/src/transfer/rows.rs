//! Rows that are made before anything is measured, in the bytes of COPY and in those of messages.

use byline_domain::lifecycle::Lifecycle;
use byline_domain::post::{Content, Post};
use byline_domain::user::{User, UserName};
use byline_grpc::pb;
use chrono::{DateTime, Utc};
use prost::Message;
use prost::bytes::Bytes;
use prost_types::Timestamp;
use uuid::Uuid;

use crate::copy::{CopyBuffer, CopyRow};

/// Rows in a message, which is a good measure.
const ROWS: u64 = 1_000;

/// Rows of one table.
pub(super) struct Rows {
    pub(super) count: u64,
    /// The statement that takes them by COPY.
    pub(super) copy: &'static str,
    /// All that is sent to COPY, in pieces.
    pub(super) chunks: Vec<Bytes>,
    /// All that is sent to an import.
    pub(super) messages: Vec<Bytes>,
}

impl Rows {
    pub(super) fn make<R: ImportRow>(count: u64, row: impl Fn(u64) -> R) -> Self {
        let (mut chunks, mut messages) = (Vec::new(), Vec::new());
        let mut buffer = CopyBuffer::new(0);
        let mut first = 0;
        while first < count {
            let last = count.min(first + ROWS);
            let rows: Vec<_> = (first..last).map(&row).collect();
            for row in &rows {
                row.encode(&mut buffer);
            }
            chunks.push(Bytes::copy_from_slice(buffer.bytes()));
            buffer.clear();
            messages.push(R::message(&rows));
            first = last;
        }
        buffer.end();
        chunks.push(Bytes::copy_from_slice(buffer.bytes()));
        Self {
            count,
            copy: R::COPY,
            chunks,
            messages,
        }
    }
}

/// The first message of an import, of users or of posts, which has its settings and no row.
pub(super) fn settings(id: Uuid) -> Bytes {
    let message = pb::ImportUsersRequest {
        settings: Some(pb::ImportSettings {
            request_id: id.to_string(),
            ..pb::ImportSettings::default()
        }),
        users: Vec::new(),
    };
    message.encode_to_vec().into()
}

/// A row of an import.
pub(super) trait ImportRow: CopyRow + Sized {
    /// A message of such rows, in its bytes.
    fn message(rows: &[Self]) -> Bytes;
}

impl ImportRow for User {
    fn message(rows: &[Self]) -> Bytes {
        let users = rows.iter().map(|user| pb::User {
            id: user.id.to_string(),
            email: user.email.as_str().to_owned(),
            name: user.name.as_ref().map(UserName::as_str).map(str::to_owned),
            role: user.role.as_str().to_owned(),
            is_active: Some(user.is_active),
            created_at: timestamp(Some(user.lifecycle.created_at())),
            updated_at: timestamp(user.lifecycle.updated_at()),
            deleted_at: timestamp(user.lifecycle.deleted_at()),
            purge_at: timestamp(user.lifecycle.purge_at()),
            ..pb::User::default()
        });
        let message = pb::ImportUsersRequest {
            settings: None,
            users: users.collect(),
        };
        message.encode_to_vec().into()
    }
}

impl ImportRow for Post {
    fn message(rows: &[Self]) -> Bytes {
        let posts = rows.iter().map(|post| {
            let life: &Lifecycle = &post.lifecycle;
            pb::Post {
                id: post.id.to_string(),
                title: post.title.as_str().to_owned(),
                content: post
                    .content
                    .as_ref()
                    .map(Content::as_str)
                    .map(str::to_owned),
                published: Some(post.published_at.is_some()),
                published_at: timestamp(post.published_at),
                author_id: post.author_id.to_string(),
                created_at: timestamp(Some(life.created_at())),
                updated_at: timestamp(life.updated_at()),
                deleted_at: timestamp(life.deleted_at()),
                purge_at: timestamp(life.purge_at()),
                ..pb::Post::default()
            }
        });
        let message = pb::ImportPostsRequest {
            settings: None,
            posts: posts.collect(),
        };
        message.encode_to_vec().into()
    }
}

fn timestamp(time: Option<DateTime<Utc>>) -> Option<Timestamp> {
    time.map(|time| std::time::SystemTime::from(time).into())
}
