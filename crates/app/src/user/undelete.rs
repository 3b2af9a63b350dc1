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
