//! Hashes of passwords: how they are made, and how they are written.

mod modular;
mod phc;
#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, general_purpose::NO_PAD};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use crate::error::{Invalid, Reason};

/// The most memory that one verification may take: 256 MiB.
pub const MAX_MEMORY_KIB: u32 = 256 * 1024;
/// The most memory that one verification may fill, over all passes: 1 GiB, about a second.
pub const MAX_WORK_KIB: u32 = 1024 * 1024;
/// The most lanes of one verification.
pub const MAX_PARALLELISM: u32 = 16;

/// The longest text that is read, in bytes.
const MAX_BYTES: usize = 512;

/// Base64 as PHC strings have it.
const B64: GeneralPurpose = GeneralPurpose::new(&STANDARD, NO_PAD);

/// The hash of a password: the way it was made, its salt and its digest, within bounds that
/// keep a verification from taking more than about a second or [`MAX_MEMORY_KIB`]. Never shown.
#[derive(Clone)]
pub struct PasswordHash {
    text: SecretString,
    scheme: Scheme,
    salt: Zeroizing<Vec<u8>>,
    digest: Zeroizing<Vec<u8>>,
}

/// By which way a hash was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// RFC 9106.
    Argon2(Argon2),
    /// RFC 7914.
    Scrypt(Scrypt),
    /// RFC 8018.
    Pbkdf2(Pbkdf2),
    /// Provos and Mazières 1999.
    Bcrypt(Bcrypt),
}

/// How Argon2 was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2 {
    /// Of which kind it is.
    pub variant: Argon2Variant,
    /// Of which version it is.
    pub version: Argon2Version,
    /// `m`: the memory, in KiB.
    pub memory_kib: u32,
    /// `t`: the passes over it.
    pub iterations: u32,
    /// `p`: the lanes of it.
    pub parallelism: u32,
}

/// The kinds of Argon2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argon2Variant {
    /// Argon2d.
    D,
    /// Argon2i.
    I,
    /// Argon2id.
    Id,
}

/// The versions of Argon2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argon2Version {
    /// 0x10, which is meant where none is named.
    V16,
    /// 0x13.
    V19,
}

/// How scrypt was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scrypt {
    /// `ln`: the logarithm to base 2 of the cost.
    pub log_n: u8,
    /// `r`: the size of a block.
    pub r: u32,
    /// `p`: the repetitions.
    pub p: u32,
}

/// How PBKDF2 was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pbkdf2 {
    /// The hash function that it repeats.
    pub digest: Pbkdf2Digest,
    /// How often.
    pub iterations: u32,
}

/// The hash functions of PBKDF2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pbkdf2Digest {
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-512.
    Sha512,
}

/// How bcrypt was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bcrypt {
    /// The logarithm to base 2 of its rounds.
    pub cost: u8,
}

impl PasswordHash {
    /// Reads a hash in one of the forms in which they are handed on:
    ///
    /// - PHC strings: `$argon2id$v=19$m=19456,t=2,p=1$salt$digest`, and so `argon2i`, `argon2d`,
    ///   `$scrypt$ln=17,r=8,p=1$…`, `$pbkdf2-sha256$i=600000$…` and `pbkdf2-sha512`;
    /// - bcrypt: `$2b$12$…`, `$2a$` and `$2y$`;
    /// - as passlib writes PBKDF2: `$pbkdf2-sha256$29000$salt$digest` and `sha512`;
    /// - as Django does: `pbkdf2_sha256$600000$salt$digest`.
    ///
    /// Refuses what is of no such form (`Malformed`), of a way that is not known (`Unknown`), or
    /// beyond the bounds, all of which are named (`OutOfRange`). No message repeats any of it.
    pub fn parse(text: impl Into<SecretString>) -> Result<Self, Invalid> {
        let text: SecretString = text.into();
        let written = text.expose_secret();
        if written.is_empty() {
            return Err(Invalid::required());
        }
        if written.len() > MAX_BYTES {
            let message = format!("must be at most {MAX_BYTES} bytes long");
            return Err(Invalid::new(Reason::TooLong, message));
        }
        let parts = if written.starts_with('$') {
            match written.split('$').nth(1) {
                Some("2a" | "2b" | "2y") => modular::bcrypt(written)?,
                Some(_) | None => phc::read(written)?,
            }
        } else {
            modular::django(written)?
        };
        parts.check()?;
        Ok(Self {
            scheme: parts.scheme,
            salt: parts.salt.into(),
            digest: parts.digest.into(),
            text,
        })
    }

    /// The hash that Argon2 made in that way; refused beyond the bounds.
    pub fn argon2(made: Argon2, salt: Vec<u8>, digest: Vec<u8>) -> Result<Self, Invalid> {
        let parts = Parts {
            scheme: Scheme::Argon2(made),
            salt,
            digest,
        };
        parts.check()?;
        let text = phc::write_argon2(&made, &parts.salt, &parts.digest).into();
        Ok(Self {
            scheme: parts.scheme,
            salt: parts.salt.into(),
            digest: parts.digest.into(),
            text,
        })
    }

