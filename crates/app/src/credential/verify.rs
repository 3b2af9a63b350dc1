//! Verifying a password.

use byline_domain::access::Caller;
use byline_domain::credential::{AccountKey, Credential, HashingPlace, Password, Verdict};
use byline_domain::ids::UserId;
use byline_domain::user::User;

use super::{Attempt, Credentials};
use crate::Error;
use crate::user::UserKey;

/// The password to verify.
#[derive(Clone, Debug)]
pub struct VerifyPassword {
    /// Whose it is said to be.
    pub key: UserKey,
    /// What was typed.
    pub password: Password,
}

impl Credentials {
    /// The user whose password it is.
    ///
    /// `PasswordNotVerified` where it is another one, and in the same way, by the same
    /// statements and as many hashes, where there is no such user, one who is inactive, in the
    /// trash or without a password, or one who waits after too many failures.
    /// `TooManyFailures` where `caller` failed too often, `TooManyVerifications` where no more
    /// passwords can be hashed now, `VerificationShareExceeded` where no more of that caller can. Only a failure that was found out counts for good; a call that is given up
    /// meanwhile counts too.
    pub async fn verify(&self, caller: &Caller, command: &VerifyPassword) -> Result<User, Error> {
        // Before anything is read or counted, so that being busy is no failure.
        let place = self.ports.hasher.admit(caller)?;
        let reader = self.ports.reader.as_ref();
        let found = match &command.key {
            UserKey::Id(id) => reader.find(*id).await?,
            UserKey::Email(email) => reader.find_by_email(email).await?,
        };
        let account = match (&found, &command.key) {
            (Some(account), _) => AccountKey::User(account.user.id),
            (None, UserKey::Id(id)) => AccountKey::User(*id),
            (None, UserKey::Email(email)) => AccountKey::Nobody(email.clone()),
        };
        let attempt = Attempt {
            caller: caller.id(),
            account,
            kept: found.as_ref().and_then(|found| found.credential.as_ref()),
            password: &command.password,
        };
        let verdict = self.compare(&place, &attempt).await?;
        let user = found.as_ref().map(|found| &found.user);
        let user = user.filter(|user| user.is_active && !user.lifecycle.is_deleted());
        let (Verdict::Right { outdated }, Some(user)) = (verdict, user) else {
            return Err(Error::PasswordNotVerified);
        };
        self.give_back(&attempt).await?;
        // Only of one who is verified: whoever is not could else tell a right guess by the time.
        if outdated
            && let Some(before) = attempt.kept
            && let Err(error) = self.renew(&place, user.id, attempt.password, before).await
        {
            tracing::warn!(%error, "a password was not hashed anew; the next success tries again");
        }
        Ok(user.clone())
    }

    /// Keeps the same password as it would be kept now. Where somebody changed it meanwhile,
    /// theirs stays.
    async fn renew(
        &self,
        place: &HashingPlace,
        user: UserId,
        password: &Password,
        before: &Credential,
    ) -> Result<(), Error> {
        let anew = self.ports.hasher.hash(place, password).await?;
        let mut unit = self.ports.units.begin().await?;
        unit.credentials().replace(user, before, &anew).await?;
        unit.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::credential::Taken;
    use byline_domain::error::RepositoryError;
    use byline_domain::testing::fixtures::{email, time, user, user_id};
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};
    use chrono::TimeDelta;
    use mockall::predicate::eq;

    use super::super::testing::{CALLER, Parts, account, kept, kept_anew, password, right};
    use super::*;
    use crate::testing::{contention, deleted_user, now, unavailable};

    fn by_id() -> VerifyPassword {
        VerifyPassword {
            key: UserKey::Id(user_id(1)),
            password: password(),
        }
    }

    fn by_email() -> VerifyPassword {
        VerifyPassword {
            key: UserKey::Email(email("User-1@example.com")),
            ..by_id()
        }
    }

    #[tokio::test]
    async fn the_right_password_answers_its_user_and_is_no_failure() {
        let parts = Parts::new()
            .finds(account(user(1), Some(kept())))
            .takes(AccountKey::User(user_id(1)))
            .compares(Some(kept()), right(false))
            .gives_back(AccountKey::User(user_id(1)));
        let answer = parts.credentials().verify(&CALLER, &by_id()).await;
        assert_eq!(answer.expect("verified"), user(1));
    }

    #[tokio::test]
    async fn one_account_is_counted_by_whatever_it_is_named() {
        let mut parts = Parts::new();
        parts
            .reader
            .expect_find_by_email()
            .with(eq(email("User-1@example.com")))
            .once()
            .returning(|_| Ok(Some(account(user(1), Some(kept())))));
        let parts = parts
            .takes(AccountKey::User(user_id(1)))
            .compares(Some(kept()), right(false))
            .gives_back(AccountKey::User(user_id(1)));
        let answer = parts.credentials().verify(&CALLER, &by_email()).await;
        assert_eq!(answer.expect("verified"), user(1));
    }

