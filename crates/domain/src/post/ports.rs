//! The ports through which posts are read and written.

use async_trait::async_trait;

use super::{FoundPost, Post, PostField, PostFilter, PostGroup, PostView};
use crate::count::{CountMode, Counts};
use crate::error::RepositoryError;
use crate::ids::{PostId, UserId};
use crate::lifecycle::Version;
use crate::order::Order;
use crate::page::{Page, PageRequest};
use crate::search::SearchQuery;
use crate::selection::Fields;
use crate::trash::Trash;

/// Reads posts, outside any unit of work. A read sees all that was committed
/// before it began. It reads the fields that are asked for and MUST answer no
/// others. A cursor that does not fit the order ([`Order::fits`]) is a defect of the
/// caller: `Internal`. `each_weighs` is what every post adds to the size of an answer
/// beside its own [`PostView::weight`], in bytes.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait PostReader: Send + Sync {
    /// The post of that id.
    async fn find(
        &self,
        id: PostId,
        trash: Trash,
        fields: &Fields<PostField>,
    ) -> Result<Option<PostView>, RepositoryError>;

    /// The posts of those ids, each once, in no particular order; ids of nothing
    /// are left out. `TooLarge` when they weigh more than [`crate::page::MAX_BYTES`]
    /// together; MUST not read them in then.
    async fn find_many(
        &self,
        ids: &[PostId],
        trash: Trash,
        fields: &Fields<PostField>,
        each_weighs: u64,
    ) -> Result<Vec<PostView>, RepositoryError>;

    /// A page of posts. Walking from page to page MUST meet every post that
    /// stays exactly once. By `created_at`, `updated_at`, `published_at` or `title` alone
    /// and without a filter it MUST cost the same at any depth. A page MUST end before
    /// the post with which it would weigh more than [`crate::page::MAX_BYTES`].
    async fn list(
        &self,
        filter: &PostFilter,
        order: &Order<PostField>,
        page: &PageRequest,
        fields: &Fields<PostField>,
        each_weighs: u64,
    ) -> Result<Page<PostView>, RepositoryError>;

    /// How many posts there are.
    async fn count(&self, filter: &PostFilter, mode: CountMode) -> Result<u64, RepositoryError>;

    /// How many posts there are, in all and of each value.
    async fn count_by(
        &self,
        filter: &PostFilter,
        group: PostGroup,
    ) -> Result<Counts, RepositoryError>;

    /// A page of the posts whose title and content say what the query asks for, in the
    /// syntax of web searches; best match first, a word in the title before one in the
    /// content, and the greater id (the newer post) first among equals. Ends as a page of
    /// [`Self::list`] does, and each result weighs its snippet too
    /// ([`super::Snippet::weight`] of the longer of title and content). A cursor holds one
    /// `Rank`.
    ///
    /// Where more than [`SearchQuery::MAX_RANKED_POSTS`] match, an adapter may answer the
    /// greater id first, from the first page to the last.
    async fn search(
        &self,
        query: &SearchQuery,
        filter: &PostFilter,
        page: &PageRequest,
        fields: &Fields<PostField>,
        each_weighs: u64,
    ) -> Result<Page<FoundPost>, RepositoryError>;

    /// The newest posts of each of these authors, at most
    /// [`crate::user::UserView::MAX_POSTS`] each, the newest (by `created_at`, then by
    /// id) first.
    ///
    /// All authors with their posts weigh at most [`crate::page::MAX_BYTES`], an author
    /// [`crate::user::User::MAX_BYTES`]: the answer ends before the author with whom it
    /// would weigh more. The first author always comes, with as many of the newest posts
    /// as fit; where those are not all, no other author follows.
    async fn newest_of(
        &self,
        authors: &[UserId],
        trash: Trash,
        fields: &Fields<PostField>,
    ) -> Result<Vec<Vec<PostView>>, RepositoryError>;

    /// How many posts each of these authors has, in the order given.
    async fn count_of(&self, authors: &[UserId], trash: Trash)
    -> Result<Vec<u64>, RepositoryError>;
}

/// Changes posts, inside a unit of work.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait PostRepository: Send {
    /// Adds a post. `AlreadyExists` names `id` when that is taken;
    /// `ReferenceMissing` when there is no such author. Both MUST leave the unit
    /// of work usable.
    async fn insert(&mut self, post: &Post) -> Result<(), RepositoryError>;

    /// The post of that id, in the trash or not, kept from all other changes
    /// until the unit of work ends.
    async fn find_for_update(&mut self, id: PostId) -> Result<Option<Post>, RepositoryError>;

    /// Whether the user has posts outside the trash.
    async fn has_living(&mut self, author: UserId) -> Result<bool, RepositoryError>;

    /// Replaces the post if its stored version is still `expected`, else, and where
    /// there is no such post, `StaleVersion`, which MUST leave the unit of work
    /// usable. Neither the author is replaced nor when the post was made.
    async fn update(&mut self, post: &Post, expected: Version) -> Result<(), RepositoryError>;

    /// Removes the post for good. Returns whether there was one.
    async fn purge(&mut self, id: PostId) -> Result<bool, RepositoryError>;
}
