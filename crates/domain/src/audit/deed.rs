//! What was done, as those who do it tell it.

use uuid::Uuid;

use crate::error::Resource;
use crate::ids::{PostId, UserId};

/// What was done. Those of one resource are singular; those of many have a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// A user was made.
    UserCreated,
    /// Fields of a user were changed.
    UserUpdated,
    /// A user was put in the trash.
    UserDeleted,
    /// A user was taken out of the trash.
    UserUndeleted,
    /// A user was removed for good, along with all posts.
    UserPurged,
    /// The password of a user was set.
    UserPasswordSet,
    /// The hash of a user's password was imported.
    UserPasswordImported,
    /// A post was made.
    PostCreated,
    /// Fields of a post were changed.
    PostUpdated,
    /// A post was put in the trash.
    PostDeleted,
    /// A post was taken out of the trash.
    PostUndeleted,
    /// A post was removed for good.
    PostPurged,
    /// Posts were put in the trash along with their author.
    PostsDeleted,
    /// Posts were taken out of the trash along with their author.
    PostsUndeleted,
    /// Posts of a user were given to another one.
    PostsGiven,
    /// Posts of another user were given to a user.
    PostsReceived,
}

impl Action {
    /// The name in the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserCreated => "user.created",
            Self::UserUpdated => "user.updated",
            Self::UserDeleted => "user.deleted",
            Self::UserUndeleted => "user.undeleted",
            Self::UserPurged => "user.purged",
            Self::UserPasswordSet => "user.password_set",
            Self::UserPasswordImported => "user.password_imported",
            Self::PostCreated => "post.created",
            Self::PostUpdated => "post.updated",
            Self::PostDeleted => "post.deleted",
            Self::PostUndeleted => "post.undeleted",
            Self::PostPurged => "post.purged",
            Self::PostsDeleted => "posts.deleted",
            Self::PostsUndeleted => "posts.undeleted",
            Self::PostsGiven => "posts.given",
            Self::PostsReceived => "posts.received",
        }
    }
}

/// Something that was done to a resource, or to many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// What.
    pub action: Action,
    /// What kind of resource `id` is one of.
    pub resource: Resource,
    /// To which.
    pub id: Uuid,
    /// The fields that were changed, as the contract calls them.
    pub fields: Vec<&'static str>,
    /// To how many it was done, where it is about many.
    pub count: Option<u64>,
}

impl Deed {
    /// Done to one resource.
    pub const fn to(action: Action, resource: Resource, id: Uuid) -> Self {
        Self {
            action,
            resource,
            id,
            fields: Vec::new(),
            count: None,
        }
    }

    /// Done to a user.
    pub const fn to_user(action: Action, id: UserId) -> Self {
        Self::to(action, Resource::User, id.as_uuid())
    }

    /// Done to a post.
    pub const fn to_post(action: Action, id: PostId) -> Self {
        Self::to(action, Resource::Post, id.as_uuid())
    }

    /// Done to so many posts of a user.
    pub fn to_posts_of(action: Action, author: UserId, count: u64) -> Self {
        Self {
            count: Some(count),
            ..Self::to_user(action, author)
        }
    }

    /// The same, by which these fields were changed.
    #[must_use]
    pub fn changing(self, fields: Vec<&'static str>) -> Self {
        Self { fields, ..self }
    }
}
