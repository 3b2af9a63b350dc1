//! Rows of `users` of which some columns were read.

use byline_domain::error::RepositoryError;
use byline_domain::ids::UserId;
use byline_domain::lifecycle::Etag;
use byline_domain::selection::Fields;
use byline_domain::user::{Email, Role, UserField, UserName, UserView};
use uuid::Uuid;

use crate::row::{Values, corrupt, version};
use crate::table::Table;

/// The user of a row that begins with the columns of these fields, as
/// [`columns`](super::columns::columns) names them.
pub(crate) fn view<'r>(
    row: impl Into<Values<'r>>,
    fields: &Fields<UserField>,
) -> Result<UserView, RepositoryError> {
    let mut values = row.into();
    let id: Uuid = values.next()?;
    let bad = |column| move |_| corrupt(UserField::TABLE, column, id);
    let mut view = UserView::bare(UserId::from_uuid(id));
    if fields.has(UserField::Email) {
        let email: String = values.next()?;
        view.email = Some(Email::parse(email).map_err(bad("email"))?);
    }
    if fields.has(UserField::Name) {
        let name: Option<String> = values.next()?;
        view.name = Some(name.map(UserName::parse).transpose().map_err(bad("name"))?);
    }
    if fields.has(UserField::Role) {
        let role: String = values.next()?;
        view.role = Some(Role::parse(role).map_err(bad("role"))?);
    }
    if fields.has(UserField::IsActive) {
        view.is_active = Some(values.next()?);
    }
    if fields.has(UserField::UpdatedAt) {
        view.updated_at = Some(values.next()?);
    }
    if fields.has(UserField::DeletedAt) {
        view.deleted_at = Some(values.next()?);
    }
    if fields.has(UserField::PurgeAt) {
        view.purge_at = Some(values.next()?);
    }
    if fields.has(UserField::CreatedAt) || fields.has_etag() {
        let created_at = values.next()?;
        view.created_at = fields.has(UserField::CreatedAt).then_some(created_at);
        if fields.has_etag() {
            let version = version(UserField::TABLE, id, values.next()?)?;
            view.etag = Some(Etag::new(version, created_at));
        }
    }
    Ok(view)
}
