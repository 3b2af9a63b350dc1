//! A row of `posts`, and the post that it holds.

use byline_domain::error::RepositoryError;
use byline_domain::ids::{PostId, UserId};
use byline_domain::lifecycle::Lifecycle;
use byline_domain::post::{Content, Post, Title};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::row::{corrupt, version};

const TABLE: &str = "posts";

pub(super) struct PostRow {
    pub(super) id: Uuid,
    pub(super) title: String,
    pub(super) content: Option<String>,
    pub(super) published_at: Option<DateTime<Utc>>,
    pub(super) author_id: Uuid,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: Option<DateTime<Utc>>,
    pub(super) deleted_at: Option<DateTime<Utc>>,
    pub(super) purge_at: Option<DateTime<Utc>>,
    pub(super) version: i64,
}

impl TryFrom<PostRow> for Post {
    type Error = RepositoryError;

    fn try_from(row: PostRow) -> Result<Self, RepositoryError> {
        let bad = |column| move |_| corrupt(TABLE, column, row.id);
        Ok(Self {
            id: PostId::from_uuid(row.id),
            title: Title::parse(row.title).map_err(bad("title"))?,
            content: row
                .content
                .map(Content::parse)
                .transpose()
                .map_err(bad("content"))?,
            published_at: row.published_at,
            author_id: UserId::from_uuid(row.author_id),
            lifecycle: Lifecycle::from_stored(
                row.created_at,
                row.updated_at,
                row.deleted_at,
                row.purge_at,
                version(TABLE, row.id, row.version)?,
            ),
        })
    }
}
