//! The use cases of passwords over mocks.

use std::sync::{Arc, LazyLock};

use byline_domain::access::{Caller, CallerName, Scopes, Way};
use byline_domain::credential::{
    Account, AccountKey, Argon2, Argon2Variant, Argon2Version, Credential, HashError, HashingPlace,
    NewPassword, Origin, Password, PasswordHash, PepperVersion, Taken, Verdict,
};
use byline_domain::ids::RequestId;
use byline_domain::lifecycle::Retention;
use byline_domain::request::{Digest, Request};
use byline_domain::testing::fixtures::{FixedClock, user_id};
use byline_domain::testing::mocks::{
    MockCredentialReader, MockPasswordHasher, MockThrottle, MockUnitOfWorkFactory, begins,
};
use byline_domain::user::User;
use mockall::predicate::eq;

use super::{CredentialPorts, Credentials};
use crate::testing::{never_waits, now};
use crate::{Render, Writer};

/// Who calls.
pub(super) static CALLER: LazyLock<Caller> = LazyLock::new(|| {
    let name = CallerName::parse("shop").expect("a name");
    Caller::new(Way::Key, &name, Scopes::NONE)
});

/// How often a caller may fail.
const MOST: u32 = 100;

pub(super) fn password() -> Password {
    Password::parse("tell nobody").expect("a password")
}

pub(super) fn new_password() -> NewPassword {
    NewPassword::parse("tell nobody else").expect("a new password")
}

fn hash(number: u8) -> PasswordHash {
    let made = Argon2 {
        variant: Argon2Variant::Id,
        version: Argon2Version::V19,
        memory_kib: 64,
        iterations: 1,
        parallelism: 1,
    };
    PasswordHash::argon2(made, vec![number; 16], vec![number; 32]).expect("within the bounds")
}

/// From elsewhere.
pub(super) fn kept() -> Credential {
    Credential {
        hash: hash(1),
        origin: Origin::Elsewhere,
    }
}

/// Made here.
pub(super) fn kept_anew() -> Credential {
    Credential {
        hash: hash(2),
        origin: Origin::Here(PepperVersion::new(1)),
    }
}

pub(super) fn right(outdated: bool) -> Verdict {
    Verdict::Right { outdated }
}

pub(super) fn account(user: User, credential: Option<Credential>) -> Account {
    Account { user, credential }
}

pub(super) fn request(digest: Digest) -> Request {
    Request {
        id: RequestId::from_uuid(user_id(99).as_uuid()),
        method: "CredentialService/SetPassword",
        digest,
    }
}

/// Answers nothing.
pub(super) struct Silent;

impl Render<()> for Silent {
    type Told = ();

    fn tell(&self, (): ()) {}

    fn bytes(&self, (): &()) -> Vec<u8> {
        Vec::new()
    }
}

/// What the use cases are made of, and what is expected of it.
pub(super) struct Parts {
    pub(super) reader: MockCredentialReader,
    pub(super) throttle: MockThrottle,
    hasher: MockPasswordHasher,
    pub(super) units: MockUnitOfWorkFactory,
    pub(super) units_of_writer: MockUnitOfWorkFactory,
}

impl Parts {
    /// There is a place, and nothing else is expected.
    pub(super) fn new() -> Self {
        Self::admitting(|| Ok(HashingPlace::new(())))
    }

    /// There is no place.
    pub(super) fn full() -> Self {
        Self::admitting(|| Err(HashError::Busy))
    }

    /// There is none for this caller.
    pub(super) fn share_taken() -> Self {
        Self::admitting(|| Err(HashError::ShareExceeded))
    }

    fn admitting(admit: fn() -> Result<HashingPlace, HashError>) -> Self {
        let mut hasher = MockPasswordHasher::new();
        hasher
            .expect_admit()
            .withf(|caller| *caller == *CALLER)
            .once()
            .returning(move |_| admit());
        Self {
            reader: MockCredentialReader::new(),
            throttle: MockThrottle::new(),
            hasher,
            units: begins([]),
            units_of_writer: begins([]),
        }
    }

    /// User 1 is found by the id.
    pub(super) fn finds(mut self, account: Account) -> Self {
        self.reader
            .expect_find()
            .with(eq(user_id(1)))
            .once()
            .return_once(move |_| Ok(Some(account)));
        self
    }

    /// An attempt at that account is counted.
    pub(super) fn takes(mut self, expected: AccountKey) -> Self {
        self.throttle
            .expect_take()
            .withf(move |caller, account, most, at| {
                (caller, account, *most, *at) == (CALLER.id(), &expected, MOST, now())
            })
            .once()
            .returning(|_, _, _, _| Ok(Taken::Counted));
        self
    }

    /// That becomes of an attempt.
    pub(super) fn attempt_becomes(mut self, taken: Taken) -> Self {
        self.throttle
            .expect_take()
            .once()
            .returning(move |_, _, _, _| Ok(taken));
        self
    }

    /// The attempt at that account is given back.
    pub(super) fn gives_back(mut self, expected: AccountKey) -> Self {
        self.throttle
            .expect_give_back()
            .withf(move |caller, account| (caller, account) == (CALLER.id(), &expected))
            .once()
            .returning(|_, _| Ok(()));
        self
    }

    /// The password is compared with that.
    pub(super) fn compares(mut self, expected: Option<Credential>, verdict: Verdict) -> Self {
        self.hasher
            .expect_verify()
            .withf(move |_, given, kept| {
                given.given() == password().given() && *kept == expected.as_ref()
            })
            .once()
            .returning(move |_, _, _| Ok(verdict));
        self
    }

    /// A new password is hashed to that.
    pub(super) fn hashes(mut self, credential: Credential) -> Self {
        self.hasher
            .expect_hash()
            .once()
            .return_once(move |_, _| Ok(credential));
        self
    }

    /// The digest of a request becomes that.
    pub(super) fn seals(mut self, digest: Digest) -> Self {
        self.hasher
            .expect_seal()
            .once()
            .returning(move |_, _, _| Ok(digest));
        self
    }

    pub(super) fn credentials(self) -> Credentials {
        let clock = Arc::new(FixedClock(now()));
        let writer = Writer::new(
            Arc::new(self.units_of_writer),
            clock.clone(),
            Arc::new(never_waits()),
            Retention::DEFAULT,
        );
        let ports = CredentialPorts {
            reader: Arc::new(self.reader),
            throttle: Arc::new(self.throttle),
            hasher: Arc::new(self.hasher),
            units: Arc::new(self.units),
            clock,
        };
        Credentials::new(ports, Arc::new(writer), MOST)
    }
}
