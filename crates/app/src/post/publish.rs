//! Publishing a post, and taking that back.

use async_trait::async_trait;
use byline_domain::ids::PostId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::post::{Post, PostChanges};
use byline_domain::unit_of_work::UnitOfWork;

use super::UpdatePost;
use crate::{Error, Mutation, Terms};

/// Publishes a post or takes that back. One that is so already is answered as it is:
/// whoever tries again after a lost answer meets no error.
#[derive(Clone, Debug)]
pub struct SetPublished {
    /// Which post.
    pub id: PostId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
    /// Whether it is to be published.
    pub published: bool,
}

#[async_trait]
impl Mutation for SetPublished {
    type Output = Post;

    async fn make(&self, unit: &mut dyn UnitOfWork, terms: &Terms) -> Result<Post, Error> {
        let update = UpdatePost {
            id: self.id,
            etag: self.etag.clone(),
            changes: PostChanges {
                published: Some(self.published),
                ..PostChanges::default()
            },
        };
        update.make(unit, terms).await
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::testing::fixtures::{post_id, time};
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};

    use super::*;
    use crate::testing::{Expects, current, now, post, run, stale};

    fn command(published: bool, etag: Option<ExpectedEtag>) -> SetPublished {
        SetPublished {
            id: post_id(1),
            etag,
            published,
        }
    }

    /// Post 1, published in that second of the year.
    fn published(seconds: i64) -> Post {
        let mut post = post(1);
        post.published_at = Some(time(seconds));
        post.lifecycle.touch(time(seconds));
        post
    }

    #[tokio::test]
    async fn publishing_twice_writes_once() {
        let after = published(1_000);
        assert_eq!(after.published_at, Some(now()));
        let first = MockUnitOfWork::committed()
            .holds_post(&post(1))
            .replaces_post(&post(1), &after);
        let second = MockUnitOfWork::committed().holds_post(&after);
        for unit in [first, second] {
            let answer = run(begins([unit]), command(true, None)).await;
            assert_eq!(answer.expect("published"), after);
        }
    }

    #[tokio::test]
    async fn what_is_published_keeps_its_time() {
        let before = published(200);
        let unit = MockUnitOfWork::committed().holds_post(&before);
        let answer = run(begins([unit]), command(true, None)).await;
        assert_eq!(answer.expect("answered as it is"), before);
    }

    #[tokio::test]
    async fn taking_back_twice_writes_once() {
        let before = published(200);
        let mut after = before.clone();
        after.published_at = None;
        after.lifecycle.touch(now());
        let first = MockUnitOfWork::committed()
            .holds_post(&before)
            .replaces_post(&before, &after);
        let second = MockUnitOfWork::committed().holds_post(&after);
        for unit in [first, second] {
            let answer = run(begins([unit]), command(false, None)).await;
            assert_eq!(answer.expect("taken back"), after);
        }
    }

    #[tokio::test]
    async fn only_the_expected_state_is_published() {
        let unit = MockUnitOfWork::abandoned().holds_post(&post(1));
        let error = run(begins([unit]), command(true, stale())).await;
        assert!(matches!(error, Err(Error::EtagMismatch { .. })));

        let unit = MockUnitOfWork::committed()
            .holds_post(&post(1))
            .replaces_post(&post(1), &published(1_000));
        let answer = run(begins([unit]), command(true, current(&post(1).lifecycle))).await;
        assert!(answer.expect("published").is_published());
    }
}
