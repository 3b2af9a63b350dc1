//! The ports through which posts are read and written.
#![cfg_attr(
    feature = "testing",
    allow(
        clippy::ref_option_ref,
        reason = "mockall makes it of a reference that is optional"
    )
)]

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{
    Content, FoundPost, Given, Post, PostAge, PostField, PostFilter, PostGroup, PostHead,
    PostRewrite, PostView,
};
use crate::count::{CountMode, Counts};
use crate::error::{Corrupt, RepositoryError};
use crate::filter::{Filter, PostTest};
use crate::ids::{PostId, UserId};
use crate::order::Order;
use crate::page::{Page, PageRequest, PageSize};
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

    /// What [`Self::list`] answers of each of these authors' posts as the first page of that
    /// size, the newest (by `created_at`, then by id) first; in the order given. `None` of
    /// an author whose page, with the post behind it, weighs more than
    /// [`crate::page::LIGHT_BYTES`]; MUST NOT read contents of it in then.
    async fn first_pages_of(
        &self,
        authors: &[UserId],
        trash: Trash,
        size: PageSize,
        fields: &Fields<PostField>,
        each_weighs: u64,
    ) -> Result<Vec<Option<Page<PostView>>>, RepositoryError>;

    /// How many posts each of these authors has, in the order given.
    async fn count_of(&self, authors: &[UserId], trash: Trash)
    -> Result<Vec<u64>, RepositoryError>;
}

/// Changes posts, inside a unit of work.
///
/// What takes many takes up to 1,000, and MUST cost the database as many statements for
/// them as for one, and none for none.
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

    /// The authors among these who have posts outside the trash, each once, in no
    /// particular order.
    async fn authors_of_living(
        &mut self,
        authors: &[UserId],
    ) -> Result<Vec<UserId>, RepositoryError>;

    /// Puts all living posts of these authors in the trash along with them, as
    /// [`Lifecycle::delete_until`] does, and marks them. Returns how many there were of each
    /// author who had some, in no particular order. The caller holds the authors for update, so that no post is overlooked.
    ///
    /// [`Lifecycle::delete_until`]: crate::lifecycle::Lifecycle::delete_until
    async fn delete_along(
        &mut self,
        authors: &[UserId],
        now: DateTime<Utc>,
        purge_at: DateTime<Utc>,
    ) -> Result<Vec<(UserId, u64)>, RepositoryError>;

    /// Brings back the posts that went along with the author, as
    /// [`Lifecycle::undelete`] does, and returns how many there were. MUST leave those in
    /// the trash that were put there by themselves, before or since. The caller holds the
    /// author for update.
    ///
    /// [`Lifecycle::undelete`]: crate::lifecycle::Lifecycle::undelete
    async fn undelete_along(
        &mut self,
        author: UserId,
        now: DateTime<Utc>,
    ) -> Result<u64, RepositoryError>;

    /// Gives living posts of one user that meet the filter, all if there is none, to
    /// another one: the oldest first, from the one after `after` on, `limit` at most. Each is
    /// changed by that and by nothing else. Fewer than `limit` says that none is left; a
    /// caller with more to give goes on after the last, so that no post is looked at twice.
    ///
    /// The caller holds both users, which also says that there are such; MUST give
    /// nothing where the two are one, since that would never end.
    async fn transfer<'a>(
        &mut self,
        from: UserId,
        to: UserId,
        meets: Option<&'a Filter<PostTest>>,
        now: DateTime<Utc>,
        after: Option<PostAge>,
        limit: u32,
    ) -> Result<Given, RepositoryError>;

    /// Removes the post for good. Returns whether there was one.
    async fn purge(&mut self, id: PostId) -> Result<bool, RepositoryError>;

    /// Adds posts as if by [`Self::insert`], one after the other in the order given.
    /// Answers for each, in that order; of each, no error but `AlreadyExists` and
    /// `ReferenceMissing`. An id that is given again costs more statements.
    async fn insert_many(
        &mut self,
        posts: &[Post],
    ) -> Result<Vec<Result<(), RepositoryError>>, RepositoryError>;

    /// Adds posts whose ids are [fresh](crate::ids::NewId::Fresh), and whose authors this unit of
    /// work holds: so that nothing can be in the way, and nobody has to look for it. Where
    /// something is all the same, that is an error, after which the unit of work is of no use.
    async fn insert_fresh(&mut self, posts: &[Post]) -> Result<(), RepositoryError>;

    /// The posts of those ids without what they say, which MUST not be read: each once, in
    /// no particular order, held as [`Self::find_for_update`] holds one; ids of nothing are
    /// left out, and what cannot be read is held all the same. MUST take hold of them in the
    /// order of their ids, so that no two units of work that hold many wait for each other.
    async fn find_heads_for_update(
        &mut self,
        ids: &[PostId],
    ) -> Result<Vec<Result<PostHead, Corrupt>>, RepositoryError>;

    /// Of each of these posts whether it says exactly that already, or nothing where it is
    /// `None`, in the order given; a post that is not there does not. MUST not read in what
    /// they say.
    async fn already_say(
        &mut self,
        contents: &[(PostId, Option<Content>)],
    ) -> Result<Vec<bool>, RepositoryError>;

    /// What those of these posts say that come with `true`, in the order given; nothing of the
    /// others, and of those that are not there. All of them are held as
    /// [`Self::find_heads_for_update`] holds them. MUST answer of as many, from the first on, as
    /// weigh [`crate::page::MAX_BYTES`] together at most, and not read in what the others say.
    async fn find_contents_for_update(
        &mut self,
        posts: &[(PostId, bool)],
    ) -> Result<Vec<Option<Content>>, RepositoryError>;

    /// Replaces each of these posts if all stored versions are those expected, else none of
    /// them, and where there is no such post: `StaleVersion`, which MUST leave the unit of
    /// work usable. Neither the author is replaced nor when a post was made; a title that is
    /// not another and a content that is not given stay as they are. A post that leaves the
    /// trash so, or goes into it, MUST NOT count as one that went along with its author any
    /// more; one that stays there stays such. MUST take hold of the posts in the order of
    /// their ids. The caller gives each id once.
    async fn update_many(&mut self, posts: &[PostRewrite]) -> Result<(), RepositoryError>;
}
