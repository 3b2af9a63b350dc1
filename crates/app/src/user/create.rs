//! Making a user.

use byline_domain::ids::UserId;
use byline_domain::lifecycle::Lifecycle;
use byline_domain::user::{Email, Role, User, UserName};

use super::Users;
use crate::{Error, retry};

/// A user to be made.
#[derive(Clone, Debug)]
pub struct CreateUser {
    /// The caller's own id; one is made if `None`.
    pub id: Option<UserId>,
    /// Where the user is reached.
    pub email: Email,
    /// How the user is called.
    pub name: Option<UserName>,
    /// What the user is.
    pub role: Role,
    /// Whether the account is in use.
    pub is_active: bool,
}

impl Users {
    /// Makes a user. `AlreadyExists` when the id or the address is taken.
    pub async fn create(&self, command: &CreateUser) -> Result<User, Error> {
        let id = command
            .id
            .unwrap_or_else(|| UserId::from_uuid(self.ids.generate()));
        retry::on_contention(|| self.create_once(id, command)).await
    }

    async fn create_once(&self, id: UserId, command: &CreateUser) -> Result<User, Error> {
        let user = User {
            id,
            email: command.email.clone(),
            name: command.name.clone(),
            role: command.role.clone(),
            is_active: command.is_active,
            lifecycle: Lifecycle::born(self.clock.now()),
        };
        let mut unit = self.units.begin().await?;
        unit.users().insert(&user).await?;
        unit.commit().await?;
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::error::{RepositoryError, Resource};
    use byline_domain::testing::fixtures::{email, user_id};
    use byline_domain::testing::mocks::{MockUnitOfWork, MockUnitOfWorkFactory, begins};
    use mockall::predicate::eq;

    use super::*;
    use crate::testing::{contention, now, unavailable, users};

    fn command(id: Option<UserId>) -> CreateUser {
        CreateUser {
            id,
            email: email("Ada@example.com"),
            name: Some(UserName::parse("Ada").expect("a valid name")),
            role: Role::parse("admin").expect("a valid role"),
            is_active: false,
        }
    }

    fn ada(id: UserId) -> User {
        User {
            id,
            email: email("Ada@example.com"),
            name: Some(UserName::parse("Ada").expect("a valid name")),
            role: Role::parse("admin").expect("a valid role"),
            is_active: false,
            lifecycle: Lifecycle::born(now()),
        }
    }

    fn inserts(
        mut unit: MockUnitOfWork,
        user: User,
        answer: fn() -> Result<(), RepositoryError>,
    ) -> MockUnitOfWork {
        unit.users
            .expect_insert()
            .with(eq(user))
            .once()
            .returning(move |_| answer());
        unit
    }

    #[tokio::test]
    async fn a_user_is_made_as_asked_for_under_a_generated_id() {
        let unit = inserts(MockUnitOfWork::committed(), ada(user_id(1)), || Ok(()));
        let made = users(begins([unit])).create(&command(None)).await;
        assert_eq!(made.expect("made"), ada(user_id(1)));
    }

    #[tokio::test]
    async fn the_callers_own_id_is_kept() {
        let unit = inserts(MockUnitOfWork::committed(), ada(user_id(7)), || Ok(()));
        let made = users(begins([unit]))
            .create(&command(Some(user_id(7))))
            .await;
        assert_eq!(made.expect("made"), ada(user_id(7)));
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_told_and_nothing_is_kept() {
        let unit = inserts(MockUnitOfWork::abandoned(), ada(user_id(1)), || {
            Err(RepositoryError::AlreadyExists {
                resource: Resource::User,
                field: "email",
            })
        });
        let error = users(begins([unit])).create(&command(None)).await;
        assert!(matches!(
            error,
            Err(Error::AlreadyExists {
                resource: Resource::User,
                field: "email",
            })
        ));
    }

    #[tokio::test]
    async fn contention_is_retried_with_a_new_unit_of_work() {
        let first = inserts(MockUnitOfWork::abandoned(), ada(user_id(1)), || {
            Err(contention())
        });
        let second = inserts(MockUnitOfWork::committed(), ada(user_id(1)), || Ok(()));
        let made = users(begins([first, second])).create(&command(None)).await;
        assert_eq!(made.expect("made").id, user_id(1), "one id for all tries");
    }

    #[tokio::test]
    async fn contention_at_the_commit_is_retried_too() {
        let mut first = inserts(MockUnitOfWork::default(), ada(user_id(1)), || Ok(()));
        first
            .ending
            .expect_commit()
            .once()
            .returning(|| Err(contention()));
        let second = inserts(MockUnitOfWork::committed(), ada(user_id(1)), || Ok(()));
        let made = users(begins([first, second])).create(&command(None)).await;
        assert_eq!(made.expect("made"), ada(user_id(1)));
    }

    #[tokio::test]
    async fn lasting_contention_is_told() {
        let units = [(), (), ()].map(|()| {
            inserts(MockUnitOfWork::abandoned(), ada(user_id(1)), || {
                Err(contention())
            })
        });
        let error = users(begins(units)).create(&command(None)).await;
        assert!(matches!(error, Err(Error::Contention(_))));
    }

    #[tokio::test]
    async fn a_commit_of_unknown_outcome_is_not_tried_again() {
        let mut unit = inserts(MockUnitOfWork::default(), ada(user_id(1)), || Ok(()));
        unit.ending
            .expect_commit()
            .once()
            .returning(|| Err(unavailable()));
        let error = users(begins([unit])).create(&command(None)).await;
        assert!(matches!(error, Err(Error::Unavailable(_))));
    }

    #[tokio::test]
    async fn a_database_that_is_away_is_told() {
        let mut units = MockUnitOfWorkFactory::new();
        units.expect_begin().once().returning(|| Err(unavailable()));
        let error = users(units).create(&command(None)).await;
        assert!(matches!(error, Err(Error::Unavailable(_))));
    }
}
