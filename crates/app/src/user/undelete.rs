//! Taking a user out of the trash.

use async_trait::async_trait;
use byline_domain::audit::{Action, Deed};
use byline_domain::error::Resource;
use byline_domain::ids::UserId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWork;
use byline_domain::user::User;

use super::lock;
use crate::{Error, Mutation, Terms};

/// Takes a user out of the trash, and the posts that went there along; `AlreadyExists` when
/// the address was taken meanwhile.
#[derive(Clone, Debug)]
pub struct UndeleteUser {
    /// Whom.
    pub id: UserId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
}

#[async_trait]
impl Mutation for UndeleteUser {
    type Output = User;

    async fn make(&self, unit: &mut dyn UnitOfWork, terms: &Terms) -> Result<User, Error> {
        let mut user = lock(unit, self.id, Trash::Include, self.etag.as_ref()).await?;
        if !user.lifecycle.is_deleted() {
            return Err(Error::NotDeleted {
                resource: Resource::User,
                id: self.id.as_uuid(),
            });
        }
        let version = user.lifecycle.version();
        user.lifecycle.undelete(terms.now);
        unit.users().update(&user, version).await?;
        unit.audit()
            .note(Deed::to_user(Action::UserUndeleted, self.id));
        let count = unit.posts().undelete_along(self.id, terms.now).await?;
        if count > 0 {
            let along = Deed::to_posts_of(Action::PostsUndeleted, self.id, count);
            unit.audit().note(along);
        }
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::error::RepositoryError;
    use byline_domain::testing::fixtures::{user, user_id};
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};
    use mockall::predicate::eq;

    use super::*;
    use crate::testing::{Expects, current, deleted_user, now, run, stale};

    fn command(etag: Option<ExpectedEtag>) -> UndeleteUser {
        UndeleteUser {
            id: user_id(1),
            etag,
        }
    }

    fn back() -> User {
        let mut user = deleted_user(1);
        user.lifecycle.undelete(now());
        user
    }

    fn with_posts(mut unit: MockUnitOfWork) -> MockUnitOfWork {
        unit.posts
            .expect_undelete_along()
            .with(eq(user_id(1)), eq(now()))
            .once()
            .returning(|_, _| Ok(2));
        unit
    }

    #[tokio::test]
    async fn a_user_comes_out_of_the_trash_with_the_posts_that_went_along() {
        for etag in [None, current(&deleted_user(1).lifecycle)] {
            let unit = with_posts(MockUnitOfWork::committed())
                .holds_user(&deleted_user(1))
                .replaces_user(&deleted_user(1), &back());
            let answer = run(begins([unit]), command(etag)).await;
            let answer = answer.expect("undeleted");
            assert_eq!(answer, back());
            assert!(!answer.lifecycle.is_deleted());
        }
    }

    #[tokio::test]
    async fn undelete_of_the_living_is_refused() {
        let unit = MockUnitOfWork::abandoned().holds_user(&user(1));
        let error = run(begins([unit]), command(None)).await;
        assert!(matches!(
            error,
            Err(Error::NotDeleted { resource: Resource::User, id }) if id == user_id(1).as_uuid()
        ));
    }

    #[tokio::test]
    async fn who_does_not_exist_is_not_found() {
        let unit = MockUnitOfWork::abandoned().misses_user(user_id(1));
        let error = run(begins([unit]), command(None)).await;
        assert!(matches!(error, Err(Error::NotFound { .. })));
    }

    #[tokio::test]
    async fn a_stale_etag_leaves_the_user_in_the_trash() {
        let unit = MockUnitOfWork::abandoned().holds_user(&deleted_user(1));
        let error = run(begins([unit]), command(stale())).await;
        assert!(matches!(error, Err(Error::EtagMismatch { .. })));
    }

    #[tokio::test]
    async fn an_address_that_was_taken_meanwhile_is_told() {
        let mut unit = MockUnitOfWork::abandoned().holds_user(&deleted_user(1));
        unit.users.expect_update().once().returning(|_, _| {
            Err(RepositoryError::AlreadyExists {
                resource: Resource::User,
                field: "email",
            })
        });
        let error = run(begins([unit]), command(None)).await;
        assert!(matches!(
            error,
            Err(Error::AlreadyExists { field: "email", .. })
        ));
    }

    #[tokio::test]
    async fn contention_is_retried_with_a_new_unit_of_work() {
        let first = MockUnitOfWork::abandoned().contends_for_user();
        let second = with_posts(MockUnitOfWork::committed())
            .holds_user(&deleted_user(1))
            .replaces_user(&deleted_user(1), &back());
        let answer = run(begins([first, second]), command(None)).await;
        assert_eq!(answer.expect("undeleted"), back());
    }
}
