//! Taking a user out of the trash.

use byline_domain::error::Resource;
use byline_domain::ids::UserId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::trash::Trash;
use byline_domain::user::User;

use super::{Users, lock};
use crate::{Error, retry};

/// A user to take out of the trash.
#[derive(Clone, Debug)]
pub struct UndeleteUser {
    /// Whom.
    pub id: UserId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
}

impl Users {
    /// Takes a user out of the trash; `AlreadyExists` when the address was taken
    /// meanwhile.
    pub async fn undelete(&self, command: &UndeleteUser) -> Result<User, Error> {
        retry::on_contention(|| self.undelete_once(command)).await
    }

    async fn undelete_once(&self, command: &UndeleteUser) -> Result<User, Error> {
        let mut unit = self.units.begin().await?;
        let mut user = lock(
            unit.as_mut(),
            command.id,
            Trash::Include,
            command.etag.as_ref(),
        )
        .await?;
        if !user.lifecycle.is_deleted() {
            return Err(Error::NotDeleted {
                resource: Resource::User,
                id: command.id.as_uuid(),
            });
        }
        let version = user.lifecycle.version();
        user.lifecycle.undelete(self.clock.now());
        unit.users().update(&user, version).await?;
        unit.commit().await?;
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::error::RepositoryError;
    use byline_domain::testing::fixtures::{user, user_id};
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};

    use super::*;
    use crate::testing::{Expects, current, deleted_user, now, stale, users};

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

    #[tokio::test]
    async fn a_user_comes_out_of_the_trash() {
        for etag in [None, current(&deleted_user(1).lifecycle)] {
            let unit = MockUnitOfWork::committed()
                .holds_user(&deleted_user(1))
                .replaces_user(&deleted_user(1), &back());
            let answer = users(begins([unit])).undelete(&command(etag)).await;
            let answer = answer.expect("undeleted");
            assert_eq!(answer, back());
            assert!(!answer.lifecycle.is_deleted());
        }
    }

    #[tokio::test]
    async fn undelete_of_the_living_is_refused() {
        let unit = MockUnitOfWork::abandoned().holds_user(&user(1));
        let error = users(begins([unit])).undelete(&command(None)).await;
        assert!(matches!(
            error,
            Err(Error::NotDeleted { resource: Resource::User, id }) if id == user_id(1).as_uuid()
        ));
    }

    #[tokio::test]
    async fn who_does_not_exist_is_not_found() {
        let unit = MockUnitOfWork::abandoned().misses_user(user_id(1));
        let error = users(begins([unit])).undelete(&command(None)).await;
        assert!(matches!(error, Err(Error::NotFound { .. })));
    }

    #[tokio::test]
    async fn a_stale_etag_leaves_the_user_in_the_trash() {
        let unit = MockUnitOfWork::abandoned().holds_user(&deleted_user(1));
        let error = users(begins([unit])).undelete(&command(stale())).await;
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
        let error = users(begins([unit])).undelete(&command(None)).await;
        assert!(matches!(
            error,
            Err(Error::AlreadyExists { field: "email", .. })
        ));
    }

    #[tokio::test]
    async fn contention_is_retried_with_a_new_unit_of_work() {
        let first = MockUnitOfWork::abandoned().contends_for_user();
        let second = MockUnitOfWork::committed()
            .holds_user(&deleted_user(1))
            .replaces_user(&deleted_user(1), &back());
        let answer = users(begins([first, second]))
            .undelete(&command(None))
            .await;
        assert_eq!(answer.expect("undeleted"), back());
    }
}
