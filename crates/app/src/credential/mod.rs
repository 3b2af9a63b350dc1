//! What can be done with passwords, one use case a file.

mod import;
mod set;
#[cfg(test)]
mod testing;
mod verify;

use std::sync::Arc;

use byline_domain::clock::Clock;
use byline_domain::credential::{
    AccountKey, Credential, CredentialReader, HashError, HashingPlace, Password, PasswordHasher,
    Taken, Throttle, Verdict,
};
use byline_domain::ids::UserId;
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::{UnitOfWork, UnitOfWorkFactory};
use byline_domain::user::User;

pub use self::import::ImportPasswordHash;
pub use self::set::SetPassword;
pub use self::verify::VerifyPassword;
use crate::{Error, Precondition, Writer, held};

/// The ports that the use cases of passwords need.
pub struct CredentialPorts {
    /// Reads accounts.
    pub reader: Arc<dyn CredentialReader>,
    /// Counts failures.
    pub throttle: Arc<dyn Throttle>,
    /// Hashes.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Begins units of work.
    pub units: Arc<dyn UnitOfWorkFactory>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// The use cases of passwords.
pub struct Credentials {
    ports: CredentialPorts,
    writer: Arc<Writer>,
    failures_per_minute: u32,
}

/// A verification: by whom, of which account.
struct Attempt<'a> {
    caller: &'a str,
    account: AccountKey,
    kept: Option<&'a Credential>,
    password: &'a Password,
}

impl Credentials {
    /// The use cases over these ports; `writer` makes the changes. A caller whose verifications
    /// failed `failures_per_minute` times has to wait.
    pub fn new(ports: CredentialPorts, writer: Arc<Writer>, failures_per_minute: u32) -> Self {
        Self {
            ports,
            writer,
            failures_per_minute,
        }
    }

    /// Compares the password, and counts that as a failure before it is known to be none: of
    /// many attempts at once each finds those before it. What waits is hashed all the same, and
    /// is `Wrong`. Whoever finds that it is a success gives it back.
    async fn compare(&self, place: &HashingPlace, attempt: &Attempt<'_>) -> Result<Verdict, Error> {
        let now = self.ports.clock.now();
        let most = self.failures_per_minute;
        let throttle = self.ports.throttle.as_ref();
        let taken = throttle.take(attempt.caller, &attempt.account, most, now);
        let taken = taken.await?;
        if let Taken::CallerWaits { until } = taken {
            return Err(Error::TooManyFailures {
                retry_after: until - now,
            });
        }
        let hasher = self.ports.hasher.as_ref();
        let verdict = hasher.verify(place, attempt.password, attempt.kept).await?;
        Ok(match taken {
            Taken::Counted => verdict,
            Taken::AccountWaits | Taken::CallerWaits { .. } => Verdict::Wrong,
        })
    }

    async fn give_back(&self, attempt: &Attempt<'_>) -> Result<(), Error> {
        let throttle = self.ports.throttle.as_ref();
        throttle.give_back(attempt.caller, &attempt.account).await?;
        Ok(())
    }
}

impl From<HashError> for Error {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::TooManyVerifications,
            HashError::ShareExceeded => Self::VerificationShareExceeded,
            HashError::Internal(source) => Self::Internal(source),
        }
    }
}

/// The user, held for a change of what is kept of the password: not in the trash.
async fn hold(unit: &mut dyn UnitOfWork, id: UserId) -> Result<User, Error> {
    let found = unit.users().find_for_update(id).await?;
    let user = held::expect(found, id.as_uuid(), Trash::Include, None)?;
    if user.lifecycle.is_deleted() {
        return Err(Precondition::UserInTrash { user: id }.into());
    }
    Ok(user)
}
