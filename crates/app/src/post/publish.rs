//! Publishing a post, and taking that back.

use byline_domain::ids::PostId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::post::{Post, PostChanges};

use super::{Posts, UpdatePost};
use crate::Error;

/// A post to publish, or to take back.
#[derive(Clone, Debug)]
pub struct SetPublished {
    /// Which post.
    pub id: PostId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
    /// Whether it is to be published.
    pub published: bool,
}

impl Posts {
    /// Publishes a post or takes that back. One that is so already is answered as
    /// it is: whoever tries again after a lost answer meets no error.
    pub async fn set_published(&self, command: SetPublished) -> Result<Post, Error> {
        self.update(&UpdatePost {
            id: command.id,
            etag: command.etag,
            changes: PostChanges {
                published: Some(command.published),
                ..PostChanges::default()
            },
        })
        .await
    }
}
