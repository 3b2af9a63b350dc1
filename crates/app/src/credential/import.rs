//! Importing the hash of a password that another program made.

use async_trait::async_trait;
use byline_domain::audit::{Action, Deed};
use byline_domain::credential::{Credential, Origin, PasswordHash};
use byline_domain::ids::UserId;
use byline_domain::unit_of_work::UnitOfWork;

use super::hold;
use crate::{Error, Mutation, Precondition, Terms};

/// Keeps a hash from elsewhere for a user who is not in the trash. It takes the place of
/// another one from elsewhere, and never of what was made here: an import that is run again
/// brings no old password back.
#[derive(Clone, Debug)]
pub struct ImportPasswordHash {
    /// Whose.
    pub user: UserId,
    /// The hash.
    pub hash: PasswordHash,
}

#[async_trait]
impl Mutation for ImportPasswordHash {
    type Output = ();

    async fn make(&self, unit: &mut dyn UnitOfWork, terms: &Terms) -> Result<(), Error> {
        hold(unit, self.user).await?;
        let kept = unit.credentials().find(self.user).await?;
        if kept.is_some_and(|kept| kept.origin != Origin::Elsewhere) {
            return Err(Precondition::PasswordAlreadySet { user: self.user }.into());
        }
        let credential = Credential {
            hash: self.hash.clone(),
            origin: Origin::Elsewhere,
        };
        unit.credentials()
            .put(self.user, &credential, terms.now)
            .await?;
        unit.audit()
            .note(Deed::to_user(Action::UserPasswordImported, self.user));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::testing::fixtures::{user, user_id};
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};
    use mockall::predicate::eq;

    use super::super::testing::{kept, kept_anew};
    use super::*;
    use crate::testing::{Expects, deleted_user, now, run};

    fn command() -> ImportPasswordHash {
        ImportPasswordHash {
            user: user_id(1),
            hash: kept().hash,
        }
    }

    fn keeps(mut unit: MockUnitOfWork, credential: Option<Credential>) -> MockUnitOfWork {
        unit.credentials
            .expect_find()
            .with(eq(user_id(1)))
            .once()
            .returning(move |_| Ok(credential.clone()));
        unit
    }

    #[tokio::test]
    async fn a_hash_from_elsewhere_is_kept_in_the_place_of_another_or_of_none() {
        for before in [None, Some(kept())] {
            let mut unit = keeps(MockUnitOfWork::committed(), before).holds_user(&user(1));
            unit.credentials
                .expect_put()
                .with(eq(user_id(1)), eq(kept()), eq(now()))
                .once()
                .returning(|_, _, _| Ok(()));
            run(begins([unit]), command()).await.expect("imported");
        }
    }

    #[tokio::test]
    async fn what_was_made_here_stays() {
        let unit = keeps(MockUnitOfWork::abandoned(), Some(kept_anew())).holds_user(&user(1));
        let refused = run(begins([unit]), command()).await;
        assert!(matches!(
            refused,
            Err(Error::Precondition(Precondition::PasswordAlreadySet { user })) if user == user_id(1)
        ));
    }

    #[tokio::test]
    async fn nobody_in_the_trash_or_nowhere_is_given_one() {
        let unit = MockUnitOfWork::abandoned().holds_user(&deleted_user(1));
        let refused = run(begins([unit]), command()).await;
        assert!(matches!(
            refused,
            Err(Error::Precondition(Precondition::UserInTrash { .. }))
        ));
        let unit = MockUnitOfWork::abandoned().misses_user(user_id(1));
        let refused = run(begins([unit]), command()).await;
        assert!(matches!(refused, Err(Error::NotFound { .. })));
    }
}
