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
    let mut values = row.into();
    let beginning = Beginning::next(&mut values, fields)?;
    next_view(&beginning, &mut values, fields)
}

/// What a row begins with: its id, and its texts as they are stored, as far as they were read.
pub(super) struct Beginning<'r> {
    id: Uuid,
    pub(super) title: &'r str,
    pub(super) content: Option<&'r str>,
}

impl<'r> Beginning<'r> {
    /// Of a row of the columns of these fields.
    pub(super) fn next(
        values: &mut Values<'r>,
        read: &Fields<PostField>,
    ) -> Result<Self, RepositoryError> {
        let mut beginning = Self {
            id: values.next()?,
            title: "",
            content: None,
        };
        if read.has(PostField::Title) {
            beginning.title = values.next()?;
        }
        if read.has(PostField::Content) {
            beginning.content = values.next()?;
        }
        Ok(beginning)
    }
}

/// The post of a row that begins so. It holds these fields, whichever texts were read: those
/// that nobody asked for may break their rules. What the row holds beside is read next.
pub(super) fn next_view(
    beginning: &Beginning<'_>,
    values: &mut Values<'_>,
    fields: &Fields<PostField>,
) -> Result<PostView, RepositoryError> {
    let id = beginning.id;
    let bad = |column| move |_| corrupt(PostField::TABLE, column, id);
    let mut view = PostView::bare(PostId::from_uuid(id));
    if fields.has(PostField::Title) {
        view.title = Some(Title::parse(beginning.title).map_err(bad("title"))?);
    }
    if fields.has(PostField::Content) {
        let content = beginning.content.map(Content::parse).transpose();
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
