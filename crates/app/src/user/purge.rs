//! Removing a user for good.

use async_trait::async_trait;
use byline_domain::audit::{Action, Deed};
use byline_domain::ids::UserId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWork;

use super::lock;
use crate::{Error, Mutation, Precondition, Terms};

/// Removes a user from the trash for good, and the user's posts, which are in
/// the trash too.
#[derive(Clone, Debug)]
pub struct PurgeUser {
    /// Whom.
    pub id: UserId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
}

#[async_trait]
impl Mutation for PurgeUser {
    type Output = ();

    async fn make(&self, unit: &mut dyn UnitOfWork, _terms: &Terms) -> Result<(), Error> {
        let user = lock(unit, self.id, Trash::Include, self.etag.as_ref()).await?;
        if !user.lifecycle.is_deleted() {
            return Err(Precondition::UserNotInTrash { user: self.id }.into());
        }
        unit.users().purge(self.id).await?;
        unit.audit()
            .note(Deed::to_user(Action::UserPurged, self.id));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::testing::fixtures::{user, user_id};
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};
    use mockall::predicate::eq;

    use super::*;
    use crate::testing::{Expects, contention, current, deleted_user, run, stale};

    fn command(etag: Option<ExpectedEtag>) -> PurgeUser {
        PurgeUser {
            id: user_id(1),
            etag,
        }
    }

    fn purges(mut unit: MockUnitOfWork) -> MockUnitOfWork {
        unit.users
            .expect_purge()
            .with(eq(user_id(1)))
            .once()
            .returning(|_| Ok(true));
        unit.holds_user(&deleted_user(1))
    }

    #[tokio::test]
    async fn who_is_in_the_trash_is_removed_for_good() {
        for etag in [None, current(&deleted_user(1).lifecycle)] {
            let unit = purges(MockUnitOfWork::committed());
            let answer = run(begins([unit]), command(etag)).await;
            answer.expect("purged");
        }
    }

    #[tokio::test]
    async fn purge_only_from_the_trash() {
        let unit = MockUnitOfWork::abandoned().holds_user(&user(1));
        let error = run(begins([unit]), command(None)).await;
        assert!(matches!(
            error,
            Err(Error::Precondition(Precondition::UserNotInTrash { user })) if user == user_id(1)
        ));
    }

    #[tokio::test]
    async fn purging_twice_is_not_found() {
        let unit = MockUnitOfWork::abandoned().misses_user(user_id(1));
        let error = run(begins([unit]), command(None)).await;
        assert!(matches!(error, Err(Error::NotFound { .. })));
    }

    #[tokio::test]
    async fn a_stale_etag_purges_nobody() {
        let unit = MockUnitOfWork::abandoned().holds_user(&deleted_user(1));
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
