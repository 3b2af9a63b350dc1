//! Making a user.

use async_trait::async_trait;
use byline_domain::audit::{Action, Deed};
use byline_domain::ids::UserId;
use byline_domain::lifecycle::Lifecycle;
use byline_domain::unit_of_work::UnitOfWork;
use byline_domain::user::{Email, Role, User, UserName};

use crate::{Error, Mutation, Terms};

/// Makes a user. `AlreadyExists` when the id or the address is taken.
#[derive(Clone, Debug)]
pub struct CreateUser {
    /// A new id, or the caller's own.
    pub id: UserId,
    /// Where the user is reached.
    pub email: Email,
    /// How the user is called.
    pub name: Option<UserName>,
    /// What the user is.
    pub role: Role,
    /// Whether the account is in use.
    pub is_active: bool,
}

#[async_trait]
impl Mutation for CreateUser {
    type Output = User;

    async fn make(&self, unit: &mut dyn UnitOfWork, terms: &Terms) -> Result<User, Error> {
        let user = self.user(terms);
        unit.users().insert(&user).await?;
        unit.audit()
            .note(Deed::to_user(Action::UserCreated, user.id));
        Ok(user)
    }
}

impl CreateUser {
    /// The user that is to be made.
    pub(super) fn user(&self, terms: &Terms) -> User {
        User {
            id: self.id,
            email: self.email.clone(),
            name: self.name.clone(),
            role: self.role.clone(),
            is_active: self.is_active,
            lifecycle: Lifecycle::born(terms.now),
        }
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::error::{RepositoryError, Resource};
    use byline_domain::testing::fixtures::{email, user_id};
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};
    use mockall::predicate::eq;

    use super::*;
    use crate::testing::{now, run};

    fn command(id: UserId) -> CreateUser {
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
    async fn a_user_is_made_as_asked_for() {
        let unit = inserts(MockUnitOfWork::committed(), ada(user_id(1)), || Ok(()));
        let made = run(begins([unit]), command(user_id(1))).await;
        assert_eq!(made.expect("made"), ada(user_id(1)));
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_told_and_nothing_is_kept() {
        let unit = inserts(MockUnitOfWork::abandoned(), ada(user_id(1)), || {
            Err(RepositoryError::AlreadyExists {
                resource: Resource::User,
                field: "email",
            })
        });
        let error = run(begins([unit]), command(user_id(1))).await;
        assert!(matches!(
            error,
            Err(Error::AlreadyExists {
                resource: Resource::User,
                field: "email",
            })
        ));
    }
}
