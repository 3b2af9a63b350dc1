//! What users author.

mod content;
mod field;
mod found;
mod given;
mod head;
mod ports;
mod title;
mod view;
mod wanted;

use chrono::{DateTime, Utc};

pub use self::content::Content;
pub use self::field::PostField;
pub use self::found::{FoundPost, Mark, Snippet};
pub use self::given::{Given, PostAge};
use self::head::published_since;
pub use self::head::{PostHead, PostRewrite};
#[cfg(feature = "testing")]
pub use self::ports::{MockPostReader, MockPostRepository};
pub use self::ports::{PostReader, PostRepository};
pub use self::title::Title;
pub use self::view::{PostMask, PostView};
pub use self::wanted::{Told, Wanted};
#[cfg(feature = "reference")]
pub(crate) use self::wanted::{lower_case, words};
use crate::filter::{Comparison, FieldTest, Filter, PostTest, Value, ValueTest};
use crate::ids::{PostId, UserId};
use crate::lifecycle::Lifecycle;
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
        let content_differs = changes
            .content
            .as_ref()
            .is_some_and(|content| *content != self.content);
        let mut head = PostHead::from(&*self);
        let differs = head.apply(&changes, content_differs, now);
        self.title = head.title;
        self.published_at = head.published_at;
        self.lifecycle = head.lifecycle;
        if let Some(content) = changes.content {
            self.content = content;
        }
        differs
    }

    /// Publishes the post, or takes that back. What is published already keeps
    /// its time. For a post that is being made; [`Self::apply`] notes a change.
    pub fn set_published(&mut self, published: bool, now: DateTime<Utc>) {
        self.published_at = published_since(self.published_at, published, now);
    }

    /// What the post is ordered by under `field`. An empty content is ordered as an
    /// absent one.
    pub fn sort_value(&self, field: PostField) -> SortValue {
        match field {
            PostField::Id => SortValue::Id(self.id.as_uuid()),
            PostField::Title => SortValue::Text(self.title.as_str().to_owned()),
            PostField::Content => {
                let start: Option<String> = self
                    .content
                    .as_ref()
                    .map(|content| content.as_str().chars().take(Self::SORTED_CHARS).collect());
                let start = start.filter(|start| !start.is_empty());
                start.map_or(SortValue::Absent, SortValue::Text)
            }
            PostField::Published => SortValue::Bool(self.is_published()),
            PostField::PublishedAt => SortValue::from_time(self.published_at),
            PostField::AuthorId => SortValue::Id(self.author_id.as_uuid()),
            PostField::CreatedAt => SortValue::Time(self.lifecycle.created_at()),
            PostField::UpdatedAt => SortValue::from_time(self.lifecycle.updated_at()),
            PostField::DeletedAt => SortValue::from_time(self.lifecycle.deleted_at()),
            PostField::PurgeAt => SortValue::from_time(self.lifecycle.purge_at()),
        }
    }

    /// By how many characters of its content a post is ordered, so that a cursor
    /// stays small.
    pub const SORTED_CHARS: usize = 256;

    /// More than all fields but the texts take on the wire.
    pub const FIXED_BYTES: u64 = 256;
}

/// Which posts are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PostFilter {
    /// Whether those in the trash are meant too.
    pub trash: Trash,
    /// What they meet; all if `None`.
    pub meets: Option<Filter<PostTest>>,
}

impl PostFilter {
    /// All posts on that side of the trash.
    pub const fn all(trash: Trash) -> Self {
        Self { trash, meets: None }
    }

    /// The posts of that author.
    pub fn of_author(author: UserId, trash: Trash) -> Self {
        let id = Value::Id(author.as_uuid());
        let of_author = PostTest::Field(FieldTest {
            field: PostField::AuthorId,
            negated: false,
            test: ValueTest::Compare(Comparison::Equal, id),
        });
        Self {
            trash,
            meets: Some(Filter::Test(of_author)),
        }
    }

    /// Of whom these are all posts, if they are all posts of one author.
    pub fn author(&self) -> Option<UserId> {
        match &self.meets {
            Some(Filter::Test(PostTest::Field(FieldTest {
                field: PostField::AuthorId,
                negated: false,
                test: ValueTest::Compare(Comparison::Equal, Value::Id(id)),
            }))) => Some(UserId::from_uuid(*id)),
            Some(_) | None => None,
        }
    }
}

/// By what posts are counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PostGroup {
    /// By who wrote them.
    AuthorId,
    /// By whether they are published.
    Published,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixtures;

    #[test]
    fn the_same_content_is_no_change_and_another_is() {
        let mut post = fixtures::post(1, fixtures::user(1).id);
        let before = post.clone();
        let say = |content| PostChanges {
            content: Some(content),
            ..PostChanges::default()
        };
        assert!(!post.apply(say(before.content.clone()), fixtures::time(50)));
        assert_eq!(post, before);
        assert!(post.apply(say(None), fixtures::time(60)));
        assert_eq!(post.content, None);
        assert_eq!(post.lifecycle.updated_at(), Some(fixtures::time(60)));
    }

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
