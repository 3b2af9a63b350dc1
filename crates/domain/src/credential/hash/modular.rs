//! The modular crypt format of bcrypt, and what Django writes.

use base64::Engine;
use base64::alphabet::{BCRYPT, STANDARD};
use base64::engine::{GeneralPurpose, general_purpose::NO_PAD, general_purpose::PAD};

use super::{Bcrypt, Parts, Pbkdf2, Pbkdf2Digest, Scheme, malformed, number, unknown};
use crate::error::Invalid;

/// Some programs leave bits in the last character that belong to no byte.
const B64_OF_BCRYPT: GeneralPurpose =
    GeneralPurpose::new(&BCRYPT, NO_PAD.with_decode_allow_trailing_bits(true));
const B64_PADDED: GeneralPurpose = GeneralPurpose::new(&STANDARD, PAD);

/// The characters of a salt of 16 bytes, and of a digest of 23.
const SALT: usize = 22;
const DIGEST: usize = 31;

/// Reads `$2b$cost$` with the salt and the digest behind.
pub(super) fn bcrypt(text: &str) -> Result<Parts, Invalid> {
    let fields: Vec<&str> = text.split('$').collect();
    let [_, _, cost, rest] = fields[..] else {
        return Err(malformed());
    };
    let is_whole = cost.len() == 2 && rest.is_ascii() && rest.len() == SALT + DIGEST;
    if !is_whole || !cost.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed());
    }
    let cost = cost.parse().map_err(|_| malformed())?;
    let (salt, digest) = rest.split_at(SALT);
    let bytes = |text| B64_OF_BCRYPT.decode(text).map_err(|_| malformed());
    Ok(Parts {
        scheme: Scheme::Bcrypt(Bcrypt { cost }),
        salt: bytes(salt)?,
        digest: bytes(digest)?,
    })
}

/// Reads `pbkdf2_sha256$iterations$salt$digest`, whose salt is text.
pub(super) fn django(text: &str) -> Result<Parts, Invalid> {
    let fields: Vec<&str> = text.split('$').collect();
    let [name, iterations, salt, digest] = fields[..] else {
        return Err(malformed());
    };
    if name != "pbkdf2_sha256" {
        return Err(unknown());
    }
    let scheme = Scheme::Pbkdf2(Pbkdf2 {
        digest: Pbkdf2Digest::Sha256,
        iterations: number(iterations)?,
    });
    Ok(Parts {
        scheme,
        salt: salt.as_bytes().to_vec(),
        digest: B64_PADDED.decode(digest).map_err(|_| malformed())?,
    })
}
