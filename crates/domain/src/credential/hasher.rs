//! The port through which passwords are hashed, which is slow on purpose.
#![cfg_attr(
    feature = "testing",
    allow(
        clippy::ref_option_ref,
        reason = "mockall makes it of a reference that is optional"
    )
)]

use std::any::Any;

use async_trait::async_trait;

use super::{Credential, NewPassword, Password};
use crate::access::Caller;
use crate::error::Source;
use crate::request::{Digest, Request};

/// Why a password was not hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// As many passwords wait to be hashed as may.
    #[error("as many passwords wait to be hashed as may")]
    Busy,
    /// The caller has as many of those as one may have.
    #[error("the caller has as many passwords waiting to be hashed as one may")]
    ShareExceeded,
    /// A defect, or too little memory.
    #[error("a password could not be hashed")]
    Internal(#[source] Source),
}

/// A place among those who have passwords hashed; free again when it is dropped.
#[derive(Debug)]
pub struct HashingPlace(
    #[expect(dead_code, reason = "it is held, and dropped")] Box<dyn Any + Send + Sync>,
);

impl HashingPlace {
    /// The place that is taken for as long as `guard` is kept.
    pub fn new(guard: impl Any + Send + Sync) -> Self {
        Self(Box::new(guard))
    }
}

/// What became of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is another password, or there is none.
    Wrong,
    /// It is that password.
    Right {
        /// Whether to keep from now on what [`PasswordHasher::hash`] makes of it, since what is
        /// kept is weaker. Never where the end of the password was not compared: nobody knows
        /// whether that is right.
        outdated: bool,
    },
}

/// Hashes passwords. Each call hashes by turns with others, and is given up when it is dropped.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Takes a place for what that caller is to have hashed next, one after the other; `Busy` where
    /// there is none, `ShareExceeded` where others are to have what is left. MUST NOT wait.
    fn admit(&self, caller: &Caller) -> Result<HashingPlace, HashError>;

    /// What is to be kept of the password.
    async fn hash(
        &self,
        place: &HashingPlace,
        password: &Password,
    ) -> Result<Credential, HashError>;

    /// Compares the password with what is kept. MUST take as long whatever comes of it, and where
    /// nothing is kept as long as with a hash that [`Self::hash`] makes. What was made by a
    /// pepper that is not there is `Wrong`.
    async fn verify<'a>(
        &self,
        place: &HashingPlace,
        password: &Password,
        kept: Option<&'a Credential>,
    ) -> Result<Verdict, HashError>;

    /// The digest of a request in which that password is beside what its digest is of already.
    /// MUST be as hard to guess the password from as from a hash that [`Self::hash`] makes, and
    /// the same in each process of the same settings.
    async fn seal(
        &self,
        place: &HashingPlace,
        request: &Request,
        password: &NewPassword,
    ) -> Result<Digest, HashError>;
}
