//! Taking a post out of the trash.

use async_trait::async_trait;
use byline_domain::audit::{Action, Deed};
use byline_domain::error::Resource;
use byline_domain::ids::PostId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::post::{Post, PostHead, PostRewrite};
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWork;

use super::{hold_living_author, lock};
use crate::{Error, Mutation, Terms};

/// Takes a post out of the trash, unless its author is in it.
#[derive(Clone, Debug)]
pub struct UndeletePost {
    /// Which post.
    pub id: PostId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
}

#[async_trait]
impl Mutation for UndeletePost {
    type Output = Post;

    async fn make(&self, unit: &mut dyn UnitOfWork, terms: &Terms) -> Result<Post, Error> {
        let mut post = lock(unit, self.id, Trash::Include, self.etag.as_ref()).await?;
        if !post.lifecycle.is_deleted() {
            return Err(Error::NotDeleted {
                resource: Resource::Post,
                id: self.id.as_uuid(),
            });
        }
        hold_living_author(unit, post.author_id).await?;
        let before = PostHead::from(&post);
        post.lifecycle.undelete(terms.now);
        let rewrite = PostRewrite::of(&before, PostHead::from(&post), None);
        unit.posts().update_many(&[rewrite]).await?;
        unit.audit()
            .note(Deed::to_post(Action::PostUndeleted, self.id));
        Ok(post)
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::testing::fixtures::{post_id, user, user_id};
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};

    use super::*;
    use crate::Precondition;
    use crate::testing::{Expects, current, deleted_post, deleted_user, now, post, run, stale};

    fn command(etag: Option<ExpectedEtag>) -> UndeletePost {
        UndeletePost {
            id: post_id(1),
            etag,
        }
    }

    fn back() -> Post {
        let mut post = deleted_post(1);
        post.lifecycle.undelete(now());
        post
    }

    #[tokio::test]
    async fn a_post_comes_out_of_the_trash() {
        for etag in [None, current(&deleted_post(1).lifecycle)] {
            let unit = MockUnitOfWork::committed()
                .holds_post(&deleted_post(1))
                .shares_author(&user(1))
                .replaces_post(&deleted_post(1), &back());
            let answer = run(begins([unit]), command(etag)).await;
            let answer = answer.expect("undeleted");
            assert_eq!(answer, back());
            assert!(!answer.lifecycle.is_deleted());
        }
    }

    #[tokio::test]
    async fn undelete_of_the_living_is_refused() {
        let unit = MockUnitOfWork::abandoned().holds_post(&post(1));
        let error = run(begins([unit]), command(None)).await;
        assert!(matches!(
            error,
            Err(Error::NotDeleted { resource: Resource::Post, id }) if id == post_id(1).as_uuid()
        ));
    }

    #[tokio::test]
    async fn a_post_stays_in_the_trash_while_its_author_is_there() {
        let unit = MockUnitOfWork::abandoned()
            .holds_post(&deleted_post(1))
            .shares_author(&deleted_user(1));
        let error = run(begins([unit]), command(None)).await;
        assert!(matches!(
            error,
            Err(Error::Precondition(Precondition::AuthorInTrash { author })) if author == user_id(1)
        ));
    }

    #[tokio::test]
    async fn what_does_not_exist_is_not_found() {
        let unit = MockUnitOfWork::abandoned().misses_post(post_id(1));
        let error = run(begins([unit]), command(None)).await;
        assert!(matches!(
            error,
            Err(Error::NotFound {
                resource: Resource::Post,
                ..
            })
        ));
    }

    #[tokio::test]
    async fn a_stale_etag_leaves_the_post_in_the_trash() {
        let unit = MockUnitOfWork::abandoned().holds_post(&deleted_post(1));
        let error = run(begins([unit]), command(stale())).await;
        assert!(matches!(error, Err(Error::EtagMismatch { .. })));
    }

    #[tokio::test]
    async fn contention_is_retried_with_a_new_unit_of_work() {
        let first = MockUnitOfWork::abandoned().contends_for_post();
        let second = MockUnitOfWork::committed()
            .holds_post(&deleted_post(1))
            .shares_author(&user(1))
            .replaces_post(&deleted_post(1), &back());
        let answer = run(begins([first, second]), command(None)).await;
        assert_eq!(answer.expect("undeleted"), back());
    }
}
