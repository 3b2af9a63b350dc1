//! Rows of `posts` of which some columns were read.

use byline_domain::error::RepositoryError;
use byline_domain::ids::{PostId, UserId};
use byline_domain::lifecycle::Etag;
use byline_domain::post::{Content, PostField, PostView, Title};
use byline_domain::selection::Fields;
use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::row::{corrupt, get, version};
use crate::table::Table;

/// The post of a row with the columns of these fields.
pub(super) fn view(row: &PgRow, fields: &Fields<PostField>) -> Result<PostView, RepositoryError> {
    let id: Uuid = get(row, "id")?;
    let bad = |column| move |_| corrupt(PostField::TABLE, column, id);
    let mut view = PostView::bare(PostId::from_uuid(id));
    if fields.has(PostField::Title) {
        let title: String = get(row, "title")?;
        view.title = Some(Title::parse(title).map_err(bad("title"))?);
    }
    if fields.has(PostField::Content) {
        let content: Option<String> = get(row, "content")?;
        let content = content.map(Content::parse).transpose();
        view.content = Some(content.map_err(bad("content"))?);
    }
    if fields.has(PostField::Published) || fields.has(PostField::PublishedAt) {
        let published_at: Option<DateTime<Utc>> = get(row, "published_at")?;
        view.published = fields
            .has(PostField::Published)
            .then_some(published_at.is_some());
        view.published_at = fields.has(PostField::PublishedAt).then_some(published_at);
    }
    if fields.has(PostField::AuthorId) {
        view.author_id = Some(UserId::from_uuid(get(row, "author_id")?));
    }
    if fields.has(PostField::CreatedAt) {
        view.created_at = Some(get(row, "created_at")?);
    }
    if fields.has(PostField::UpdatedAt) {
        view.updated_at = Some(get(row, "updated_at")?);
    }
    if fields.has(PostField::DeletedAt) {
        view.deleted_at = Some(get(row, "deleted_at")?);
    }
    if fields.has(PostField::PurgeAt) {
        view.purge_at = Some(get(row, "purge_at")?);
    }
    if fields.has_etag() {
        let version = version(PostField::TABLE, id, get(row, "version")?)?;
        view.etag = Some(Etag::new(version, get(row, "created_at")?));
    }
    Ok(view)
}
