//! Changing a user.

use byline_domain::ids::UserId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::trash::Trash;
use byline_domain::user::{User, UserChanges};

use super::{Users, lock};
use crate::{Error, retry};

/// A change to a user.
#[derive(Clone, Debug)]
pub struct UpdateUser {
    /// Whom to change.
    pub id: UserId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
    /// What to change.
    pub changes: UserChanges,
}

impl Users {
    /// Changes a user; a change that makes no difference writes nothing.
    pub async fn update(&self, command: &UpdateUser) -> Result<User, Error> {
        retry::on_contention(|| self.update_once(command)).await
    }

    async fn update_once(&self, command: &UpdateUser) -> Result<User, Error> {
        let mut unit = self.units.begin().await?;
        let mut user = lock(
            unit.as_mut(),
            command.id,
            Trash::Exclude,
            command.etag.as_ref(),
        )
        .await?;
        let version = user.lifecycle.version();
        if user.apply(command.changes.clone(), self.clock.now()) {
            unit.users().update(&user, version).await?;
            unit.commit().await?;
        } else {
            unit.rollback().await?;
        }
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::error::{RepositoryError, Resource};
    use byline_domain::testing::fixtures::{email, user, user_id};
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};

    use super::*;
    use crate::testing::{Expects, current, deleted_user, now, stale, users};

    fn command(etag: Option<ExpectedEtag>) -> UpdateUser {
        UpdateUser {
            id: user_id(1),
            etag,
            changes: UserChanges {
                email: Some(email("new@example.com")),
                ..UserChanges::default()
            },
        }
    }

    fn changed() -> User {
        let mut user = user(1);
        user.email = email("new@example.com");
        user.lifecycle.touch(now());
        user
    }

    #[tokio::test]
    async fn a_change_is_written_over_the_state_that_was_read() {
        let unit = MockUnitOfWork::committed()
            .holds_user(&user(1))
            .replaces_user(&user(1), &changed());
        let answer = users(begins([unit])).update(&command(None)).await;
        assert_eq!(answer.expect("changed"), changed());
    }

    #[tokio::test]
    async fn the_current_etag_lets_a_change_through() {
        let unit = MockUnitOfWork::committed()
            .holds_user(&user(1))
            .replaces_user(&user(1), &changed());
        let etag = current(&user(1).lifecycle);
        let answer = users(begins([unit])).update(&command(etag)).await;
        assert_eq!(answer.expect("changed"), changed());
    }

    #[tokio::test]
    async fn a_stale_etag_changes_nothing() {
        let unit = MockUnitOfWork::abandoned().holds_user(&user(1));
        let error = users(begins([unit])).update(&command(stale())).await;
        assert!(matches!(
            error,
            Err(Error::EtagMismatch { resource: Resource::User, id }) if id == user_id(1).as_uuid()
        ));
    }

    #[tokio::test]
    async fn an_update_without_difference_writes_nothing() {
        let unit = MockUnitOfWork::abandoned().holds_user(&user(1));
        let same = UpdateUser {
            changes: UserChanges {
                email: Some(user(1).email),
                is_active: Some(user(1).is_active),
                ..UserChanges::default()
            },
            ..command(None)
        };
        let answer = users(begins([unit])).update(&same).await;
        assert_eq!(answer.expect("answered as it is"), user(1));
    }

    #[tokio::test]
    async fn a_stale_etag_is_refused_even_without_difference() {
        let unit = MockUnitOfWork::abandoned().holds_user(&user(1));
        let same = UpdateUser {
            changes: UserChanges::default(),
            ..command(stale())
        };
        let error = users(begins([unit])).update(&same).await;
        assert!(matches!(error, Err(Error::EtagMismatch { .. })));
    }

    #[tokio::test]
    async fn who_does_not_exist_is_not_found() {
        let unit = MockUnitOfWork::abandoned().misses_user(user_id(1));
        let error = users(begins([unit])).update(&command(None)).await;
        assert!(matches!(
            error,
            Err(Error::NotFound { resource: Resource::User, key }) if key == user_id(1).to_string()
        ));
    }

    #[tokio::test]
    async fn what_is_in_the_trash_is_not_found_even_with_a_stale_etag() {
        for etag in [None, stale(), current(&deleted_user(1).lifecycle)] {
            let unit = MockUnitOfWork::abandoned().holds_user(&deleted_user(1));
            let error = users(begins([unit])).update(&command(etag)).await;
            assert!(matches!(error, Err(Error::NotFound { .. })), "{error:?}");
        }
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_told_and_nothing_is_kept() {
        let mut unit = MockUnitOfWork::abandoned().holds_user(&user(1));
        unit.users.expect_update().once().returning(|_, _| {
            Err(RepositoryError::AlreadyExists {
                resource: Resource::User,
                field: "email",
            })
        });
        let error = users(begins([unit])).update(&command(None)).await;
        assert!(matches!(
            error,
            Err(Error::AlreadyExists { field: "email", .. })
        ));
    }

    #[tokio::test]
    async fn contention_is_retried_from_a_fresh_read() {
        let first = MockUnitOfWork::abandoned().contends_for_user();
        let second = MockUnitOfWork::committed()
            .holds_user(&user(1))
            .replaces_user(&user(1), &changed());
        let answer = users(begins([first, second])).update(&command(None)).await;
        assert_eq!(answer.expect("changed"), changed());
    }
}
