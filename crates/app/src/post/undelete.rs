//! Taking a post out of the trash.

use byline_domain::error::Resource;
use byline_domain::ids::PostId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::post::Post;
use byline_domain::trash::Trash;

use super::{Posts, hold_living_author, lock};
use crate::{Error, retry};

/// A post to take out of the trash.
#[derive(Clone, Debug)]
pub struct UndeletePost {
    /// Which post.
    pub id: PostId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
}

impl Posts {
    /// Takes a post out of the trash, unless its author is in it.
    pub async fn undelete(&self, command: &UndeletePost) -> Result<Post, Error> {
        retry::on_contention(|| self.undelete_once(command)).await
    }

    async fn undelete_once(&self, command: &UndeletePost) -> Result<Post, Error> {
        let mut unit = self.units.begin().await?;
        let mut post = lock(
            unit.as_mut(),
            command.id,
            Trash::Include,
            command.etag.as_ref(),
        )
        .await?;
        if !post.lifecycle.is_deleted() {
            return Err(Error::NotDeleted {
                resource: Resource::Post,
                id: command.id.as_uuid(),
            });
        }
        hold_living_author(unit.as_mut(), post.author_id).await?;
        let version = post.lifecycle.version();
        post.lifecycle.undelete(self.clock.now());
        unit.posts().update(&post, version).await?;
        unit.commit().await?;
        Ok(post)
    }
}
