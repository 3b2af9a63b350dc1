//! Changing a user.

use async_trait::async_trait;
use byline_domain::audit::{Action, Deed};
use byline_domain::ids::UserId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWork;
use byline_domain::user::{User, UserChanges};

use super::lock;
use crate::{Error, Mutation, Terms};

/// Changes a user; a change that makes no difference writes nothing.
#[derive(Clone, Debug)]
pub struct UpdateUser {
    /// Whom to change.
    pub id: UserId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
    /// What to change.
    pub changes: UserChanges,
}

#[async_trait]
impl Mutation for UpdateUser {
    type Output = User;

    async fn make(&self, unit: &mut dyn UnitOfWork, terms: &Terms) -> Result<User, Error> {
        let mut user = lock(unit, self.id, Trash::Exclude, self.etag.as_ref()).await?;
        let before = user.clone();
        if user.apply(self.changes.clone(), terms.now) {
            unit.users()
                .update(&user, before.lifecycle.version())
                .await?;
            unit.audit().note(changed(&before, &user));
        }
        Ok(user)
    }
}

/// That the user was changed in what is different.
pub(super) fn changed(before: &User, after: &User) -> Deed {
    Deed::to_user(Action::UserUpdated, after.id).changing(after.differences(before))
}

#[cfg(test)]
mod tests {
    use byline_domain::error::{RepositoryError, Resource};
    use byline_domain::testing::fixtures::{email, user, user_id};
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};

    use super::*;
    use crate::testing::{Expects, current, deleted_user, now, run, stale};

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
        let answer = run(begins([unit]), command(None)).await;
        assert_eq!(answer.expect("changed"), changed());
    }

    #[tokio::test]
    async fn the_current_etag_lets_a_change_through() {
        let unit = MockUnitOfWork::committed()
            .holds_user(&user(1))
            .replaces_user(&user(1), &changed());
        let etag = current(&user(1).lifecycle);
        let answer = run(begins([unit]), command(etag)).await;
        assert_eq!(answer.expect("changed"), changed());
    }

    #[tokio::test]
    async fn a_stale_etag_changes_nothing() {
        let unit = MockUnitOfWork::abandoned().holds_user(&user(1));
        let error = run(begins([unit]), command(stale())).await;
        assert!(matches!(
            error,
            Err(Error::EtagMismatch { resource: Resource::User, id }) if id == user_id(1).as_uuid()
        ));
    }

    #[tokio::test]
    async fn an_update_without_difference_writes_nothing() {
        let unit = MockUnitOfWork::committed().holds_user(&user(1));
        let same = UpdateUser {
            changes: UserChanges {
                email: Some(user(1).email),
                is_active: Some(user(1).is_active),
                ..UserChanges::default()
            },
            ..command(None)
        };
        let answer = run(begins([unit]), same).await;
        assert_eq!(answer.expect("answered as it is"), user(1));
    }

    #[tokio::test]
    async fn a_stale_etag_is_refused_even_without_difference() {
        let unit = MockUnitOfWork::abandoned().holds_user(&user(1));
        let same = UpdateUser {
            changes: UserChanges::default(),
            ..command(stale())
        };
        let error = run(begins([unit]), same).await;
        assert!(matches!(error, Err(Error::EtagMismatch { .. })));
    }

    #[tokio::test]
    async fn who_does_not_exist_is_not_found() {
        let unit = MockUnitOfWork::abandoned().misses_user(user_id(1));
        let error = run(begins([unit]), command(None)).await;
        assert!(matches!(
            error,
            Err(Error::NotFound { resource: Resource::User, key }) if key == user_id(1).to_string()
        ));
    }

    #[tokio::test]
    async fn what_is_in_the_trash_is_not_found_even_with_a_stale_etag() {
        for etag in [None, stale(), current(&deleted_user(1).lifecycle)] {
            let unit = MockUnitOfWork::abandoned().holds_user(&deleted_user(1));
            let error = run(begins([unit]), command(etag)).await;
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
        let error = run(begins([unit]), command(None)).await;
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
        let answer = run(begins([first, second]), command(None)).await;
        assert_eq!(answer.expect("changed"), changed());
    }
}
