//! The scalar fields of a post.

use crate::field::{Field, Kind};

/// A scalar field of a [`crate::post::Post`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PostField {
    /// `id`
    Id,
    /// `title`
    Title,
    /// `content`
    Content,
    /// `published`
    Published,
    /// `published_at`
    PublishedAt,
    /// `author_id`
    AuthorId,
    /// `created_at`
    CreatedAt,
    /// `updated_at`
    UpdatedAt,
    /// `deleted_at`
    DeletedAt,
    /// `purge_at`
    PurgeAt,
}

impl Field for PostField {
    const ALL: &'static [Self] = &[
        Self::Id,
        Self::Title,
        Self::Content,
        Self::Published,
        Self::PublishedAt,
        Self::AuthorId,
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::DeletedAt,
        Self::PurgeAt,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Title => "title",
            Self::Content => "content",
            Self::Published => "published",
            Self::PublishedAt => "published_at",
            Self::AuthorId => "author_id",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::DeletedAt => "deleted_at",
            Self::PurgeAt => "purge_at",
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Id | Self::AuthorId => Kind::Id,
            Self::Title | Self::Content => Kind::Text,
            Self::Published => Kind::Bool,
            Self::PublishedAt
            | Self::CreatedAt
            | Self::UpdatedAt
            | Self::DeletedAt
            | Self::PurgeAt => Kind::Time,
        }
    }

    fn folds_case(self) -> bool {
        false
    }

    fn is_nullable(self) -> bool {
        matches!(
            self,
            Self::Content | Self::PublishedAt | Self::UpdatedAt | Self::DeletedAt | Self::PurgeAt
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_found_by_its_name_and_no_other() {
        for &field in PostField::ALL {
            assert_eq!(PostField::by_name(field.name()), Some(field));
        }
        assert_eq!(PostField::by_name("author"), None);
    }
}
