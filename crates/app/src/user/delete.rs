//! Putting a user in the trash.

use async_trait::async_trait;
use byline_domain::audit::{Action, Deed};
use byline_domain::ids::UserId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWork;
use byline_domain::user::User;

use super::lock;
use crate::{Error, Mutation, Precondition, Terms};

/// Puts a user in the trash: with `force` along with the posts, and else unless the user
/// has posts outside the trash.
#[derive(Clone, Debug)]
pub struct DeleteUser {
    /// Whom.
    pub id: UserId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
    /// Whether the user's posts go along, rather than be in the way.
    pub force: bool,
}

#[async_trait]
impl Mutation for DeleteUser {
    type Output = User;

    async fn make(&self, unit: &mut dyn UnitOfWork, terms: &Terms) -> Result<User, Error> {
        let mut user = lock(unit, self.id, Trash::Exclude, self.etag.as_ref()).await?;
        // Whoever adds a post to the user, or takes one out of the trash, holds
        // the user for share: none can appear after this look.
        let mut along = Vec::new();
        if self.force {
            let authors = [self.id];
            along = unit
                .posts()
                .delete_along(&authors, terms.now, terms.retention.end(terms.now))
                .await?;
        } else if unit.posts().has_living(self.id).await? {
            return Err(Precondition::UserHasPosts { user: self.id }.into());
        }
        let version = user.lifecycle.version();
        user.lifecycle.delete(terms.now, terms.retention);
        unit.users().update(&user, version).await?;
        unit.audit()
            .note(Deed::to_user(Action::UserDeleted, self.id));
        note_along(unit, along);
        Ok(user)
    }
}

/// Notes how many posts of each author went along.
pub(super) fn note_along(unit: &mut dyn UnitOfWork, gone: Vec<(UserId, u64)>) {
    for (author, count) in gone {
        let deed = Deed::to_posts_of(Action::PostsDeleted, author, count);
        unit.audit().note(deed);
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::error::Resource;
    use byline_domain::lifecycle::Retention;
    use byline_domain::testing::fixtures::{user, user_id};
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};
    use mockall::Sequence;
    use mockall::predicate::eq;

    use super::*;
    use crate::testing::{Expects, current, deleted_user, now, run, stale};

    fn command(etag: Option<ExpectedEtag>) -> DeleteUser {
        DeleteUser {
            id: user_id(1),
            etag,
            force: false,
        }
    }

    fn gone() -> User {
        let mut user = user(1);
        user.lifecycle.delete(now(), Retention::DEFAULT);
        user
    }

    fn with_posts(mut unit: MockUnitOfWork, living: bool) -> MockUnitOfWork {
        unit.posts
            .expect_has_living()
            .with(eq(user_id(1)))
            .once()
            .returning(move |_| Ok(living));
        unit
    }

    #[tokio::test]
    async fn a_user_without_living_posts_is_put_in_the_trash() {
        for etag in [None, current(&user(1).lifecycle)] {
            let unit = with_posts(MockUnitOfWork::committed(), false)
                .holds_user(&user(1))
                .replaces_user(&user(1), &gone());
            let answer = run(begins([unit]), command(etag)).await;
            let answer = answer.expect("deleted");
            assert_eq!(answer, gone());
            assert_eq!(answer.lifecycle.deleted_at(), Some(now()));
        }
    }

    #[tokio::test]
    async fn a_user_with_living_posts_is_not_deleted() {
        let unit = with_posts(MockUnitOfWork::abandoned(), true).holds_user(&user(1));
        let error = run(begins([unit]), command(None)).await;
        assert!(matches!(
            error,
            Err(Error::Precondition(Precondition::UserHasPosts { user })) if user == user_id(1)
        ));
    }

    #[tokio::test]
    async fn force_takes_the_posts_along_for_the_same_retention() {
        let mut unit = MockUnitOfWork::committed()
            .holds_user(&user(1))
            .replaces_user(&user(1), &gone());
        let until = Retention::DEFAULT.end(now());
        unit.posts
            .expect_delete_along()
            .withf(move |authors, at, purge_at| {
                authors == [user_id(1)] && (*at, *purge_at) == (now(), until)
            })
            .once()
            .returning(|_, _, _| Ok(vec![(user_id(1), 3)]));
        let forced = DeleteUser {
            force: true,
            ..command(None)
        };
        let answer = run(begins([unit]), forced).await;
        assert_eq!(answer.expect("deleted").lifecycle.purge_at(), Some(until));
    }

    #[tokio::test]
    async fn posts_are_looked_for_once_the_user_is_held() {
        let mut order = Sequence::new();
        let mut unit = MockUnitOfWork::abandoned();
        unit.users
            .expect_find_for_update()
            .once()
            .in_sequence(&mut order)
            .returning(|_| Ok(Some(user(1))));
        unit.posts
            .expect_has_living()
            .once()
            .in_sequence(&mut order)
            .returning(|_| Ok(true));
        let error = run(begins([unit]), command(None)).await;
        assert!(matches!(error, Err(Error::Precondition(_))));
    }

    #[tokio::test]
    async fn deleting_twice_is_not_found() {
        let unit = MockUnitOfWork::abandoned().holds_user(&deleted_user(1));
        let error = run(begins([unit]), command(None)).await;
        assert!(matches!(
            error,
            Err(Error::NotFound { resource: Resource::User, key }) if key == user_id(1).to_string()
        ));
    }

    #[tokio::test]
    async fn what_is_in_the_trash_is_not_found_even_with_a_stale_etag() {
        let unit = MockUnitOfWork::abandoned().holds_user(&deleted_user(1));
        let error = run(begins([unit]), command(stale())).await;
        assert!(matches!(error, Err(Error::NotFound { .. })));
    }

    #[tokio::test]
    async fn a_stale_etag_deletes_nobody() {
        let unit = MockUnitOfWork::abandoned().holds_user(&user(1));
        let error = run(begins([unit]), command(stale())).await;
        assert!(matches!(error, Err(Error::EtagMismatch { .. })));
    }

    #[tokio::test]
    async fn contention_is_retried_with_a_new_unit_of_work() {
        let first = MockUnitOfWork::abandoned().contends_for_user();
        let second = with_posts(MockUnitOfWork::committed(), false)
            .holds_user(&user(1))
            .replaces_user(&user(1), &gone());
        let answer = run(begins([first, second]), command(None)).await;
        assert_eq!(answer.expect("deleted"), gone());
    }
}
