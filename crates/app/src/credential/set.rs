//! Setting a password.

use async_trait::async_trait;
use byline_domain::access::Caller;
use byline_domain::audit::{Action, Deed};
use byline_domain::credential::{
    AccountKey, Credential, HashingPlace, NewPassword, Password, Verdict,
};
use byline_domain::ids::UserId;
use byline_domain::unit_of_work::UnitOfWork;

use super::{Attempt, Credentials, hold};
use crate::{Answer, Error, Intent, Mutation, Render, Terms};

/// The password to set.
#[derive(Clone, Debug)]
pub struct SetPassword {
    /// Whose.
    pub user: UserId,
    /// What it is to be.
    pub new: NewPassword,
    /// What it was, if that is to be compared first.
    pub current: Option<Password>,
}

impl Credentials {
    /// Sets the password of a user who is not in the trash.
    ///
    /// With `current` it has to be the present one, which counts as a verification does:
    /// `PasswordNotVerified`, `TooManyFailures`. `PasswordOfUser` where it is the user's own
    /// address or name; `TooManyVerifications` where no more passwords can be hashed now, and
    /// `VerificationShareExceeded` where no more of that caller can. All
    /// hashing is done before the unit of work begins, which so holds nothing for long.
    pub async fn set<R: Render<()>>(
        &self,
        caller: &Caller,
        command: &SetPassword,
        mut intent: Intent,
        render: &R,
    ) -> Result<Answer<R::Told>, Error> {
        let hasher = self.ports.hasher.as_ref();
        let place = hasher.admit(caller)?;
        if let Some(request) = &mut intent.request {
            request.digest = hasher.seal(&place, request, &command.new).await?;
        }
        let expected = match &command.current {
            None => Present::Any,
            Some(current) => match self.verified(caller, &place, command.user, current).await {
                Ok(Some(verified)) => Present::Verified(verified),
                Ok(None) => Present::NotThere,
                Err(Error::PasswordNotVerified) => {
                    // Not the present one any more, if this is the retry of what set another.
                    return match &intent.request {
                        Some(request) => {
                            let recorded = self.writer.recorded(request).await?;
                            recorded
                                .map(Answer::Recorded)
                                .ok_or(Error::PasswordNotVerified)
                        }
                        None => Err(Error::PasswordNotVerified),
                    };
                }
                Err(error) => return Err(error),
            },
        };
        let put = Put {
            user: command.user,
            new: &command.new,
            credential: hasher.hash(&place, command.new.as_password()).await?,
            expected,
        };
        drop(place);
        self.writer.write(&put, &intent, render).await
    }

    /// What is kept of the password, which is this one; `None` where the user is not there or
    /// in the trash, which the change finds by itself.
    async fn verified(
        &self,
        caller: &Caller,
        place: &HashingPlace,
        user: UserId,
        password: &Password,
    ) -> Result<Option<Credential>, Error> {
        let found = self.ports.reader.find(user).await?;
        let Some(found) = found.filter(|found| !found.user.lifecycle.is_deleted()) else {
            return Ok(None);
        };
        let attempt = Attempt {
            caller: caller.id(),
            account: AccountKey::User(user),
            kept: found.credential.as_ref(),
            password,
        };
        match self.compare(place, &attempt).await? {
            Verdict::Wrong => Err(Error::PasswordNotVerified),
            Verdict::Right { .. } => {
                self.give_back(&attempt).await?;
                Ok(found.credential)
            }
        }
    }
}

/// Keeps what was hashed.
struct Put<'a> {
    user: UserId,
    new: &'a NewPassword,
    credential: Credential,
    expected: Present,
}

/// Which password may be replaced.
enum Present {
    /// Whatever is kept.
    Any,
    /// What was verified, if it is kept still.
    Verified(Credential),
    /// None: the user was not there, or in the trash, when it was to be verified.
    NotThere,
}

