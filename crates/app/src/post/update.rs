//! Changing a post.

use byline_domain::ids::PostId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::post::{Post, PostChanges};
use byline_domain::trash::Trash;

use super::{Posts, lock};
use crate::{Error, retry};

/// A change to a post.
#[derive(Clone, Debug)]
pub struct UpdatePost {
    /// What to change.
    pub id: PostId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
    /// How to change it.
    pub changes: PostChanges,
}

impl Posts {
    /// Changes a post; a change that makes no difference writes nothing.
    pub async fn update(&self, command: &UpdatePost) -> Result<Post, Error> {
        retry::on_contention(|| self.update_once(command)).await
    }

    async fn update_once(&self, command: &UpdatePost) -> Result<Post, Error> {
        let mut unit = self.units.begin().await?;
        let mut post = lock(
            unit.as_mut(),
            command.id,
            Trash::Exclude,
            command.etag.as_ref(),
        )
        .await?;
        let version = post.lifecycle.version();
        if post.apply(command.changes.clone(), self.clock.now()) {
            unit.posts().update(&post, version).await?;
            unit.commit().await?;
        } else {
            unit.rollback().await?;
        }
        Ok(post)
    }
}
