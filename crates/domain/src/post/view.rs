//! Posts as they are read: only the fields that were asked for.

use chrono::{DateTime, Utc};

use super::{Content, Post, PostField, PostHead, Title};
use crate::ids::{PostId, UserId};
use crate::lifecycle::{Etag, Lifecycle};
use crate::selection::Fields;
use crate::user::{UserField, UserView};

/// What of posts is read, their relations among it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostMask {
    /// Their own fields.
    pub fields: Fields<PostField>,
    /// What of their authors is read; `None` when those are not.
    pub author: Option<Fields<UserField>>,
}

impl PostMask {
    /// All own fields and no relation: what is read when nothing is said.
    pub fn own() -> Self {
        Self {
            fields: Fields::all(),
            author: None,
        }
    }
}

/// A post of which only what was asked for was read. A field that was not is `None`;
/// of one that can be absent, the inner `None` says that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostView {
    /// Identifies the post; always read.
    pub id: PostId,
    /// What it is called.
    pub title: Option<Title>,
    /// What it says.
    pub content: Option<Option<Content>>,
    /// Whether it is published.
    pub published: Option<bool>,
    /// Since when it is published.
    pub published_at: Option<Option<DateTime<Utc>>>,
    /// Who wrote it.
    pub author_id: Option<UserId>,
    /// When the post was made.
    pub created_at: Option<DateTime<Utc>>,
    /// When the post was last changed.
    pub updated_at: Option<Option<DateTime<Utc>>>,
    /// When the post was put in the trash.
    pub deleted_at: Option<Option<DateTime<Utc>>>,
    /// From when on the post may be removed for good.
    pub purge_at: Option<Option<DateTime<Utc>>>,
    /// Names the present state.
    pub etag: Option<Etag>,
    /// Who wrote it, in full.
    pub author: Option<Box<UserView>>,
}

impl PostView {
    /// The id alone.
    pub const fn bare(id: PostId) -> Self {
        Self {
            id,
            title: None,
            content: None,
            published: None,
            published_at: None,
            author_id: None,
            created_at: None,
            updated_at: None,
            deleted_at: None,
            purge_at: None,
            etag: None,
            author: None,
        }
    }

    /// Those fields of the post.
    pub fn of(post: Post, fields: &Fields<PostField>) -> Self {
        let life = post.lifecycle;
        let has = |field| fields.has(field);
        Self {
            published: has(PostField::Published).then(|| post.is_published()),
            title: has(PostField::Title).then_some(post.title),
            content: has(PostField::Content).then_some(post.content),
            published_at: has(PostField::PublishedAt).then_some(post.published_at),
            author_id: has(PostField::AuthorId).then_some(post.author_id),
            created_at: has(PostField::CreatedAt).then(|| life.created_at()),
            updated_at: has(PostField::UpdatedAt).then(|| life.updated_at()),
            deleted_at: has(PostField::DeletedAt).then(|| life.deleted_at()),
            purge_at: has(PostField::PurgeAt).then(|| life.purge_at()),
            etag: fields.has_etag().then(|| life.etag()),
            ..Self::bare(post.id)
        }
    }

    /// The whole post, if all own fields were read.
    pub fn into_post(self) -> Option<Post> {
        Some(Post {
            id: self.id,
            title: self.title?,
            content: self.content?,
            published_at: self.published_at?,
            author_id: self.author_id?,
            lifecycle: Lifecycle::from_stored(
                self.created_at?,
                self.updated_at?,
                self.deleted_at?,
                self.purge_at?,
                self.etag?.version(),
            ),
        })
    }

    /// What the post, without its author, adds to the size of an answer, in bytes,
    /// rounded up: the texts that were read, and [`Post::FIXED_BYTES`] for all else.
    pub fn weight(&self) -> u64 {
        let title = self.title.as_ref().map_or(0, |title| title.as_str().len());
        let content = self.content.as_ref().and_then(Option::as_ref);
        let content = content.map_or(0, |content| content.as_str().len());
        Post::FIXED_BYTES + (title + content) as u64
    }
}

impl From<Post> for PostView {
    fn from(post: Post) -> Self {
        Self::of(post, &Fields::all())
    }
}

impl From<PostHead> for PostView {
    /// All own fields but the content, which was not read.
    fn from(head: PostHead) -> Self {
        let post = Post {
            id: head.id,
            title: head.title,
            content: None,
            published_at: head.published_at,
            author_id: head.author_id,
            lifecycle: head.lifecycle,
        };
        Self::of(post, &Fields::all().without(PostField::Content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixtures::{post, user_id};

    #[test]
    fn a_view_of_all_fields_is_the_whole_post() {
        let post = post(1, user_id(1));
        assert_eq!(PostView::from(post.clone()).into_post(), Some(post));
    }

    #[test]
    fn a_head_is_a_view_in_which_the_content_was_not_read() {
        let post = post(1, user_id(1));
        let view = PostView::from(PostHead::from(&post));
        assert_eq!(view.content, None);
        let read = PostView {
            content: Some(post.content.clone()),
            ..view
        };
        assert_eq!(read.into_post(), Some(post));
    }

    #[test]
    fn what_was_not_read_weighs_nothing() {
        let post = post(1, user_id(1));
        let bare = PostView::of(post.clone(), &Fields::none());
        assert_eq!(bare, PostView::bare(post.id));
        assert_eq!(bare.weight(), Post::FIXED_BYTES);
        let titled = PostView::of(post, &Fields::none().with(PostField::Title));
        assert_eq!(titled.weight(), Post::FIXED_BYTES + "Post 1".len() as u64);
    }
}