    /// The hash as it was written.
    pub fn as_text(&self) -> &str {
        self.text.expose_secret()
    }

    /// By which way it was made.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// What was hashed along with the password.
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// What came of it.
    pub fn digest(&self) -> &[u8] {
        &self.digest
    }
}

/// By what is written; not for comparing secrets with guesses.
impl PartialEq for PasswordHash {
    fn eq(&self, other: &Self) -> bool {
        self.as_text() == other.as_text()
    }
}

impl Eq for PasswordHash {}

/// Shows the way, and nothing of the rest.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PasswordHash").field(&self.scheme).finish()
    }
}

/// What a text holds.
struct Parts {
    scheme: Scheme,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

/// The bounds that are not kept, in words.
#[derive(Default)]
struct Bounds(Vec<String>);

impl Bounds {
    fn expect(&mut self, holds: bool, sentence: impl FnOnce() -> String) {
        if !holds {
            self.0.push(sentence());
        }
    }

    fn within<T: Copy + PartialOrd + fmt::Display>(
        &mut self,
        name: &str,
        value: T,
        least: T,
        most: T,
    ) {
        let holds = least <= value && value <= most;
        self.expect(holds, || format!("{name} from {least} to {most}"));
    }

    fn finish(self) -> Result<(), Invalid> {
        if self.0.is_empty() {
            return Ok(());
        }
        let message = format!("must have {}", self.0.join(", "));
        Err(Invalid::new(Reason::OutOfRange, message))
    }
}

impl Parts {
    fn check(&self) -> Result<(), Invalid> {
        let mut bounds = Bounds::default();
        match &self.scheme {
            Scheme::Argon2(argon2) => argon2.check(&mut bounds),
            Scheme::Scrypt(scrypt) => scrypt.check(&mut bounds),
            Scheme::Pbkdf2(pbkdf2) => {
                bounds.within("iterations", pbkdf2.iterations, 1, 2_000_000);
            }
            Scheme::Bcrypt(bcrypt) => bounds.within("a cost", bcrypt.cost, 4, 14),
        }
        let least = if matches!(self.scheme, Scheme::Argon2(_)) {
            8
        } else {
            0
        };
        bounds.within("bytes of salt", self.salt.len(), least, 64);
        bounds.within("bytes of digest", self.digest.len(), 16, 64);
        bounds.finish()
    }
}

impl Argon2 {
    fn check(self, bounds: &mut Bounds) {
        bounds.within("p", self.parallelism, 1, MAX_PARALLELISM);
        let least = self.parallelism.clamp(1, MAX_PARALLELISM) * 8;
        bounds.within("m", self.memory_kib, least, MAX_MEMORY_KIB);
        bounds.expect(self.iterations > 0, || "t from 1 on".to_owned());
        let work = u64::from(self.memory_kib) * u64::from(self.iterations);
        bounds.expect(work <= MAX_WORK_KIB.into(), || {
            format!("m times t of at most {MAX_WORK_KIB}")
        });
    }
}

impl Scrypt {
    fn check(self, bounds: &mut Bounds) {
        bounds.within("ln", self.log_n, 1, 20);
        bounds.within("r", self.r, 1, 64);
        bounds.within("p", self.p, 1, MAX_PARALLELISM);
        // Of RFC 7914.
        bounds.expect(u32::from(self.log_n) < 16 * self.r.clamp(1, 64), || {
            "ln below 16 times r".to_owned()
        });
        // A block is 128 bytes.
        let memory = (u64::from(self.r) << self.log_n.min(32)) / 8;
        bounds.expect(memory <= MAX_MEMORY_KIB.into(), || {
            format!("r times 2^ln of at most {}", u64::from(MAX_MEMORY_KIB) * 8)
        });
        let work = memory.saturating_mul(self.p.into());
        bounds.expect(work <= MAX_WORK_KIB.into(), || {
            format!(
                "r times p times 2^ln of at most {}",
                u64::from(MAX_WORK_KIB) * 8
            )
        });
    }
}

fn malformed() -> Invalid {
    let message = "must be a hash such as $argon2id$v=19$m=19456,t=2,p=1$… or $2b$12$…";
    Invalid::new(Reason::Malformed, message)
}

fn unknown() -> Invalid {
    let message = "must be of argon2id, argon2i, argon2d, scrypt, pbkdf2-sha256, pbkdf2-sha512, \
        bcrypt or pbkdf2_sha256";
    Invalid::new(Reason::Unknown, message)
}

/// A number without sign and leading zeros; one that is too large for its type is so for every
/// bound.
fn number(text: &str) -> Result<u32, Invalid> {
    let is_plain = !text.is_empty()
        && text.len() <= 20
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    if !is_plain {
        return Err(malformed());
    }
    Ok(text.parse().unwrap_or(u32::MAX))
}

fn bytes(text: &str) -> Result<Vec<u8>, Invalid> {
    B64.decode(text).map_err(|_| malformed())
}
