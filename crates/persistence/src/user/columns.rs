//! The fields of users as columns.

use byline_domain::selection::Fields;
use byline_domain::user::UserField;

use crate::table::Table;

impl Table for UserField {
    const TABLE: &'static str = "users";

    fn value(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Email => "email",
            Self::Name => "name",
            Self::Role => "role",
            Self::IsActive => "is_active",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::DeletedAt => "deleted_at",
            Self::PurgeAt => "purge_at",
        }
    }

    fn sort_key(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Email => r#"lower(email) collate "C""#,
            Self::Name => r#"coalesce(name, '') collate "C""#,
            Self::Role => r#"role collate "C""#,
            Self::IsActive => "is_active",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "coalesce(updated_at, '-infinity')",
            Self::DeletedAt => "coalesce(deleted_at, '-infinity')",
            Self::PurgeAt => "coalesce(purge_at, '-infinity')",
        }
    }

    fn folded(self) -> Option<&'static str> {
        (self == Self::Name).then_some(r#"lower(name) collate "C""#)
    }

    fn sort_value(self) -> &'static str {
        match self {
            Self::Email => "lower(email)",
            other @ (Self::Id
            | Self::Name
            | Self::Role
            | Self::IsActive
            | Self::CreatedAt
            | Self::UpdatedAt
            | Self::DeletedAt
            | Self::PurgeAt) => other.value(),
        }
    }
}

/// The columns that these fields are read from.
pub(crate) fn columns(fields: &Fields<UserField>) -> Vec<&'static str> {
    let mut columns = vec!["id"];
    let named = [
        UserField::Email,
        UserField::Name,
        UserField::Role,
        UserField::IsActive,
        UserField::UpdatedAt,
        UserField::DeletedAt,
        UserField::PurgeAt,
    ];
    columns.extend(
        named
            .into_iter()
            .filter(|field| fields.has(*field))
            .map(Table::value),
    );
    if fields.has(UserField::CreatedAt) || fields.has_etag() {
        columns.push("created_at");
    }
    if fields.has_etag() {
        columns.push("version");
    }
    columns
}
