//! Removing a post for good.

use async_trait::async_trait;
use byline_domain::audit::{Action, Deed};
use byline_domain::ids::PostId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWork;

use super::lock;
use crate::{Error, Mutation, Precondition, Terms};

/// Removes a post from the trash for good.
#[derive(Clone, Debug)]
pub struct PurgePost {
    /// Which post.
    pub id: PostId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
}

#[async_trait]
impl Mutation for PurgePost {
    type Output = ();

    async fn make(&self, unit: &mut dyn UnitOfWork, _terms: &Terms) -> Result<(), Error> {
        let post = lock(unit, self.id, Trash::Include, self.etag.as_ref()).await?;
        if !post.lifecycle.is_deleted() {
            return Err(Precondition::PostNotInTrash { post: self.id }.into());
        }
        unit.posts().purge(self.id).await?;
        unit.audit()
            .note(Deed::to_post(Action::PostPurged, self.id));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::testing::fixtures::post_id;
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};
    use mockall::predicate::eq;

    use super::*;
    use crate::testing::{Expects, contention, current, deleted_post, post, run, stale};

    fn command(etag: Option<ExpectedEtag>) -> PurgePost {
        PurgePost {
            id: post_id(1),
            etag,
        }
    }

    fn purges(mut unit: MockUnitOfWork) -> MockUnitOfWork {
        unit.posts
            .expect_purge()
            .with(eq(post_id(1)))
            .once()
            .returning(|_| Ok(true));
        unit.holds_post(&deleted_post(1))
    }

    #[tokio::test]
    async fn what_is_in_the_trash_is_removed_for_good() {
        for etag in [None, current(&deleted_post(1).lifecycle)] {
            let unit = purges(MockUnitOfWork::committed());
            let answer = run(begins([unit]), command(etag)).await;
            answer.expect("purged");
        }
    }

    #[tokio::test]
    async fn purge_only_from_the_trash() {
        let unit = MockUnitOfWork::abandoned().holds_post(&post(1));
        let error = run(begins([unit]), command(None)).await;
        assert!(matches!(
            error,
            Err(Error::Precondition(Precondition::PostNotInTrash { post })) if post == post_id(1)
        ));
    }

    #[tokio::test]
    async fn purging_twice_is_not_found() {
        let unit = MockUnitOfWork::abandoned().misses_post(post_id(1));
        let error = run(begins([unit]), command(None)).await;
        assert!(matches!(error, Err(Error::NotFound { .. })));
    }

    #[tokio::test]
    async fn a_stale_etag_purges_nothing() {
        let unit = MockUnitOfWork::abandoned().holds_post(&deleted_post(1));
        let error = run(begins([unit]), command(stale())).await;
        assert!(matches!(error, Err(Error::EtagMismatch { .. })));
    }

    #[tokio::test]
    async fn contention_at_the_commit_is_retried_with_a_new_unit_of_work() {
        let mut first = purges(MockUnitOfWork::default());
        first
            .ending
            .expect_commit()
            .once()
            .returning(|| Err(contention()));
        let second = purges(MockUnitOfWork::committed());
        let answer = run(begins([first, second]), command(None)).await;
        answer.expect("purged");
    }
}
