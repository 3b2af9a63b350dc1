//! Putting a user in the trash.

use byline_domain::ids::UserId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::trash::Trash;
use byline_domain::user::User;

use super::{Users, lock};
use crate::{Error, Precondition, retry};

/// A user to put in the trash.
#[derive(Clone, Debug)]
pub struct DeleteUser {
    /// Whom.
    pub id: UserId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
}

impl Users {
    /// Puts a user in the trash, unless the user has posts outside it.
    pub async fn delete(&self, command: &DeleteUser) -> Result<User, Error> {
        retry::on_contention(|| self.delete_once(command)).await
    }

    async fn delete_once(&self, command: &DeleteUser) -> Result<User, Error> {
        let mut unit = self.units.begin().await?;
        let mut user = lock(
            unit.as_mut(),
            command.id,
            Trash::Exclude,
            command.etag.as_ref(),
        )
        .await?;
        // Whoever adds a post to the user, or takes one out of the trash, holds
        // the user for share: none can appear after this look.
        if unit.posts().has_living(command.id).await? {
            return Err(Precondition::UserHasPosts { user: command.id }.into());
        }
        let version = user.lifecycle.version();
        user.lifecycle.delete(self.clock.now());
        unit.users().update(&user, version).await?;
        unit.commit().await?;
        Ok(user)
    }
}
