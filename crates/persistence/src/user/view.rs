//! Rows of `users` of which some columns were read.

use byline_domain::error::RepositoryError;
use byline_domain::ids::UserId;
use byline_domain::lifecycle::Etag;
use byline_domain::selection::Fields;
use byline_domain::user::{Email, Role, UserField, UserName, UserView};
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::row::{corrupt, get, version};
use crate::table::Table;

/// The user of a row with the columns of these fields.
pub(super) fn view(row: &PgRow, fields: &Fields<UserField>) -> Result<UserView, RepositoryError> {
    let id: Uuid = get(row, "id")?;
    let bad = |column| move |_| corrupt(UserField::TABLE, column, id);
    let mut view = UserView::bare(UserId::from_uuid(id));
    if fields.has(UserField::Email) {
        let email: String = get(row, "email")?;
        view.email = Some(Email::parse(email).map_err(bad("email"))?);
    }
    if fields.has(UserField::Name) {
        let name: Option<String> = get(row, "name")?;
        view.name = Some(name.map(UserName::parse).transpose().map_err(bad("name"))?);
    }
    if fields.has(UserField::Role) {
        let role: String = get(row, "role")?;
        view.role = Some(Role::parse(role).map_err(bad("role"))?);
    }
    if fields.has(UserField::IsActive) {
        view.is_active = Some(get(row, "is_active")?);
    }
    if fields.has(UserField::CreatedAt) {
        view.created_at = Some(get(row, "created_at")?);
    }
    if fields.has(UserField::UpdatedAt) {
        view.updated_at = Some(get(row, "updated_at")?);
    }
    if fields.has(UserField::DeletedAt) {
        view.deleted_at = Some(get(row, "deleted_at")?);
    }
    if fields.has(UserField::PurgeAt) {
        view.purge_at = Some(get(row, "purge_at")?);
    }
    if fields.has_etag() {
        let version = version(UserField::TABLE, id, get(row, "version")?)?;
        view.etag = Some(Etag::new(version, get(row, "created_at")?));
    }
    Ok(view)
}
