//! Getting one post.

use byline_domain::ids::PostId;
use byline_domain::post::Post;
use byline_domain::trash::Trash;

use super::Posts;
use crate::Error;

/// The post to get.
#[derive(Clone, Debug)]
pub struct GetPost {
    /// Which one.
    pub id: PostId,
    /// Whether to look in the trash too.
    pub trash: Trash,
}

impl Posts {
    /// Gets a post; `NotFound` when there is none.
    pub async fn get(&self, query: &GetPost) -> Result<Post, Error> {
        let found = self.reader.find(query.id, query.trash).await?;
        found.ok_or_else(|| Error::post_not_found(query.id))
    }
}
