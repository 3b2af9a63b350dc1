//! Hashes passwords: by which settings ([`HashSettings`]), by which peppers ([`Peppers`]), and on
//! which threads ([`pool`]).

mod compute;
mod pepper;
mod pool;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use byline_domain::access::Caller;
use byline_domain::credential::{
    Argon2, Argon2Variant, Argon2Version, Credential, HashError, HashingPlace, NewPassword, Origin,
    Password, PasswordHash, PasswordHasher, Scheme, Verdict,
};
use byline_domain::request::{Digest, Request};
use chacha20poly1305::aead::Generate;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use self::compute::{argon2, bcrypt_reads_to_its_end, compute};
pub(crate) use self::pepper::Peppers;
use self::pool::Pool;
pub(crate) use self::pool::PoolSettings as HashPoolSettings;

/// The bytes of a new salt and of a new digest.
const SALT_BYTES: usize = 16;
const DIGEST_BYTES: usize = 32;

/// How new hashes are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HashSettings {
    /// The memory of one hash, in KiB.
    pub(crate) memory_kib: u32,
    /// The passes over it.
    pub(crate) iterations: u32,
    /// The lanes of it.
    pub(crate) parallelism: u32,
}

impl HashSettings {
    /// OWASP's, of which no setting is to be less.
    pub(crate) const LEAST: Self = Self {
        memory_kib: 19 * 1024,
        iterations: 2,
        parallelism: 1,
    };

    fn scheme(self) -> Argon2 {
        Argon2 {
            variant: Argon2Variant::Id,
            version: Argon2Version::V19,
            memory_kib: self.memory_kib,
            iterations: self.iterations,
            parallelism: self.parallelism,
        }
    }

    /// Whether a hash of that way is as strong as one of these settings.
    fn are_met_by(self, scheme: Scheme) -> bool {
        match scheme {
            Scheme::Argon2(made) => {
                made.variant == Argon2Variant::Id
                    && made.version == Argon2Version::V19
                    && made.memory_kib >= self.memory_kib
                    && made.iterations >= self.iterations
                    && made.parallelism >= self.parallelism
            }
            Scheme::Scrypt(_) | Scheme::Pbkdf2(_) | Scheme::Bcrypt(_) => false,
        }
    }
}

/// Hashes passwords by Argon2id, each on its turn.
pub(crate) struct Hashing {
    pool: Pool,
    work: Arc<Work>,
}

/// What all turns share.
struct Work {
    settings: HashSettings,
    peppers: Peppers,
    /// Of nobody.
    dummy: Credential,
}

impl Hashing {
    /// Hashes by these settings and peppers, on threads of its own.
    ///
    /// # Panics
    /// If the operating system has no random numbers or no threads to give.
    pub(crate) fn new(settings: HashSettings, peppers: Peppers, pool: HashPoolSettings) -> Self {
        let hash = PasswordHash::argon2(
            settings.scheme(),
            <[u8; SALT_BYTES]>::generate().to_vec(),
            <[u8; DIGEST_BYTES]>::generate().to_vec(),
        );
        let dummy = Credential {
            hash: hash.expect("the options keep to the bounds of hashes"),
            origin: Origin::Here(peppers.first().map(|pepper| pepper.version)),
        };
        let work = Work {
            settings,
            peppers,
            dummy,
        };
        Self {
            pool: Pool::new(pool),
            work: Arc::new(work),
        }
    }

    async fn turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Work) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let shared = Arc::clone(&self.work);
        self.pool.turn(move || work(&shared)).await?
    }
}

#[async_trait]
impl PasswordHasher for Hashing {
    fn admit(&self, caller: &Caller) -> Result<HashingPlace, HashError> {
        self.pool.admit(caller)
    }

    async fn hash(
        &self,
        _place: &HashingPlace,
        password: &Password,
    ) -> Result<Credential, HashError> {
        let password = password.clone();
        self.turn(move |work| work.hash(&password)).await
    }

    async fn verify<'a>(
        &self,
        _place: &HashingPlace,
        password: &Password,
        kept: Option<&'a Credential>,
    ) -> Result<Verdict, HashError> {
        let (password, kept) = (password.clone(), kept.cloned());
        self.turn(move |work| work.verify(&password, kept.as_ref()))
            .await
    }

    async fn seal(
        &self,
        _place: &HashingPlace,
        request: &Request,
        password: &NewPassword,
    ) -> Result<Digest, HashError> {
        let password = password.as_password().clone();
        let request = request.clone();
        self.turn(move |work| work.seal(&request, &password)).await
    }
}

impl Work {
    fn hash(&self, password: &Password) -> Result<Credential, HashError> {
        let pepper = self.peppers.first();
        let salt = <[u8; SALT_BYTES]>::generate();
        let scheme = self.settings.scheme();
        let digest = Peppers::with(pepper, password, |bytes| {
            argon2(scheme, bytes, &salt, DIGEST_BYTES)
        })?;
        let hash = PasswordHash::argon2(scheme, salt.to_vec(), digest)
            .map_err(|invalid| HashError::Internal(invalid.message.into()))?;
        Ok(Credential {
            hash,
            origin: Origin::Here(pepper.map(|pepper| pepper.version)),
        })
    }

    fn verify(&self, password: &Password, kept: Option<&Credential>) -> Result<Verdict, HashError> {
        let (is_kept, credential) = match kept {
            Some(kept) => (true, kept),
            None => (false, &self.dummy),
        };
        let hash = &credential.hash;
        let (digest, is_ours) = match credential.origin {
            Origin::Elsewhere => (compute(hash, password.given().as_bytes())?, true),
            Origin::Here(version) => {
                let pepper = version.map(|version| self.peppers.of(version));
                if let Some(None) = pepper {
                    tracing::error!(
                        version = version.map(byline_domain::credential::PepperVersion::get),
                        "a password was hashed by a pepper that is not among those given: \
                         nobody can be verified by it"
                    );
                }
                let digest =
                    Peppers::with(pepper.flatten(), password, |bytes| compute(hash, bytes))?;
                (digest, pepper.is_none_or(|pepper| pepper.is_some()))
            }
        };
        let is_equal: bool = digest.ct_eq(hash.digest()).into();
        if !(is_equal && is_kept && is_ours) {
            return Ok(Verdict::Wrong);
        }
        Ok(Verdict::Right {
            outdated: !self.is_as_now(credential) && is_compared_to_its_end(hash, password),
        })
    }

    fn is_as_now(&self, credential: &Credential) -> bool {
        let version = self.peppers.first().map(|pepper| pepper.version);
        credential.origin == Origin::Here(version)
            && self.settings.are_met_by(credential.hash.scheme())
    }

    /// As slow to guess from as a hash, since it is one: of the password, with the id for a salt.
    fn seal(&self, request: &Request, password: &Password) -> Result<Digest, HashError> {
        let id = request.id.as_uuid();
        let scheme = self.settings.scheme();
        let slow = Peppers::with(self.peppers.first(), password, |bytes| {
            argon2(scheme, bytes, id.as_bytes(), DIGEST_BYTES)
        })?;
        let digest = Sha256::new()
            .chain_update(request.digest.0)
            .chain_update(slow);
        Ok(Digest(digest.finalize().into()))
    }
}

/// Whether the end of the password had a part in the comparison.
fn is_compared_to_its_end(hash: &PasswordHash, password: &Password) -> bool {
    match hash.scheme() {
        Scheme::Bcrypt(_) => bcrypt_reads_to_its_end(password.given().as_bytes()),
        Scheme::Argon2(_) | Scheme::Scrypt(_) | Scheme::Pbkdf2(_) => true,
    }
}
