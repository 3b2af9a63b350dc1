//! Removing a user for good.

use byline_domain::ids::UserId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::trash::Trash;

use super::{Users, lock};
use crate::{Error, Precondition, retry};

/// A user to remove for good.
#[derive(Clone, Debug)]
pub struct PurgeUser {
    /// Whom.
    pub id: UserId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
}

impl Users {
    /// Removes a user from the trash for good, and the user's posts, which are in
    /// the trash too.
    pub async fn purge(&self, command: &PurgeUser) -> Result<(), Error> {
        retry::on_contention(|| self.purge_once(command)).await
    }

    async fn purge_once(&self, command: &PurgeUser) -> Result<(), Error> {
        let mut unit = self.units.begin().await?;
        let user = lock(
            unit.as_mut(),
            command.id,
            Trash::Include,
            command.etag.as_ref(),
        )
        .await?;
        if !user.lifecycle.is_deleted() {
            return Err(Precondition::UserNotInTrash { user: command.id }.into());
        }
        unit.users().purge(command.id).await?;
        unit.commit().await.map_err(Error::from)
    }
}
