//! What the operations of a transaction name, held before the first is made.
//!
//! Operations that take hold of what they need one after the other wait for each other in
//! circles: two that both add a post to a user, for which they share it, and then change it
//! cannot go on. So all is taken in one order, the users before the posts, each in the
//! order of their ids, and all users as strongly as any operation needs one: two kinds of hold
//! would be two orders.

use std::collections::BTreeSet;

use byline_domain::ids::{PostId, UserId};
use byline_domain::unit_of_work::UnitOfWork;

use super::Operation;
use crate::Error;

/// What operations are about.
#[derive(Default)]
pub(super) struct Named {
    /// Users who are changed.
    changed: BTreeSet<UserId>,
    /// Users who must not be changed by others.
    authors: BTreeSet<UserId>,
    posts: BTreeSet<PostId>,
}

impl Named {
    pub(super) fn by(operations: &[Operation]) -> Self {
        let mut named = Self::default();
        named.add(operations);
        named
    }

    fn add(&mut self, operations: &[Operation]) {
        for operation in operations {
            match operation {
                Operation::CreateUser(_) => {}
                Operation::UpdateUser(change) => self.user(change.id),
                Operation::DeleteUser(change) => self.user(change.id),
                Operation::UndeleteUser(change) => self.user(change.id),
                Operation::CreatePost(change) => {
                    self.authors.insert(change.author_id);
                }
                Operation::UpdatePost(change) => self.post(change.id),
                Operation::PublishPost(change) | Operation::UnpublishPost(change) => {
                    self.post(change.id);
                }
                Operation::DeletePost(change) => self.post(change.id),
                Operation::UndeletePost(change) => self.post(change.id),
                Operation::TransferPosts(change) => {
                    self.authors.extend([change.from, change.to]);
                }
                Operation::Nested(operations) => self.add(operations),
            }
        }
    }

    fn user(&mut self, id: UserId) {
        self.changed.insert(id);
    }

    fn post(&mut self, id: PostId) {
        self.posts.insert(id);
    }

    /// Takes hold of all that is there, by two statements at most.
    pub(super) async fn hold(self, unit: &mut dyn UnitOfWork) -> Result<(), Error> {
        let users: Vec<_> = self.changed.union(&self.authors).copied().collect();
        if !self.changed.is_empty() {
            unit.users().find_many_for_update(&users).await?;
        } else if !users.is_empty() {
            unit.users().find_many_for_share(&users).await?;
        }
        if !self.posts.is_empty() {
            let posts: Vec<_> = self.posts.into_iter().collect();
            unit.posts().find_heads_for_update(&posts).await?;
        }
        Ok(())
    }
}
