//! Putting a post in the trash.

use byline_domain::ids::PostId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::post::Post;
use byline_domain::trash::Trash;

use super::{Posts, lock};
use crate::{Error, retry};

/// A post to put in the trash.
#[derive(Clone, Debug)]
pub struct DeletePost {
    /// Which post.
    pub id: PostId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
}

impl Posts {
    /// Puts a post in the trash.
    pub async fn delete(&self, command: &DeletePost) -> Result<Post, Error> {
        retry::on_contention(|| self.delete_once(command)).await
    }

    async fn delete_once(&self, command: &DeletePost) -> Result<Post, Error> {
        let mut unit = self.units.begin().await?;
        let mut post = lock(
            unit.as_mut(),
            command.id,
            Trash::Exclude,
            command.etag.as_ref(),
        )
        .await?;
        let version = post.lifecycle.version();
        post.lifecycle.delete(self.clock.now());
        unit.posts().update(&post, version).await?;
        unit.commit().await?;
        Ok(post)
    }
}
