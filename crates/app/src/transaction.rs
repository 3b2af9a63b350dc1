//! Several changes of any kind in one transaction.

use async_trait::async_trait;
use byline_domain::post::{Post, PostHead};
use byline_domain::unit_of_work::UnitOfWork;
use byline_domain::user::User;

use self::named::Named;
use crate::post::{CreatePost, DeletePost, SetPublished, TransferPosts, UndeletePost, UpdatePost};
use crate::user::{CreateUser, DeleteUser, UndeleteUser, UpdateUser};
use crate::{Error, Mutation, Terms};

/// One change, or a group of changes that is undone alone.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Makes a user.
    CreateUser(CreateUser),
    /// Changes a user.
    UpdateUser(UpdateUser),
    /// Puts a user in the trash.
    DeleteUser(DeleteUser),
    /// Takes a user out of the trash.
    UndeleteUser(UndeleteUser),
    /// Makes a post.
    CreatePost(CreatePost),
    /// Changes a post.
    UpdatePost(UpdatePost),
    /// Publishes a post.
    PublishPost(SetPublished),
    /// Takes back that a post is published.
    UnpublishPost(SetPublished),
    /// Puts a post in the trash.
    DeletePost(DeletePost),
    /// Takes a post out of the trash.
    UndeletePost(UndeletePost),
    /// Gives posts to another author.
    TransferPosts(TransferPosts),
    /// When one of these fails, all of them are undone, and nothing else.
    Nested(Vec<Operation>),
}

/// What became of one change, or of a group.
#[derive(Debug)]
pub enum Done {
    /// The user as it is now.
    User(User),
    /// The post as it is now.
    Post(PostHead),
    /// How many posts were given to another author.
    Transferred(u64),
    /// What became of each in the group.
    Nested(Vec<Done>),
    /// The group was undone for this.
    Undone(Error),
}

impl From<User> for Done {
    fn from(user: User) -> Self {
        Self::User(user)
    }
}

impl From<Post> for Done {
    fn from(post: Post) -> Self {
        Self::Post(PostHead::from(&post))
    }
}

impl From<u64> for Done {
    fn from(given: u64) -> Self {
        Self::Transferred(given)
    }
}

impl Operation {
    /// What it is called in a request.
    fn name(&self) -> &'static str {
        match self {
            Self::CreateUser(_) => "create_user",
            Self::UpdateUser(_) => "update_user",
            Self::DeleteUser(_) => "delete_user",
            Self::UndeleteUser(_) => "undelete_user",
            Self::CreatePost(_) => "create_post",
            Self::UpdatePost(_) => "update_post",
            Self::PublishPost(_) => "publish_post",
            Self::UnpublishPost(_) => "unpublish_post",
            Self::DeletePost(_) => "delete_post",
            Self::UndeletePost(_) => "undelete_post",
            Self::TransferPosts(_) => "transfer_posts",
            Self::Nested(_) => "nested",
        }
    }
}

#[async_trait]
impl Mutation for Operation {
    type Output = Done;

    async fn make(&self, unit: &mut dyn UnitOfWork, terms: &Terms) -> Result<Done, Error> {
        match self {
            Self::CreateUser(change) => change.make(unit, terms).await.map(Done::from),
            Self::UpdateUser(change) => change.make(unit, terms).await.map(Done::from),
            Self::DeleteUser(change) => change.make(unit, terms).await.map(Done::from),
            Self::UndeleteUser(change) => change.make(unit, terms).await.map(Done::from),
            Self::CreatePost(change) => change.make(unit, terms).await.map(Done::from),
            Self::UpdatePost(change) => change.make(unit, terms).await.map(Done::from),
            Self::PublishPost(change) | Self::UnpublishPost(change) => {
                change.make(unit, terms).await.map(Done::from)
            }
            Self::DeletePost(change) => change.make(unit, terms).await.map(Done::from),
            Self::UndeletePost(change) => change.make(unit, terms).await.map(Done::from),
            Self::TransferPosts(change) => change.make(unit, terms).await.map(Done::from),
            Self::Nested(operations) => nested(operations, unit, terms).await,
        }
    }
}

/// Makes the group inside a savepoint. What is in the way of it is in the way of all.
async fn nested(
    operations: &[Operation],
    unit: &mut dyn UnitOfWork,
    terms: &Terms,
) -> Result<Done, Error> {
    let mut inner = unit.savepoint().await?;
    match in_order(operations, inner.as_mut(), terms).await {
        Ok(done) => {
            inner.commit().await?;
            Ok(Done::Nested(done))
        }
        Err(error) if error.can_be_mended() => {
            inner.rollback().await?;
            Ok(Done::Undone(error))
        }
        Err(error) => Err(error),
    }
}

/// Makes one after the other, up to the first that fails.
async fn in_order(
    operations: &[Operation],
    unit: &mut dyn UnitOfWork,
    terms: &Terms,
) -> Result<Vec<Done>, Error> {
    let mut done = Vec::with_capacity(operations.len());
    for (index, operation) in operations.iter().enumerate() {
        let outcome = operation.make(unit, terms).await;
        let name = operation.name();
        done.push(outcome.map_err(|error| error.at(format!("operations[{index}].{name}")))?);
    }
    Ok(done)
}

/// Changes that are made in order, all or none: each sees those before it.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// The changes, 1,000 at most, those in groups and the groups counted.
    pub operations: Vec<Operation>,
}

impl Transaction {
    /// How many operations there may be in all.
    pub const MAX_OPERATIONS: usize = 1_000;
    /// How deep groups may be nested.
    pub const MAX_DEPTH: usize = 8;
}

#[async_trait]
impl Mutation for Transaction {
    type Output = Vec<Done>;

    async fn make(&self, unit: &mut dyn UnitOfWork, terms: &Terms) -> Result<Vec<Done>, Error> {
        // One alone takes hold of what it needs by itself.
        if !matches!(&self.operations[..], [one] if !matches!(one, Operation::Nested(_))) {
            Named::by(&self.operations).hold(unit).await?;
        }
        in_order(&self.operations, unit, terms).await
    }
}

mod named;
#[cfg(test)]
mod tests;
