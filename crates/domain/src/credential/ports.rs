//! The ports through which credentials are read and written, and failures counted.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Account, AccountKey, Credential, Taken};
use crate::error::RepositoryError;
use crate::ids::UserId;
use crate::user::Email;

/// Reads users along with what is kept of their passwords, outside any unit of work. MUST cost
/// the database one statement, whoever is found.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait CredentialReader: Send + Sync {
    /// The user of that id, in the trash or not.
    async fn find(&self, id: UserId) -> Result<Option<Account>, RepositoryError>;

    /// The living user of that address, in any letter case.
    async fn find_by_email(&self, email: &Email) -> Result<Option<Account>, RepositoryError>;
}

/// Changes what is kept of passwords, inside a unit of work. What is kept of a user goes for
/// good when the user does, and stays while the user is in the trash.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait CredentialRepository: Send {
    /// What is kept of the user's password.
    async fn find(&mut self, user: UserId) -> Result<Option<Credential>, RepositoryError>;

    /// Keeps that from now on, whatever was kept before, and forgets the failures of the user,
    /// which were guesses at another password. The caller holds the user; of one whom nobody
    /// has it is `Contention` or `Internal`.
    async fn put(
        &mut self,
        user: UserId,
        credential: &Credential,
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError>;

    /// Keeps `anew` of the same password, if what is kept is still `before`. Returns whether it
    /// was.
    async fn replace(
        &mut self,
        user: UserId,
        before: &Credential,
        anew: &Credential,
    ) -> Result<bool, RepositoryError>;
}

/// Counts failures, in a place that all replicas share.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Throttle: Send + Sync {
    /// Counts an attempt, before it is known what becomes of it, as a failure of the caller
    /// and then of the account, by the rules of [`Failures`](super::Failures);
    /// `most` are let through of a caller. MUST take effect at once and for all who come after
    /// it, so that of many at a time no more are counted than one after the other. MUST cost the
    /// database one statement, whatever becomes of it. Where the caller waits, nothing is kept
    /// of the account, so that a caller makes no more to be kept than `most` a minute.
    async fn take(
        &self,
        caller: &str,
        account: &AccountKey,
        most: u32,
        now: DateTime<Utc>,
    ) -> Result<Taken, RepositoryError>;

    /// Takes back an attempt that was counted and was right: one failure of the caller, and all
    /// of the account.
    async fn give_back(&self, caller: &str, account: &AccountKey) -> Result<(), RepositoryError>;
}
