//! What is kept, and the rules that hold for it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::imports::Staged;
use crate::audit::{AuditEvent, Deed};
use crate::credential::{Credential, Failures};
use crate::error::{RepositoryError, Resource};
use crate::ids::{PostId, RequestId, UserId};
use crate::lifecycle::{Lifecycle, Version};
use crate::post::Post;
use crate::request::RequestRecord;
use crate::user::User;

#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) users: BTreeMap<UserId, User>,
    pub(super) posts: BTreeMap<PostId, Post>,
    /// Those that are in the trash because their authors went there.
    pub(super) along: BTreeSet<PostId>,
    pub(super) requests: BTreeMap<RequestId, Kept>,
    pub(super) credentials: BTreeMap<UserId, Credential>,
    /// By whose failures they are.
    pub(super) throttles: BTreeMap<String, Failures>,
    /// What was done in this unit of work, and is not kept yet.
    pub(super) noted: Vec<Deed>,
    /// The audit log.
    pub(super) events: Vec<AuditEvent>,
    /// What is being imported.
    pub(super) staged: Staged,
    /// Whether something failed that the caller cannot handle: none of it may be kept.
    pub(super) failed: bool,
}

/// A record, and when it was answered.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) record: RequestRecord,
    pub(super) at: DateTime<Utc>,
}

impl State {
    pub(super) fn insert_user(&mut self, user: &User) -> Result<(), RepositoryError> {
        if self.users.contains_key(&user.id) {
            return Err(already_exists(Resource::User, "id"));
        }
        self.claim_email(user)?;
        self.users.insert(user.id, user.clone());
        Ok(())
    }

    pub(super) fn update_user(
        &mut self,
        user: &User,
        expected: Version,
    ) -> Result<(), RepositoryError> {
        let stored = self.users.get(&user.id).map(|stored| stored.lifecycle);
        let born = assert_version(stored, expected, Resource::User)?;
        self.claim_email(user)?;
        let user = User {
            lifecycle: born_as(born, user.lifecycle),
            ..user.clone()
        };
        self.users.insert(user.id, user);
        Ok(())
    }

    pub(super) fn purge_user(&mut self, id: UserId) -> bool {
        self.posts.retain(|_, post| post.author_id != id);
        let posts = &self.posts;
        self.along.retain(|post| posts.contains_key(post));
        self.credentials.remove(&id);
        self.users.remove(&id).is_some()
    }

    pub(super) fn insert_post(&mut self, post: &Post) -> Result<(), RepositoryError> {
        if self.posts.contains_key(&post.id) {
            return Err(already_exists(Resource::Post, "id"));
        }
        if !self.users.contains_key(&post.author_id) {
            return Err(RepositoryError::ReferenceMissing {
                resource: Resource::User,
            });
        }
        self.posts.insert(post.id, post.clone());
        Ok(())
    }

    pub(super) fn update_post(
        &mut self,
        post: &Post,
        expected: Version,
    ) -> Result<(), RepositoryError> {
        let stored = self.posts.get(&post.id);
        let author_id = stored.map_or(post.author_id, |stored| stored.author_id);
        let stored = stored.map(|stored| stored.lifecycle);
        let born = assert_version(stored, expected, Resource::Post)?;
        let post = Post {
            author_id,
            lifecycle: born_as(born, post.lifecycle),
            ..post.clone()
        };
        if !post.lifecycle.is_deleted() {
            self.along.remove(&post.id);
        }
        self.posts.insert(post.id, post);
        Ok(())
    }

    pub(super) fn purge_post(&mut self, id: PostId) -> bool {
        self.along.remove(&id);
        self.posts.remove(&id).is_some()
    }

    /// Refuses the address of another living user. One in the trash claims none.
    fn claim_email(&self, user: &User) -> Result<(), RepositoryError> {
        let folded = user.email.folded();
        let taken = !user.lifecycle.is_deleted()
            && self.users.values().any(|other| {
                other.id != user.id
                    && !other.lifecycle.is_deleted()
                    && other.email.folded() == folded
            });
        if taken {
            Err(already_exists(Resource::User, "email"))
        } else {
            Ok(())
        }
    }
}

fn already_exists(resource: Resource, field: &'static str) -> RepositoryError {
    RepositoryError::AlreadyExists { resource, field }
}

/// The stored lifecycle, if there is one and it is still of that version.
fn assert_version(
    stored: Option<Lifecycle>,
    expected: Version,
    resource: Resource,
) -> Result<Lifecycle, RepositoryError> {
    stored
        .filter(|stored| stored.version() == expected)
        .ok_or(RepositoryError::StaleVersion { resource })
}

/// `changed`, with the time of birth of `born`: an update does not replace that.
fn born_as(born: Lifecycle, changed: Lifecycle) -> Lifecycle {
    Lifecycle::from_stored(
        born.created_at(),
        changed.updated_at(),
        changed.deleted_at(),
        changed.purge_at(),
        changed.version(),
    )
}
