//! A row of `users`, and the user that it holds.

use byline_domain::error::Corrupt;
use byline_domain::ids::UserId;
use byline_domain::lifecycle::Lifecycle;
use byline_domain::user::{Email, Role, User, UserName};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::row::{corrupt, version};

const TABLE: &str = "users";

pub(super) struct UserRow {
    pub(super) id: Uuid,
    pub(super) email: String,
    pub(super) name: Option<String>,
    pub(super) role: String,
    pub(super) is_active: bool,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: Option<DateTime<Utc>>,
    pub(super) deleted_at: Option<DateTime<Utc>>,
    pub(super) purge_at: Option<DateTime<Utc>>,
    pub(super) version: i64,
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