    #[tokio::test]
    async fn whoever_cannot_be_verified_is_told_the_same_after_the_same_work() {
        let inactive = User {
            is_active: false,
            ..user(1)
        };
        for (found, verdict) in [
            (Some(account(user(1), Some(kept()))), Verdict::Wrong),
            (Some(account(user(1), None)), Verdict::Wrong),
            (Some(account(inactive, Some(kept()))), right(true)),
            (Some(account(deleted_user(1), Some(kept()))), right(true)),
            (None, Verdict::Wrong),
        ] {
            let credential = found.as_ref().and_then(|found| found.credential.clone());
            let mut parts = Parts::new();
            parts.reader.expect_find().once().return_once(|_| Ok(found));
            let parts = parts
                .takes(AccountKey::User(user_id(1)))
                .compares(credential, verdict);
            let refused = parts.credentials().verify(&CALLER, &by_id()).await;
            assert!(
                matches!(refused, Err(Error::PasswordNotVerified)),
                "{refused:?}"
            );
        }
    }

    #[tokio::test]
    async fn an_address_of_nobody_is_counted_as_such() {
        let mut parts = Parts::new();
        parts
            .reader
            .expect_find_by_email()
            .once()
            .returning(|_| Ok(None));
        let parts = parts
            .takes(AccountKey::Nobody(email("User-1@example.com")))
            .compares(None, Verdict::Wrong);
        let refused = parts.credentials().verify(&CALLER, &by_email()).await;
        assert!(matches!(refused, Err(Error::PasswordNotVerified)));
    }

    #[tokio::test]
    async fn while_the_account_waits_the_right_password_is_as_wrong_as_any() {
        let parts = Parts::new()
            .finds(account(user(1), Some(kept())))
            .attempt_becomes(Taken::AccountWaits)
            .compares(Some(kept()), right(true));
        let refused = parts.credentials().verify(&CALLER, &by_id()).await;
        assert!(matches!(refused, Err(Error::PasswordNotVerified)));
    }

    #[tokio::test]
    async fn a_caller_who_waits_is_told_how_long_and_nothing_is_hashed() {
        let until = now() + TimeDelta::seconds(7);
        let parts = Parts::new()
            .finds(account(user(1), Some(kept())))
            .attempt_becomes(Taken::CallerWaits { until });
        let refused = parts.credentials().verify(&CALLER, &by_id()).await;
        let seven = TimeDelta::seconds(7);
        assert!(matches!(
            refused,
            Err(Error::TooManyFailures { retry_after }) if retry_after == seven
        ));
    }

    #[tokio::test]
    async fn without_a_place_nothing_is_read_and_nothing_counted() {
        let refused = Parts::full().credentials().verify(&CALLER, &by_id()).await;
        assert!(matches!(refused, Err(Error::TooManyVerifications)));
        let credentials = Parts::share_taken().credentials();
        let refused = credentials.verify(&CALLER, &by_id()).await;
        assert!(matches!(refused, Err(Error::VerificationShareExceeded)));
    }

    #[tokio::test]
    async fn what_is_outdated_is_made_anew_at_a_success() {
        let mut unit = MockUnitOfWork::committed();
        unit.credentials
            .expect_replace()
            .with(eq(user_id(1)), eq(kept()), eq(kept_anew()))
            .once()
            .returning(|_, _, _| Ok(true));
        let mut parts = Parts::new()
            .finds(account(user(1), Some(kept())))
            .takes(AccountKey::User(user_id(1)))
            .compares(Some(kept()), right(true))
            .gives_back(AccountKey::User(user_id(1)))
            .hashes(kept_anew());
        parts.units = begins([unit]);
        let answer = parts.credentials().verify(&CALLER, &by_id()).await;
        assert_eq!(answer.expect("verified"), user(1));
    }

    #[tokio::test]
    async fn whoever_is_verified_is_so_though_nothing_could_be_made_anew() {
        let mut unit = MockUnitOfWork::abandoned();
        unit.credentials
            .expect_replace()
            .once()
            .returning(|_, _, _| Err(contention()));
        let mut parts = Parts::new()
            .finds(account(user(1), Some(kept())))
            .takes(AccountKey::User(user_id(1)))
            .compares(Some(kept()), right(true))
            .gives_back(AccountKey::User(user_id(1)))
            .hashes(kept_anew());
        parts.units = begins([unit]);
        let answer = parts.credentials().verify(&CALLER, &by_id()).await;
        assert_eq!(answer.expect("verified"), user(1));
    }

    #[tokio::test]
    async fn a_database_that_is_away_is_not_taken_for_a_wrong_password() {
        let mut parts = Parts::new();
        parts
            .reader
            .expect_find()
            .once()
            .returning(|_| Err(unavailable()));
        let refused = parts.credentials().verify(&CALLER, &by_id()).await;
        assert!(matches!(refused, Err(Error::Unavailable(_))));

        let mut parts = Parts::new().finds(account(user(1), Some(kept())));
        parts
            .throttle
            .expect_take()
            .once()
            .returning(|_, _, _, at| {
                assert_eq!(at, time(1_000));
                Err(RepositoryError::Unavailable("no connection".into()))
            });
        let refused = parts.credentials().verify(&CALLER, &by_id()).await;
        assert!(matches!(refused, Err(Error::Unavailable(_))));
    }
}
