//! Rows of `posts` of which some columns were read.

use byline_domain::error::RepositoryError;
use byline_domain::ids::{PostId, UserId};
use byline_domain::lifecycle::Etag;
use byline_domain::post::{Content, PostField, PostView, Title};
use byline_domain::selection::Fields;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::row::{Values, corrupt, version};
use crate::table::Table;

/// The post of a row that begins with the columns of these fields, as
/// [`columns`](super::columns::columns) names them.
pub(crate) fn view<'r>(
    row: impl Into<Values<'r>>,
    fields: &Fields<PostField>,
) -> Result<PostView, RepositoryError> {
    next_view(&mut row.into(), fields)
}

/// As [`view`]; what the row holds beside is read next.
pub(super) fn next_view(
    values: &mut Values<'_>,
    fields: &Fields<PostField>,
) -> Result<PostView, RepositoryError> {
    let id: Uuid = values.next()?;
    let bad = |column| move |_| corrupt(PostField::TABLE, column, id);
    let mut view = PostView::bare(PostId::from_uuid(id));
    if fields.has(PostField::Title) {
        let title: String = values.next()?;
        view.title = Some(Title::parse(title).map_err(bad("title"))?);
    }
    if fields.has(PostField::Content) {
        let content: Option<String> = values.next()?;
        let content = content.map(Content::parse).transpose();
        view.content = Some(content.map_err(bad("content"))?);
    }
    if fields.has(PostField::AuthorId) {
        view.author_id = Some(UserId::from_uuid(values.next()?));
    }
    if fields.has(PostField::UpdatedAt) {
        view.updated_at = Some(values.next()?);
    }
    if fields.has(PostField::DeletedAt) {
        view.deleted_at = Some(values.next()?);
    }
    if fields.has(PostField::PurgeAt) {
        view.purge_at = Some(values.next()?);
    }
    if fields.has(PostField::Published) || fields.has(PostField::PublishedAt) {
        let published_at: Option<DateTime<Utc>> = values.next()?;
        view.published = fields
            .has(PostField::Published)
            .then_some(published_at.is_some());
        view.published_at = fields.has(PostField::PublishedAt).then_some(published_at);
    }
    if fields.has(PostField::CreatedAt) || fields.has_etag() {
        let created_at = values.next()?;
        view.created_at = fields.has(PostField::CreatedAt).then_some(created_at);
        if fields.has_etag() {
            let version = version(PostField::TABLE, id, values.next()?)?;
            view.etag = Some(Etag::new(version, created_at));
        }
    }
    Ok(view)
}
