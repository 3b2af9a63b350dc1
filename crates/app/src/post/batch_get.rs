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

#[cfg(test)]
mod tests {
    use byline_domain::error::RepositoryError;
    use byline_domain::post::Content;
    use byline_domain::testing::fixtures::post_id;
    use byline_domain::testing::mocks::MockPostReader;

    use super::*;
    use crate::testing::{post, posts_read};

    fn query(ids: &[u64]) -> BatchGetPosts {
        BatchGetPosts {
            ids: ids.iter().copied().map(post_id).collect(),
            trash: Trash::Include,
        }
    }

    /// Expects exactly these ids, and finds these posts, in one read.
    fn finds(ids: &[u64], found: Vec<Post>) -> MockPostReader {
        let ids = query(ids).ids;
        let mut reader = MockPostReader::new();
        reader
            .expect_find_many()
            .withf(move |asked, trash| *asked == ids && *trash == Trash::Include)
            .once()
            .return_once(move |_, _| Ok(found));
        reader
    }

    /// A post that weighs so many bytes.
    fn heavy(number: u64, weight: u64) -> Post {
        let mut post = post(number);
        post.content = None;
        let content = usize::try_from(weight - post.weight()).expect("a small number");
        post.content = Some(Content::parse("a".repeat(content)).expect("valid content"));
        assert_eq!(post.weight(), weight);
        post
    }

    #[tokio::test]
    async fn a_batch_answers_in_the_order_asked_and_names_what_is_missing() {
        let ids = [3, 9, 1, 8, 2];
        let batch = posts_read(finds(&ids, vec![post(1), post(2), post(3)]))
            .batch_get(&query(&ids))
            .await
            .expect("got");
        assert_eq!(batch.posts, [3, 1, 2].map(post));
        assert_eq!(batch.missing_ids, [9, 8].map(post_id));
    }

    #[tokio::test]
    async fn a_key_given_twice_is_answered_twice() {
        let ids = [1, 9, 1, 9];
        let batch = posts_read(finds(&ids, vec![post(1)]))
            .batch_get(&query(&ids))
            .await
            .expect("got");
        assert_eq!(batch.posts, [1, 1].map(post));
        assert_eq!(batch.missing_ids, [9, 9].map(post_id));
    }

    #[tokio::test]
    async fn repeated_large_posts_are_too_large() {
        let ids = [1, 1, 1, 1];
        let error = posts_read(finds(&ids, vec![heavy(1, MAX_BYTES / 3)]))
            .batch_get(&query(&ids))
            .await;
        assert!(matches!(error, Err(Error::ResponseTooLarge)));
    }

    #[tokio::test]
    async fn posts_fit_to_the_last_byte() {
        let ids = [1, 2, 1];
        let third = MAX_BYTES / 3;
        let fitting = vec![heavy(1, third), heavy(2, MAX_BYTES - 2 * third)];
        let batch = posts_read(finds(&ids, fitting))
            .batch_get(&query(&ids))
            .await
            .expect("got");
        assert_eq!(batch.posts.iter().map(Post::weight).sum::<u64>(), MAX_BYTES);

        let bursting = vec![heavy(1, third), heavy(2, MAX_BYTES - 2 * third + 1)];
        let error = posts_read(finds(&ids, bursting))
            .batch_get(&query(&ids))
            .await;
        assert!(matches!(error, Err(Error::ResponseTooLarge)));
    }

    #[tokio::test]
    async fn what_the_reader_finds_too_large_is_told() {
        let mut reader = MockPostReader::new();
        reader
            .expect_find_many()
            .once()
            .returning(|_, _| Err(RepositoryError::TooLarge));
        let error = posts_read(reader).batch_get(&query(&[1])).await;
        assert!(matches!(error, Err(Error::ResponseTooLarge)));
    }
}
