//! What is done to many at once.

use std::collections::BTreeSet;

use super::state::State;
use crate::error::{RepositoryError, Resource};
use crate::ids::{PostId, UserId};
use crate::lifecycle::Version;
use crate::post::{Post, PostHead, PostRewrite};
use crate::user::{Address, Email, User};

impl State {
    /// Each of them once.
    pub(super) fn users_of(&self, ids: &[UserId]) -> Vec<User> {
        let ids: BTreeSet<_> = ids.iter().collect();
        let users = ids.into_iter().filter_map(|id| self.users.get(id));
        users.cloned().collect()
    }

    /// How the address is compared, and who of the living has it.
    pub(super) fn address(&self, email: &Email) -> Address {
        Address {
            folded: email.folded(),
            holder: self.holder_of(email).map(|user| user.id),
        }
    }

    /// The living user of that address.
    pub(super) fn holder_of(&self, email: &Email) -> Option<&User> {
        let folded = email.folded();
        let mut living = self
            .users
            .values()
            .filter(|user| !user.lifecycle.is_deleted());
        living.find(|user| user.email.folded() == folded)
    }

    pub(super) fn update_users(
        &mut self,
        users: &[(User, Version)],
    ) -> Result<(), RepositoryError> {
        let is_stale = |(user, expected): &(User, Version)| {
            let stored = self.users.get(&user.id);
            stored.is_none_or(|stored| stored.lifecycle.version() != *expected)
        };
        // Before any address is looked at, as an adapter that looks at all rows at once does.
        if users.iter().any(is_stale) {
            return Err(RepositoryError::StaleVersion {
                resource: Resource::User,
            });
        }
        let mut changed = self.clone();
        for (user, expected) in users {
            match changed.update_user(user, *expected) {
                Err(RepositoryError::AlreadyExists { .. }) => {
                    self.failed = true;
                    let taken = "an address that is looked for first is taken";
                    return Err(RepositoryError::Contention(taken.into()));
                }
                done => done?,
            }
        }
        *self = changed;
        Ok(())
    }

    /// Each of them once.
    pub(super) fn heads_of(&self, ids: &[PostId]) -> Vec<PostHead> {
        let ids: BTreeSet<_> = ids.iter().collect();
        let posts = ids.into_iter().filter_map(|id| self.posts.get(id));
        posts.map(PostHead::from).collect()
    }

    pub(super) fn rewrite_posts(&mut self, posts: &[PostRewrite]) -> Result<(), RepositoryError> {
        let mut changed = self.clone();
        for rewrite in posts {
            let PostRewrite {
                head,
                expected,
                retitled,
                content,
            } = rewrite.clone();
            let stored = self.posts.get(&head.id);
            let post = Post {
                id: head.id,
                title: match stored {
                    Some(stored) if !retitled => stored.title.clone(),
                    Some(_) | None => head.title,
                },
                content: match content {
                    Some(content) => content,
                    None => stored.and_then(|stored| stored.content.clone()),
                },
                published_at: head.published_at,
                author_id: head.author_id,
                lifecycle: head.lifecycle,
            };
            changed.update_post(&post, expected)?;
        }
        *self = changed;
        Ok(())
    }
}
