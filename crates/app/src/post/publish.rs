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

#[cfg(test)]
mod tests {
    use byline_domain::testing::fixtures::{post_id, time};
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};

    use super::*;
    use crate::testing::{Expects, current, now, post, posts, stale};

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
        let second = MockUnitOfWork::abandoned().holds_post(&after);
        let posts = posts(begins([first, second]));
        for _ in 0..2 {
            let answer = posts.set_published(command(true, None)).await;
            assert_eq!(answer.expect("published"), after);
        }
    }

    #[tokio::test]
    async fn what_is_published_keeps_its_time() {
        let before = published(200);
        let unit = MockUnitOfWork::abandoned().holds_post(&before);
        let answer = posts(begins([unit]))
            .set_published(command(true, None))
            .await;
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
        let second = MockUnitOfWork::abandoned().holds_post(&after);
        let posts = posts(begins([first, second]));
        for _ in 0..2 {
            let answer = posts.set_published(command(false, None)).await;
            assert_eq!(answer.expect("taken back"), after);
        }
    }

    #[tokio::test]
    async fn only_the_expected_state_is_published() {
        let unit = MockUnitOfWork::abandoned().holds_post(&post(1));
        let error = posts(begins([unit]))
            .set_published(command(true, stale()))
            .await;
        assert!(matches!(error, Err(Error::EtagMismatch { .. })));

        let unit = MockUnitOfWork::committed()
            .holds_post(&post(1))
            .replaces_post(&post(1), &published(1_000));
        let answer = posts(begins([unit]))
            .set_published(command(true, current(&post(1).lifecycle)))
            .await;
        assert!(answer.expect("published").is_published());
    }
}