#[async_trait]
impl Mutation for Put<'_> {
    type Output = ();

    async fn make(&self, unit: &mut dyn UnitOfWork, terms: &Terms) -> Result<(), Error> {
        let user = hold(unit, self.user).await?;
        if self.new.is_of(&user) {
            return Err(Error::PasswordOfUser);
        }
        let may_be_replaced = match &self.expected {
            Present::Any => true,
            Present::Verified(kept) => {
                unit.credentials().find(self.user).await?.as_ref() == Some(kept)
            }
            // Who has come out of the trash meanwhile was not verified.
            Present::NotThere => false,
        };
        if !may_be_replaced {
            return Err(Error::Contention(
                "the password was changed meanwhile".into(),
            ));
        }
        unit.credentials()
            .put(self.user, &self.credential, terms.now)
            .await?;
        unit.audit()
            .note(Deed::to_user(Action::UserPasswordSet, self.user));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::error::Resource;
    use byline_domain::request::Digest;
    use byline_domain::testing::fixtures::{user, user_id};
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};
    use mockall::predicate::eq;

    use super::super::testing::{
        CALLER, Parts, Silent, account, kept, kept_anew, new_password, password, request, right,
    };
    use super::*;
    use crate::Precondition;
    use crate::testing::{Expects, deleted_user, now};

    fn command(current: Option<Password>) -> SetPassword {
        SetPassword {
            user: user_id(1),
            new: new_password(),
            current,
        }
    }

    fn puts(mut unit: MockUnitOfWork) -> MockUnitOfWork {
        unit.credentials
            .expect_put()
            .with(eq(user_id(1)), eq(kept_anew()), eq(now()))
            .once()
            .returning(|_, _, _| Ok(()));
        unit
    }

    fn still_keeps(mut unit: MockUnitOfWork, credential: Option<Credential>) -> MockUnitOfWork {
        unit.credentials
            .expect_find()
            .with(eq(user_id(1)))
            .returning(move |_| Ok(credential.clone()));
        unit
    }

    async fn set(
        mut parts: Parts,
        units: impl IntoIterator<Item = MockUnitOfWork>,
        command: SetPassword,
        intent: Intent,
    ) -> Result<Answer<()>, Error> {
        parts.units_of_writer = begins(units);
        let credentials = parts.credentials();
        credentials.set(&CALLER, &command, intent, &Silent).await
    }

    #[tokio::test]
    async fn without_the_current_one_the_new_one_is_kept_whatever_was_kept() {
        let unit = puts(MockUnitOfWork::committed()).holds_user(&user(1));
        let parts = Parts::new().hashes(kept_anew());
        let answer = set(parts, [unit], command(None), Intent::default()).await;
        assert_eq!(answer.expect("set"), Answer::Made(()));
    }

    #[tokio::test]
    async fn the_current_one_is_verified_and_is_no_failure() {
        let unit = puts(MockUnitOfWork::committed()).holds_user(&user(1));
        let unit = still_keeps(unit, Some(kept()));
        let parts = Parts::new()
            .finds(account(user(1), Some(kept())))
            .takes(AccountKey::User(user_id(1)))
            .compares(Some(kept()), right(false))
            .gives_back(AccountKey::User(user_id(1)))
            .hashes(kept_anew());
        let with = command(Some(password()));
        let answer = set(parts, [unit], with, Intent::default()).await;
        assert_eq!(answer.expect("set"), Answer::Made(()));
    }

    #[tokio::test]
    async fn a_wrong_current_one_changes_nothing() {
        for credential in [Some(kept()), None] {
            let parts = Parts::new()
                .finds(account(user(1), credential.clone()))
                .takes(AccountKey::User(user_id(1)))
                .compares(credential, Verdict::Wrong);
            let with = command(Some(password()));
            let refused = set(parts, [], with, Intent::default()).await;
            assert!(matches!(refused, Err(Error::PasswordNotVerified)));
        }
    }

    #[tokio::test]
    async fn what_was_changed_since_it_was_verified_is_not_overwritten() {
        let units = (0..=crate::writer::RETRIES).map(|_| {
            let unit = MockUnitOfWork::abandoned().holds_user(&user(1));
            still_keeps(unit, Some(kept_anew()))
        });
        let parts = Parts::new()
            .finds(account(user(1), Some(kept())))
            .takes(AccountKey::User(user_id(1)))
            .compares(Some(kept()), right(false))
            .gives_back(AccountKey::User(user_id(1)))
            .hashes(kept_anew());
        let with = command(Some(password()));
        let refused = set(parts, units, with, Intent::default()).await;
        assert!(matches!(refused, Err(Error::Contention(_))));
    }

    #[tokio::test]
    async fn a_retry_is_answered_though_the_current_password_is_another_by_now() {
        let sealed = Digest([9; 32]);
        let intent = Intent {
            request: Some(request(Digest([7; 32]))),
            ..Intent::default()
        };
        let mut unit = MockUnitOfWork::abandoned();
        unit.requests
            .expect_claim()
            .with(eq(request(sealed)), eq(now()))
            .once()
            .returning(move |request, _| {
                Ok(Some(byline_domain::request::RequestRecord {
                    method: request.method.to_owned(),
                    digest: request.digest,
                    response: b"set".to_vec(),
                }))
            });
        let parts = Parts::new()
            .seals(sealed)
            .finds(account(user(1), Some(kept())))
            .takes(AccountKey::User(user_id(1)))
            .compares(Some(kept()), Verdict::Wrong);
        let answer = set(parts, [unit], command(Some(password())), intent).await;
        assert_eq!(answer.expect("answered"), Answer::Recorded(b"set".to_vec()));
    }

    #[tokio::test]
    async fn a_wrong_current_one_under_a_new_id_is_no_retry() {
        let sealed = Digest([9; 32]);
        let intent = Intent {
            request: Some(request(Digest([7; 32]))),
            ..Intent::default()
        };
        let mut unit = MockUnitOfWork::abandoned();
        unit.requests
            .expect_claim()
            .once()
            .returning(|_, _| Ok(None));
        let parts = Parts::new()
            .seals(sealed)
            .finds(account(user(1), Some(kept())))
            .takes(AccountKey::User(user_id(1)))
            .compares(Some(kept()), Verdict::Wrong);
        let refused = set(parts, [unit], command(Some(password())), intent).await;
        assert!(matches!(refused, Err(Error::PasswordNotVerified)));
    }

    #[tokio::test]
    async fn who_is_not_there_is_not_found_and_who_is_in_the_trash_is_told_so() {
        for current in [None, Some(password())] {
            let mut parts = Parts::new().hashes(kept_anew());
            parts.reader.expect_find().returning(|_| Ok(None));
            let unit = MockUnitOfWork::abandoned().misses_user(user_id(1));
            let refused = set(parts, [unit], command(current.clone()), Intent::default()).await;
            assert!(matches!(
                refused,
                Err(Error::NotFound {
                    resource: Resource::User,
                    ..
                })
            ));

            let mut parts = Parts::new().hashes(kept_anew());
            let found = || Some(account(deleted_user(1), Some(kept())));
            parts.reader.expect_find().returning(move |_| Ok(found()));
            let unit = MockUnitOfWork::abandoned().holds_user(&deleted_user(1));
            let refused = set(parts, [unit], command(current), Intent::default()).await;
            assert!(matches!(
                refused,
                Err(Error::Precondition(Precondition::UserInTrash { .. }))
            ));
        }
    }

    #[tokio::test]
    async fn who_comes_out_of_the_trash_meanwhile_was_not_verified() {
        let units =
            (0..=crate::writer::RETRIES).map(|_| MockUnitOfWork::abandoned().holds_user(&user(1)));
        let mut parts = Parts::new().hashes(kept_anew());
        let found = || Some(account(deleted_user(1), Some(kept())));
        parts.reader.expect_find().returning(move |_| Ok(found()));
        let with = command(Some(password()));
        let refused = set(parts, units, with, Intent::default()).await;
        assert!(matches!(refused, Err(Error::Contention(_))));
    }

    #[tokio::test]
    async fn the_users_own_address_is_no_password() {
        let own = SetPassword {
            new: NewPassword::parse("User-1@Example.com").expect("it is long enough"),
            ..command(None)
        };
        let unit = MockUnitOfWork::abandoned().holds_user(&user(1));
        let parts = Parts::new().hashes(kept_anew());
        let refused = set(parts, [unit], own, Intent::default()).await;
        assert!(matches!(refused, Err(Error::PasswordOfUser)));
    }

    #[tokio::test]
    async fn without_a_place_nothing_is_done() {
        let refused = set(Parts::full(), [], command(None), Intent::default()).await;
        assert!(matches!(refused, Err(Error::TooManyVerifications)));
    }
}
