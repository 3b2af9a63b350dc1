//! The scalar fields of a user.

use crate::field::{Field, Kind};

/// A scalar field of a [`crate::user::User`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UserField {
    /// `id`
    Id,
    /// `email`
    Email,
    /// `name`
    Name,
    /// `role`
    Role,
    /// `is_active`
    IsActive,
    /// `created_at`
    CreatedAt,
    /// `updated_at`
    UpdatedAt,
    /// `deleted_at`
    DeletedAt,
    /// `purge_at`
    PurgeAt,
}

impl Field for UserField {
    const ALL: &'static [Self] = &[
        Self::Id,
        Self::Email,
        Self::Name,
        Self::Role,
        Self::IsActive,
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::DeletedAt,
        Self::PurgeAt,
    ];

    fn name(self) -> &'static str {
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

    fn kind(self) -> Kind {
        match self {
            Self::Id => Kind::Id,
            Self::Email | Self::Name | Self::Role => Kind::Text,
            Self::IsActive => Kind::Bool,
            Self::CreatedAt | Self::UpdatedAt | Self::DeletedAt | Self::PurgeAt => Kind::Time,
        }
    }

    fn folds_case(self) -> bool {
        self == Self::Email
    }

    fn is_nullable(self) -> bool {
        matches!(
            self,
            Self::Name | Self::UpdatedAt | Self::DeletedAt | Self::PurgeAt
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_found_by_its_name_and_no_other() {
        for &field in UserField::ALL {
            assert_eq!(UserField::by_name(field.name()), Some(field));
        }
        assert_eq!(UserField::by_name("Email"), None);
    }
}
