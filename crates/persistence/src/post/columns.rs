//! The fields of posts as columns.

use byline_domain::post::{Post, PostField};
use byline_domain::selection::Fields;

use crate::table::Table;

impl Table for PostField {
    const TABLE: &'static str = "posts";

    fn value(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Title => "title",
            Self::Content => "content",
            Self::Published => "(published_at is not null)",
            Self::PublishedAt => "published_at",
            Self::AuthorId => "author_id",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::DeletedAt => "deleted_at",
            Self::PurgeAt => "purge_at",
        }
    }

    fn sort_key(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Title => r#"title collate "C""#,
            Self::Content => r#"coalesce(left(content, 256), '') collate "C""#,
            Self::Published => "(published_at is not null)",
            Self::PublishedAt => "coalesce(published_at, '-infinity')",
            Self::AuthorId => "author_id",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "coalesce(updated_at, '-infinity')",
            Self::DeletedAt => "coalesce(deleted_at, '-infinity')",
            Self::PurgeAt => "coalesce(purge_at, '-infinity')",
        }
    }

    fn folded(self) -> Option<&'static str> {
        None
    }

    fn sort_value(self) -> &'static str {
        match self {
            Self::Content => "nullif(left(content, 256), '')",
            other @ (Self::Id
            | Self::Title
            | Self::Published
            | Self::PublishedAt
            | Self::AuthorId
            | Self::CreatedAt
            | Self::UpdatedAt
            | Self::DeletedAt
            | Self::PurgeAt) => other.value(),
        }
    }
}

const _: () = assert!(Post::SORTED_CHARS == 256, "the keys of `content` repeat it");

/// The columns that these fields are read from.
pub(crate) fn columns(fields: &Fields<PostField>) -> Vec<&'static str> {
    let mut columns = vec!["id"];
    let named = [
        PostField::Title,
        PostField::Content,
        PostField::AuthorId,
        PostField::UpdatedAt,
        PostField::DeletedAt,
        PostField::PurgeAt,
    ];
    columns.extend(
        named
            .into_iter()
            .filter(|field| fields.has(*field))
            .map(Table::value),
    );
    if fields.has(PostField::Published) || fields.has(PostField::PublishedAt) {
        columns.push("published_at");
    }
    if fields.has(PostField::CreatedAt) || fields.has_etag() {
        columns.push("created_at");
    }
    if fields.has_etag() {
        columns.push("version");
    }
    columns
}

/// What a post weighs ([`byline_domain::post::PostView::weight`]) beside `each`, in SQL
/// over the columns of these fields. PostgreSQL keeps the length of a long text beside
/// the row, so that this reads no content.
pub(super) fn weight(fields: &Fields<PostField>, each: u64) -> String {
    let mut weight = (Post::FIXED_BYTES + each).to_string();
    if fields.has(PostField::Title) {
        weight.push_str(" + octet_length(title)");
    }
    if fields.has(PostField::Content) {
        weight.push_str(" + coalesce(octet_length(content), 0)");
    }
    weight
}
