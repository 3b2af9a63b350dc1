//! Getting many posts at once.

use std::collections::HashMap;

use byline_domain::ids::PostId;
use byline_domain::page::MAX_BYTES;
use byline_domain::post::Post;
use byline_domain::trash::Trash;

use super::Posts;
use crate::Error;

/// The posts to get.
#[derive(Clone, Debug)]
pub struct BatchGetPosts {
    /// By id.
    pub ids: Vec<PostId>,
    /// Whether to look in the trash too.
    pub trash: Trash,
}

/// The posts that were found.
#[derive(Clone, Debug, Default)]
pub struct PostBatch {
    /// In the order in which they were asked for.
    pub posts: Vec<Post>,
    /// The ids of nothing.
    pub missing_ids: Vec<PostId>,
}

impl Posts {
    /// Gets many posts in one read. An id given twice is answered twice.
    /// `ResponseTooLarge` when they do not fit into one answer together.
    pub async fn batch_get(&self, query: &BatchGetPosts) -> Result<PostBatch, Error> {
        let found = self.reader.find_many(&query.ids, query.trash).await?;
        let found: HashMap<_, _> = found.into_iter().map(|post| (post.id, post)).collect();
        let mut batch = PostBatch::default();
        // The reader bounds what it reads, not how often an id was repeated.
        let mut weight = 0;
        for id in &query.ids {
            match found.get(id) {
                Some(post) => {
                    weight += post.weight();
                    if weight > MAX_BYTES {
                        return Err(Error::ResponseTooLarge);
                    }
                    batch.posts.push(post.clone());
                }
                None => batch.missing_ids.push(*id),
            }
        }
        Ok(batch)
    }
}
