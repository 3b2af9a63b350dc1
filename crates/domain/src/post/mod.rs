//! What users author.

mod content;
mod ports;
mod title;

use chrono::{DateTime, Utc};

pub use self::content::Content;
#[cfg(feature = "testing")]
pub use self::ports::{MockPostReader, MockPostRepository};
pub use self::ports::{PostReader, PostRepository};
pub use self::title::Title;
use crate::ids::{PostId, UserId};
use crate::lifecycle::{Lifecycle, micros};
use crate::page::SortValue;
use crate::trash::Trash;

/// A post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Identifies the post.
    pub id: PostId,
    /// What it is called.
    pub title: Title,
    /// What it says.
    pub content: Option<Content>,
    /// Since when it is published; `None` while it is not.
    pub published_at: Option<DateTime<Utc>>,
    /// Who wrote it.
    pub author_id: UserId,
    /// When the post was made, changed and deleted.
    pub lifecycle: Lifecycle,
}

/// What of a post is to become something else; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostChanges {
    /// Another title.
    pub title: Option<Title>,
    /// Another content, or none.
    pub content: Option<Option<Content>>,
    /// Whether it is published.
    pub published: Option<bool>,
}

impl Post {
    /// Whether the post is published.
    pub const fn is_published(&self) -> bool {
        self.published_at.is_some()
    }

    /// Makes the changes. Returns whether anything became different; if not, the
    /// post is left as it was, its etag and its time of publication too.
    pub fn apply(&mut self, changes: PostChanges, now: DateTime<Utc>) -> bool {
        let before = self.clone();
        if let Some(title) = changes.title {
            self.title = title;
        }
        if let Some(content) = changes.content {
            self.content = content;
        }
        if let Some(published) = changes.published {
            self.set_published(published, now);
        }
        let differs = *self != before;
        if differs {
            self.lifecycle.touch(now);
        }
        differs
    }

    /// Publishes the post, or takes that back. What is published already keeps
    /// its time. For a post that is being made; [`Self::apply`] notes a change.
    pub fn set_published(&mut self, published: bool, now: DateTime<Utc>) {
        if published != self.is_published() {
            self.published_at = published.then(|| micros(now));
        }
    }

    /// What the post is ordered by under `key`.
    pub fn sort_value(&self, key: PostSortKey) -> SortValue {
        match key {
            PostSortKey::CreatedAt => SortValue::Time(self.lifecycle.created_at()),
            PostSortKey::UpdatedAt => SortValue::from_time(self.lifecycle.updated_at()),
            PostSortKey::Title => SortValue::Text(self.title.as_str().to_owned()),
        }
    }

    /// What the post adds to the size of an answer, in bytes, rounded up: its
    /// texts, and [`Self::FIXED_BYTES`] for all else.
    pub fn weight(&self) -> u64 {
        let texts =
            self.title.as_str().len() + self.content.as_ref().map_or(0, |c| c.as_str().len());
        Self::FIXED_BYTES + texts as u64
    }

    /// More than all fields but the texts take on the wire.
    pub const FIXED_BYTES: u64 = 256;
}

/// By what posts are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostSortKey {
    /// When they were made.
    CreatedAt,
    /// When they were last changed; those that never were come first.
    UpdatedAt,
    /// Their title, by code point.
    Title,
}

impl PostSortKey {
    /// Whether a value can be one that posts are ordered by under this key.
    pub const fn fits(self, value: &SortValue) -> bool {
        match self {
            Self::CreatedAt => matches!(value, SortValue::Time(_)),
            Self::UpdatedAt => matches!(value, SortValue::Time(_) | SortValue::Absent),
            Self::Title => matches!(value, SortValue::Text(_)),
        }
    }
}

/// Which posts are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostFilter {
    /// Whether those in the trash are meant too.
    pub trash: Trash,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixtures;

    #[test]
    fn publishing_twice_keeps_the_first_time() {
        let mut post = fixtures::post(1, fixtures::user(1).id);
        let publish = || PostChanges {
            published: Some(true),
            ..PostChanges::default()
        };
        assert!(post.apply(publish(), fixtures::time(50)));
        assert!(!post.apply(publish(), fixtures::time(60)));
        assert_eq!(post.published_at, Some(fixtures::time(50)));
    }
}
