//! API keys: `byl_<id>_<secret><checksum>`, all of it in lower-case hex.

use std::fmt;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{CallerName, Scopes};
use crate::error::{Invalid, Reason};

/// What all keys begin with, so that scanners find those that leaked.
const PREFIX: &str = "byl_";
const ID_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;
/// How many characters a key has.
const LENGTH: usize = PREFIX.len() + 2 * (ID_BYTES + SECRET_BYTES + CHECKSUM_BYTES) + 1;
/// Tells a key that was mistyped or cut off from one that there is not.
const CHECKSUM_BYTES: usize = 4;

/// Names a key; tells nothing of its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; ID_BYTES]);

impl KeyId {
    /// Reads 16 hex digits in lower case. Refused with `Malformed`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        from_hex(text).map(Self).ok_or_else(|| {
            let message = "must be the 16 hex digits after byl_ in the key";
            Invalid::new(Reason::Malformed, message)
        })
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

/// The SHA-256 of a secret. A secret is too long to be guessed, so that a slow hash would
/// protect nothing.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Takes a hash that was read back from storage.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be stored.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for SecretHash {
    /// Takes the same time wherever the two differ.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretHash {}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// A key as a caller shows it: which it claims to be, and the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresentedKey {
    /// Which one.
    pub id: KeyId,
    /// The hash of its secret.
    pub hash: SecretHash,
}

impl PresentedKey {
    /// Whether a text is meant to be a key, well formed or not.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Reads a key. `None` if it was never given out: too long or short, with other
    /// characters, or with a checksum that is wrong.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, rest) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let (secret, checksum) = rest.split_at_checked(2 * SECRET_BYTES)?;
        let id: [u8; ID_BYTES] = from_hex(id)?;
        let secret: Zeroizing<[u8; SECRET_BYTES]> = Zeroizing::new(from_hex(secret)?);
        let checksum: [u8; CHECKSUM_BYTES] = from_hex(checksum)?;
        (checksum == checksum_of(id, &secret)).then(|| Self {
            id: KeyId(id),
            hash: hash_of(&secret),
        })
    }
}

/// A new key, to be shown once. Not to be kept: [`ApiKey::presented`] is.
pub struct ApiKey {
    id: [u8; ID_BYTES],
    secret: Zeroizing<[u8; SECRET_BYTES]>,
}

impl ApiKey {
    /// How many random bytes a key is made of.
    pub const RANDOM_BYTES: usize = ID_BYTES + SECRET_BYTES;

    /// Makes a key of bytes that nobody can guess.
    pub fn from_random(bytes: &[u8; Self::RANDOM_BYTES]) -> Self {
        let (mut id, mut secret) = ([0; ID_BYTES], Zeroizing::new([0; SECRET_BYTES]));
        id.copy_from_slice(&bytes[..ID_BYTES]);
        secret.copy_from_slice(&bytes[ID_BYTES..]);
        Self { id, secret }
    }

    /// The text that a caller sends.
    pub fn reveal(&self) -> SecretString {
        // As long as it gets, so that no shorter one is left behind.
        let mut text = String::with_capacity(LENGTH);
        text.push_str(PREFIX);
        push_hex(&mut text, &self.id);
        text.push('_');
        push_hex(&mut text, &*self.secret);
        push_hex(&mut text, &checksum_of(self.id, &self.secret));
        text.into()
    }

    /// What is kept of it.
    pub fn presented(&self) -> PresentedKey {
        PresentedKey {
            id: KeyId(self.id),
            hash: hash_of(&self.secret),
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ApiKey").field(&KeyId(self.id)).finish()
    }
}

/// A key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// Which one, and the hash of its secret.
    pub key: PresentedKey,
    /// Who calls with it. Several keys may be one caller's, so that one can be replaced.
    pub name: CallerName,
    /// What it gives the right to.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it is none any more; never if absent.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl KeyRecord {
    /// Whether it has expired by then.
    pub fn has_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

fn hash_of(secret: &[u8; SECRET_BYTES]) -> SecretHash {
    SecretHash(Sha256::digest(secret).into())
}

fn checksum_of(id: [u8; ID_BYTES], secret: &[u8; SECRET_BYTES]) -> [u8; CHECKSUM_BYTES] {
    // Not the hash that is kept, of which a key would else show a part.
    let digest = Sha256::new()
        .chain_update(b"checksum of a key")
        .chain_update(id)
        .chain_update(secret)
        .finalize();
    let mut checksum = [0; CHECKSUM_BYTES];
    checksum.copy_from_slice(&digest[..CHECKSUM_BYTES]);
    checksum
}

fn to_hex(bytes: &[u8]) -> String {
    let mut hex = String::new();
    push_hex(&mut hex, bytes);
    hex
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)].into());
        text.push(DIGITS[usize::from(byte & 0xf)].into());
    }
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let text = text.as_bytes();
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = (digit(pair[0])? << 4) | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn key(seed: u8) -> ApiKey {
        ApiKey::from_random(&std::array::from_fn(|index| {
            seed.wrapping_add(u8::try_from(index).unwrap())
        }))
    }

    fn revealed(seed: u8) -> String {
        key(seed).reveal().expose_secret().to_owned()
    }

    #[test]
    fn a_key_that_was_given_out_is_known_again() {
        let text = revealed(7);
        assert_eq!(text.len(), LENGTH);
        assert!(text.starts_with("byl_0708090a0b0c0d0e_0f10"), "{text}");
        assert_eq!(PresentedKey::parse(&text), Some(key(7).presented()));
        assert_eq!(
            KeyId::parse("0708090a0b0c0d0e").unwrap(),
            key(7).presented().id
        );
        assert_ne!(key(7).presented(), key(8).presented());
    }

    #[test]
    fn a_key_with_any_character_changed_added_or_left_out_is_none() {
        let text = revealed(7);
        for at in 0..text.len() {
            for other in ["0", "f", "_", "A", "é", ""] {
                let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
                if changed != text {
                    assert_eq!(PresentedKey::parse(&changed), None, "{changed}");
                }
            }
        }
        for other in [format!("{text}0"), format!(" {text}"), text.to_uppercase()] {
            assert_eq!(PresentedKey::parse(&other), None, "{other}");
        }
    }

    #[test]
    fn what_is_logged_of_a_key_is_its_id_alone() {
        let text = revealed(7);
        let shown = format!("{:?} {:?}", key(7), key(7).presented());
        let secret = &text[21..];
        for part in 0..=secret.len() - 8 {
            assert!(!shown.contains(&secret[part..part + 8]), "{shown}");
        }
    }
}
