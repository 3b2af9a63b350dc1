//! Removing a post for good.

use byline_domain::ids::PostId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::trash::Trash;

use super::{Posts, lock};
use crate::{Error, Precondition, retry};

/// A post to remove for good.
#[derive(Clone, Debug)]
pub struct PurgePost {
    /// Which post.
    pub id: PostId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
}

impl Posts {
    /// Removes a post from the trash for good.
    pub async fn purge(&self, command: &PurgePost) -> Result<(), Error> {
        retry::on_contention(|| self.purge_once(command)).await
    }

    async fn purge_once(&self, command: &PurgePost) -> Result<(), Error> {
        let mut unit = self.units.begin().await?;
        let post = lock(
            unit.as_mut(),
            command.id,
            Trash::Include,
            command.etag.as_ref(),
        )
        .await?;
        if !post.lifecycle.is_deleted() {
            return Err(Precondition::PostNotInTrash { post: command.id }.into());
        }
        unit.posts().purge(command.id).await?;
        unit.commit().await.map_err(Error::from)
    }
}
