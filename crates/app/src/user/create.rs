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
