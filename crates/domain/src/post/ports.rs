//! The ports through which posts are read and written.

use async_trait::async_trait;

use super::{Post, PostFilter, PostSortKey};
use crate::error::RepositoryError;
use crate::ids::{PostId, UserId};
use crate::lifecycle::Version;
use crate::page::{CountMode, Order, Page, PageRequest};
use crate::trash::Trash;

/// Reads posts, outside any unit of work. A read sees all that was committed
/// before it began. A cursor that does not fit the order ([`PostSortKey::fits`]) is
/// a defect of the caller: `Internal`.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait PostReader: Send + Sync {
    /// The post of that id.
    async fn find(&self, id: PostId, trash: Trash) -> Result<Option<Post>, RepositoryError>;

    /// The posts of those ids, each once, in no particular order; ids of nothing
    /// are left out. `TooLarge` when they weigh ([`Post::weight`]) more than
    /// [`crate::page::MAX_BYTES`] together; MUST not read them in then.
    async fn find_many(&self, ids: &[PostId], trash: Trash) -> Result<Vec<Post>, RepositoryError>;

    /// A page of posts. Walking from page to page MUST meet every post that
    /// stays exactly once, and MUST cost the same at any depth. A page MUST end
    /// before the post with which it would weigh more than
    /// [`crate::page::MAX_BYTES`].
    async fn list(
        &self,
        filter: &PostFilter,
        order: Order<PostSortKey>,
        page: &PageRequest,
    ) -> Result<Page<Post>, RepositoryError>;

    /// How many posts there are.
    async fn count(&self, filter: &PostFilter, mode: CountMode) -> Result<u64, RepositoryError>;
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
