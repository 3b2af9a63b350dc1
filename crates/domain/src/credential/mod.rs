//! Passwords: how they are typed, what is kept of them, and how their guessing is slowed down.

mod common;
mod hash;
mod hasher;
mod password;
mod ports;
mod throttle;

pub use self::hash::{
    Argon2, Argon2Variant, Argon2Version, Bcrypt, MAX_MEMORY_KIB, MAX_PARALLELISM, MAX_WORK_KIB,
    PasswordHash, Pbkdf2, Pbkdf2Digest, Scheme, Scrypt,
};
#[cfg(feature = "testing")]
pub use self::hasher::MockPasswordHasher;
pub use self::hasher::{HashError, HashingPlace, PasswordHasher, Verdict};
pub use self::password::{NewPassword, Password};
pub use self::ports::{CredentialReader, CredentialRepository, Throttle};
#[cfg(feature = "testing")]
pub use self::ports::{MockCredentialReader, MockCredentialRepository, MockThrottle};
pub use self::throttle::{
    AccountKey, CALLER_WINDOW, FIRST_WAIT, FORGOTTEN_AFTER, FREE_FAILURES, Failures, LONGEST_WAIT,
    Taken,
};
use crate::user::User;

/// Which of several peppers a hash was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PepperVersion(u16);

impl PepperVersion {
    /// The version of that number; `None` for 0.
    pub const fn new(number: u16) -> Option<Self> {
        if number > 0 { Some(Self(number)) } else { None }
    }

    /// The number, from 1 on.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// Who made a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This program, of the prepared password, by the pepper of that version if there is one.
    Here(Option<PepperVersion>),
    /// Somebody else, of what was typed and nothing beside.
    Elsewhere,
}

/// What is kept of the password of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The hash.
    pub hash: PasswordHash,
    /// Who made it.
    pub origin: Origin,
}

/// A user, and what is kept of the password if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub user: User,
    /// What is kept of the user's password.
    pub credential: Option<Credential>,
}
