//! The functions that passwords are hashed by.

use byline_domain::credential::{
    Argon2, Argon2Variant, Argon2Version, Bcrypt, HashError, PasswordHash, Pbkdf2, Pbkdf2Digest,
    Scheme, Scrypt,
};
use byline_domain::error::Source;
use pbkdf2::pbkdf2_hmac;
use sha2::{Sha256, Sha512};

/// The most bytes that bcrypt reads.
const BCRYPT_READS: usize = 72;

/// What the password comes to by the way and with the salt of that hash.
pub(super) fn compute(hash: &PasswordHash, password: &[u8]) -> Result<Vec<u8>, HashError> {
    let (salt, length) = (hash.salt(), hash.digest().len());
    match hash.scheme() {
        Scheme::Argon2(made) => argon2(made, password, salt, length),
        Scheme::Scrypt(made) => scrypt(made, password, salt, length),
        Scheme::Pbkdf2(made) => Ok(pbkdf2(made, password, salt, length)),
        Scheme::Bcrypt(made) => bcrypt(made, password, salt, length),
    }
}

pub(super) fn argon2(
    made: Argon2,
    password: &[u8],
    salt: &[u8],
    length: usize,
) -> Result<Vec<u8>, HashError> {
    let algorithm = match made.variant {
        Argon2Variant::D => argon2::Algorithm::Argon2d,
        Argon2Variant::I => argon2::Algorithm::Argon2i,
        Argon2Variant::Id => argon2::Algorithm::Argon2id,
    };
    let version = match made.version {
        Argon2Version::V16 => argon2::Version::V0x10,
        Argon2Version::V19 => argon2::Version::V0x13,
    };
    let params = argon2::Params::new(
        made.memory_kib,
        made.iterations,
        made.parallelism,
        Some(length),
    );
    let params = params.map_err(internal)?;
    let mut digest = vec![0; length];
    argon2::Argon2::new(algorithm, version, params)
        .hash_password_into(password, salt, &mut digest)
        .map_err(internal)?;
    Ok(digest)
}

fn scrypt(made: Scrypt, password: &[u8], salt: &[u8], length: usize) -> Result<Vec<u8>, HashError> {
    let params = scrypt::Params::new(made.log_n, made.r, made.p).map_err(internal)?;
    let mut digest = vec![0; length];
    scrypt::scrypt(password, salt, &params, &mut digest).map_err(internal)?;
    Ok(digest)
}

fn pbkdf2(made: Pbkdf2, password: &[u8], salt: &[u8], length: usize) -> Vec<u8> {
    let mut digest = vec![0; length];
    match made.digest {
        Pbkdf2Digest::Sha256 => {
            pbkdf2_hmac::<Sha256>(password, salt, made.iterations, &mut digest);
        }
        Pbkdf2Digest::Sha512 => {
            pbkdf2_hmac::<Sha512>(password, salt, made.iterations, &mut digest);
        }
    }
    digest
}

fn bcrypt(made: Bcrypt, password: &[u8], salt: &[u8], length: usize) -> Result<Vec<u8>, HashError> {
    let salt = salt.try_into().map_err(internal)?;
    // A text of C, which a NUL ends.
    let end = password.iter().position(|byte| *byte == 0);
    let text = &password[..end.unwrap_or(password.len())];
    let mut read = [text, &[0]].concat();
    read.truncate(BCRYPT_READS);
    let mut digest = bcrypt::bcrypt(made.cost.into(), salt, &read).to_vec();
    // The last byte is not written down.
    digest.truncate(length);
    Ok(digest)
}

/// Whether bcrypt reads all of a password.
pub(super) fn bcrypt_reads_to_its_end(password: &[u8]) -> bool {
    password.len() <= BCRYPT_READS && !password.contains(&0)
}

fn internal(error: impl Into<Source>) -> HashError {
    HashError::Internal(error.into())
}
