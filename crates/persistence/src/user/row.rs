//! A row of `users`, and the user that it holds.

use byline_domain::error::Corrupt;
use byline_domain::ids::UserId;
use byline_domain::lifecycle::Lifecycle;
use byline_domain::user::{Email, Role, User, UserName};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::row::{corrupt, version};

const TABLE: &str = "users";

pub(crate) struct UserRow {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) name: Option<String>,
    pub(crate) role: String,
    pub(crate) is_active: bool,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: Option<DateTime<Utc>>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    pub(crate) purge_at: Option<DateTime<Utc>>,
    pub(crate) version: i64,
}

impl TryFrom<UserRow> for User {
    type Error = Corrupt;

    fn try_from(row: UserRow) -> Result<Self, Corrupt> {
        let bad = |column| move |_| corrupt(TABLE, column, row.id);
        Ok(Self {
            id: UserId::from_uuid(row.id),
            email: Email::parse(row.email).map_err(bad("email"))?,
            name: row
                .name
                .map(UserName::parse)
                .transpose()
                .map_err(bad("name"))?,
            role: Role::parse(row.role).map_err(bad("role"))?,
            is_active: row.is_active,
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
