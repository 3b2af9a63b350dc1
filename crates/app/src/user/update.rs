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
