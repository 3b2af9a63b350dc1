//! Getting many posts at once.

use std::collections::HashMap;

use byline_domain::ids::PostId;
use byline_domain::page::MAX_BYTES;
use byline_domain::post::{PostMask, PostView};
use byline_domain::trash::Trash;

use super::{Posts, relations};
use crate::Error;

/// The posts to get.
#[derive(Clone, Debug)]
pub struct BatchGetPosts {
    /// By id.
    pub ids: Vec<PostId>,
    /// Whether to look in the trash too.
    pub trash: Trash,
    /// What to read.
    pub mask: PostMask,
}

/// The posts that were found.
#[derive(Clone, Debug, Default)]
pub struct PostBatch {
    /// In the order in which they were asked for.
    pub posts: Vec<PostView>,
    /// The ids of nothing.
    pub missing_ids: Vec<PostId>,
}

impl Posts {
    /// Gets many posts in one read, and their authors in another if the mask names
    /// them. An id given twice is answered twice. `ResponseTooLarge` when they do not fit
    /// into one answer together.
    pub async fn batch_get(&self, query: &BatchGetPosts) -> Result<PostBatch, Error> {
        let fields = relations::fields(&query.mask);
        let each_weighs = relations::each_weighs(&query.mask);
        let found = self
            .reader
            .find_many(&query.ids, query.trash, &fields, each_weighs)
            .await?;
        let mut found: HashMap<_, _> = found.into_iter().map(|post| (post.id, post)).collect();
        // The reader bounds what it reads, not how often an id was repeated.
        let answers = query.ids.iter().filter_map(|id| found.get(id));
        if answers.map(|post| post.weight() + each_weighs).sum::<u64>() > MAX_BYTES {
            return Err(Error::ResponseTooLarge);
        }
        self.relate(found.values_mut(), &query.mask).await?;
        let mut batch = PostBatch::default();
        for id in &query.ids {
            match found.get(id) {
                Some(post) => batch.posts.push(post.clone()),
                None => batch.missing_ids.push(*id),
            }
        }
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::error::RepositoryError;
    use byline_domain::post::{Content, PostField};
    use byline_domain::selection::Fields;
    use byline_domain::testing::fixtures::{post_id, user, user_id};
    use byline_domain::testing::mocks::{MockPostReader, MockUserReader};
    use byline_domain::user::User;

    use super::*;
    use crate::testing::{post, posts_read, posts_with_authors};

    fn query(ids: &[u64]) -> BatchGetPosts {
        BatchGetPosts {
            ids: ids.iter().copied().map(post_id).collect(),
            trash: Trash::Include,
            mask: PostMask::own(),
        }
    }

    /// Expects exactly these ids, and finds these posts, in one read.
    fn finds(ids: &[u64], found: Vec<PostView>) -> MockPostReader {
        let ids = query(ids).ids;
        let mut reader = MockPostReader::new();
        reader
            .expect_find_many()
            .withf(move |asked, trash, fields, each_weighs| {
                *asked == ids
                    && *trash == Trash::Include
                    && *fields == Fields::all()
                    && *each_weighs == 0
            })
            .once()
            .return_once(move |_, _, _, _| Ok(found));
        reader
    }

    fn whole<const N: usize>(numbers: [u64; N]) -> [PostView; N] {
        numbers.map(|number| post(number).into())
    }

    /// A post that weighs so many bytes.
    fn heavy(number: u64, weight: u64) -> PostView {
        let mut post = PostView::from(post(number));
        post.content = Some(None);
        let content = usize::try_from(weight - post.weight()).expect("a small number");
        let content = Content::parse("a".repeat(content)).expect("valid content");
        post.content = Some(Some(content));
        assert_eq!(post.weight(), weight);
        post
    }

    #[tokio::test]
    async fn a_batch_answers_in_the_order_asked_and_names_what_is_missing() {
        let ids = [3, 9, 1, 8, 2];
        let batch = posts_read(finds(&ids, whole([1, 2, 3]).into()))
            .batch_get(&query(&ids))
            .await
            .expect("got");
        assert_eq!(batch.posts, whole([3, 1, 2]));
        assert_eq!(batch.missing_ids, [9, 8].map(post_id));
    }

    #[tokio::test]
    async fn a_key_given_twice_is_answered_twice() {
        let ids = [1, 9, 1, 9];
        let batch = posts_read(finds(&ids, whole([1]).into()))
            .batch_get(&query(&ids))
            .await
            .expect("got");
        assert_eq!(batch.posts, whole([1, 1]));
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
        let weights = batch.posts.iter().map(PostView::weight);
        assert_eq!(weights.sum::<u64>(), MAX_BYTES);

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
            .returning(|_, _, _, _| Err(RepositoryError::TooLarge));
        let error = posts_read(reader).batch_get(&query(&[1])).await;
        assert!(matches!(error, Err(Error::ResponseTooLarge)));
    }

    fn with_authors(ids: &[u64]) -> BatchGetPosts {
        let mut query = query(ids);
        query.mask = PostMask {
            fields: Fields::none().with(PostField::Content),
            author: Some(Fields::all()),
        };
        query
    }

    /// Finds a post, as a batch with authors reads it.
    fn finds_with_author(post: PostView) -> MockPostReader {
        let mut reader = MockPostReader::new();
        reader
            .expect_find_many()
            .withf(|_, _, fields, each_weighs| {
                let content = Fields::none().with(PostField::Content);
                *fields == content.with(PostField::AuthorId) && *each_weighs == User::MAX_BYTES
            })
            .once()
            .return_once(move |_, _, _, _| Ok(vec![post]));
        reader
    }

    #[tokio::test]
    async fn authors_are_read_at_once_and_put_to_each_post() {
        let read = relations::fields(&with_authors(&[]).mask);
        let mut authors = MockUserReader::new();
        authors
            .expect_find_many()
            .withf(|ids, trash, _| *ids == [user_id(1)] && *trash == Trash::Include)
            .once()
            .returning(|_, _, _| Ok(vec![user(1).into()]));
        let reader = finds_with_author(PostView::of(post(1), &read));
        let query = with_authors(&[1, 1]);
        let batch = posts_with_authors(reader, authors).batch_get(&query).await;
        let expected = PostView {
            author: Some(Box::new(user(1).into())),
            ..PostView::of(post(1), &query.mask.fields)
        };
        assert_eq!(batch.expect("got").posts, [expected.clone(), expected]);
    }

    #[tokio::test]
    async fn authors_count_towards_the_size_and_are_not_read_in_vain() {
        let third = heavy(1, MAX_BYTES / 3);
        let reader = finds_with_author(third);
        let error = posts_with_authors(reader, MockUserReader::new())
            .batch_get(&with_authors(&[1, 1, 1]))
            .await;
        assert!(matches!(error, Err(Error::ResponseTooLarge)));
    }
}
