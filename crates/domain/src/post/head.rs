//! Posts without what they say: a thousand of them fit into memory.

use chrono::{DateTime, Utc};

use super::{Content, Post, PostChanges, PostField, Title};
use crate::field::Field as _;
use crate::ids::{PostId, UserId};
use crate::lifecycle::{Lifecycle, Version, micros};

/// A post but for its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostHead {
    /// Identifies the post.
    pub id: PostId,
    /// What it is called.
    pub title: Title,
    /// Since when it is published; `None` while it is not.
    pub published_at: Option<DateTime<Utc>>,
    /// Who wrote it.
    pub author_id: UserId,
    /// When the post was made, changed and deleted.
    pub lifecycle: Lifecycle,
}

impl From<&Post> for PostHead {
    fn from(post: &Post) -> Self {
        Self {
            id: post.id,
            title: post.title.clone(),
            published_at: post.published_at,
            author_id: post.author_id,
            lifecycle: post.lifecycle,
        }
    }
}

impl PostHead {
    /// Makes the changes, but for the content: whether the one among them says something
    /// else than the post does is for the caller to know. Returns whether anything became
    /// different; if not, the head is left as it was, its etag and its time of publication
    /// too.
    pub fn apply(
        &mut self,
        changes: &PostChanges,
        content_differs: bool,
        now: DateTime<Utc>,
    ) -> bool {
        let before = self.clone();
        if let Some(title) = &changes.title {
            self.title.clone_from(title);
        }
        if let Some(published) = changes.published {
            self.published_at = published_since(self.published_at, published, now);
        }
        let differs = content_differs || *self != before;
        if differs {
            self.lifecycle.touch(now);
        }
        differs
    }
}

/// Since when a post is published that was so since `before` and now shall be, or not.
/// What is published already keeps its time.
pub(super) fn published_since(
    before: Option<DateTime<Utc>>,
    published: bool,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    published.then(|| before.unwrap_or_else(|| micros(now)))
}

/// What takes the place of a stored post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostRewrite {
    /// The post as it is to be, but for its content.
    pub head: PostHead,
    /// The version that is stored.
    pub expected: Version,
    /// Whether the title is another than the stored one. One that is not is not written:
    /// a title that is makes the database read the whole post for its searches.
    pub retitled: bool,
    /// What it is to say; `None` leaves that as it is.
    pub content: Option<Option<Content>>,
}

impl PostRewrite {
    /// Makes `after` of the stored post `before`, and has it say `content`.
    pub fn of(before: &PostHead, after: PostHead, content: Option<Option<Content>>) -> Self {
        Self {
            expected: before.lifecycle.version(),
            retitled: after.title != before.title,
            head: after,
            content,
        }
    }

    /// Makes `after` of the stored post `before`, as it is from the title to the last word.
    pub fn between(before: &Post, after: &Post) -> Self {
        let content = (after.content != before.content).then(|| after.content.clone());
        Self::of(&before.into(), after.into(), content)
    }

    /// The names of the fields that callers can change in which this is not as `before`.
    pub fn differences(&self, before: &PostHead) -> Vec<&'static str> {
        let is_published = |head: &PostHead| head.published_at.is_some();
        let differences = [
            (PostField::Title, self.retitled),
            (PostField::Content, self.content.is_some()),
            (
                PostField::Published,
                is_published(&self.head) != is_published(before),
            ),
        ];
        let different = differences.into_iter().filter(|(_, differs)| *differs);
        different.map(|(field, _)| field.name()).collect()
    }

    /// Makes of the same stored post what another one makes of it after this one.
    pub fn follow(&mut self, next: Self) {
        self.retitled |= next.retitled;
        self.head = next.head;
        if next.content.is_some() {
            self.content = next.content;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixtures::{post, time, user_id};

    fn head() -> PostHead {
        PostHead::from(&post(1, user_id(1)))
    }

    #[test]
    fn a_change_that_changes_nothing_keeps_the_etag() {
        let mut after = head();
        let changes = PostChanges {
            title: Some(after.title.clone()),
            published: Some(false),
            content: Some(None),
        };
        assert!(!after.apply(&changes, false, time(50)));
        assert_eq!(after, head());
    }

    #[test]
    fn another_content_alone_is_a_change() {
        let mut after = head();
        assert!(after.apply(&PostChanges::default(), true, time(50)));
        assert_ne!(after.lifecycle.etag(), head().lifecycle.etag());
        assert_eq!(after.lifecycle.updated_at(), Some(time(50)));
    }

    #[test]
    fn publishing_twice_keeps_the_first_time() {
        let mut head = head();
        let publish = PostChanges {
            published: Some(true),
            ..PostChanges::default()
        };
        assert!(head.apply(&publish, false, time(50)));
        assert!(!head.apply(&publish, false, time(60)));
        assert_eq!(head.published_at, Some(time(50)));
    }

    #[test]
    fn a_rewrite_knows_whether_the_title_is_another() {
        let mut after = head();
        after.published_at = Some(time(50));
        after.lifecycle.touch(time(50));
        let rewrite = PostRewrite::of(&head(), after.clone(), None);
        assert!(!rewrite.retitled);
        assert_eq!(rewrite.expected, Version::FIRST);
        after.title = Title::parse("Another").unwrap();
        assert!(PostRewrite::of(&head(), after, None).retitled);
    }
}
