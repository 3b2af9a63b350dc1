//! Putting a post in the trash.

use async_trait::async_trait;
use byline_domain::audit::{Action, Deed};
use byline_domain::ids::PostId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::post::{Post, PostHead, PostRewrite};
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWork;

use super::lock;
use crate::{Error, Mutation, Terms};

/// Puts a post in the trash.
#[derive(Clone, Debug)]
pub struct DeletePost {
    /// Which post.
    pub id: PostId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
}

#[async_trait]
impl Mutation for DeletePost {
    type Output = Post;

    async fn make(&self, unit: &mut dyn UnitOfWork, terms: &Terms) -> Result<Post, Error> {
        let mut post = lock(unit, self.id, Trash::Exclude, self.etag.as_ref()).await?;
        let before = PostHead::from(&post);
        post.lifecycle.delete(terms.now, terms.retention);
        let rewrite = PostRewrite::of(&before, PostHead::from(&post), None);
        unit.posts().update_many(&[rewrite]).await?;
        unit.audit()
            .note(Deed::to_post(Action::PostDeleted, self.id));
        Ok(post)
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::error::Resource;
    use byline_domain::lifecycle::Retention;
    use byline_domain::testing::fixtures::post_id;
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};

    use super::*;
    use crate::testing::{Expects, current, deleted_post, now, post, run, stale};

    fn command(etag: Option<ExpectedEtag>) -> DeletePost {
        DeletePost {
            id: post_id(1),
            etag,
        }
    }

    fn gone() -> Post {
        let mut post = post(1);
        post.lifecycle.delete(now(), Retention::DEFAULT);
        post
    }

    #[tokio::test]
    async fn a_post_is_put_in_the_trash() {
        for etag in [None, current(&post(1).lifecycle)] {
            let unit = MockUnitOfWork::committed()
                .holds_post(&post(1))
                .replaces_post(&post(1), &gone());
            let answer = run(begins([unit]), command(etag)).await;
            let answer = answer.expect("deleted");
            assert_eq!(answer, gone());
            assert_eq!(answer.lifecycle.deleted_at(), Some(now()));
        }
    }

    #[tokio::test]
    async fn deleting_twice_is_not_found() {
        let unit = MockUnitOfWork::abandoned().holds_post(&deleted_post(1));
        let error = run(begins([unit]), command(None)).await;
        assert!(matches!(
            error,
            Err(Error::NotFound { resource: Resource::Post, key }) if key == post_id(1).to_string()
        ));
    }

    #[tokio::test]
    async fn what_is_in_the_trash_is_not_found_even_with_a_stale_etag() {
        let unit = MockUnitOfWork::abandoned().holds_post(&deleted_post(1));
        let error = run(begins([unit]), command(stale())).await;
        assert!(matches!(error, Err(Error::NotFound { .. })));
    }

    #[tokio::test]
    async fn a_stale_etag_deletes_nothing() {
        let unit = MockUnitOfWork::abandoned().holds_post(&post(1));
        let error = run(begins([unit]), command(stale())).await;
        assert!(matches!(error, Err(Error::EtagMismatch { .. })));
    }

    #[tokio::test]
    async fn contention_is_retried_with_a_new_unit_of_work() {
        let first = MockUnitOfWork::abandoned().contends_for_post();
        let second = MockUnitOfWork::committed()
            .holds_post(&post(1))
            .replaces_post(&post(1), &gone());
        let answer = run(begins([first, second]), command(None)).await;
        assert_eq!(answer.expect("deleted"), gone());
    }
}
