//! The keys that seal tokens: how they are written, and how they are told apart.

use std::fmt;
use std::iter;

use chacha20poly1305::aead::Generate;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use secrecy::{ExposeSecret, SecretBox};
use sha2::{Digest, Sha256};

use crate::secret_key::{KEY_BYTES, read};

/// How many bytes of a token name its key.
pub(super) const ID_BYTES: usize = 4;

/// One key. The cipher wipes it from memory when it is dropped.
pub(super) struct Key {
    id: [u8; ID_BYTES],
    cipher: XChaCha20Poly1305,
}

impl Key {
    fn new(bytes: &SecretBox<[u8; KEY_BYTES]>) -> Self {
        let bytes = bytes.expose_secret();
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        let mut id = [0; ID_BYTES];
        id.copy_from_slice(&digest[..ID_BYTES]);
        Self {
            id,
            cipher: XChaCha20Poly1305::new(bytes.into()),
        }
    }

    /// What a token names the key by; tells nothing of the key.
    pub(super) fn id(&self) -> &[u8; ID_BYTES] {
        &self.id
    }

    pub(super) fn cipher(&self) -> &XChaCha20Poly1305 {
        &self.cipher
    }
}

/// At least one key: the first seals, and all of them open, so that a key can be
/// replaced while tokens of the old one are still about.
pub(crate) struct Keys {
    first: Key,
    rest: Vec<Key>,
}

/// Which one of several keys cannot be read, counted from 1. Does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("key {0} is neither 32 bytes in base64 nor 64 hex digits")]
pub(crate) struct BadKey(usize);

impl Keys {
    /// Reads keys separated by commas: each is 32 bytes, in base64 of the standard
    /// or the URL alphabet, padded or not, or in hex.
    pub(crate) fn parse(text: &str) -> Result<Self, BadKey> {
        let mut keys = Vec::new();
        for (index, part) in text.split(',').enumerate() {
            let bytes = read(part.trim()).ok_or(BadKey(index + 1))?;
            keys.push(Key::new(&bytes));
        }
        let mut keys = keys.into_iter();
        Ok(Self {
            first: keys.next().ok_or(BadKey(1))?,
            rest: keys.collect(),
        })
    }

    /// One key that nobody knows, and that ends with the process.
    ///
    /// # Panics
    /// If the operating system has no random numbers to give.
    pub(crate) fn generate() -> Self {
        Self {
            first: Key::new(&SecretBox::init_with(Generate::generate)),
            rest: Vec::new(),
        }
    }

    pub(super) fn sealing(&self) -> &Key {
        &self.first
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Key> {
        iter::once(&self.first).chain(&self.rest)
    }
}

/// Shows how many there are, and nothing of them.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(&self.all().count()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "fbf0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
    /// The same key.
    const STANDARD: &str = "+/D///////////////////////////////////////8=";
    const URL: &str = "-_D_______________________________________8";
    const OTHER: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn ids(text: &str) -> Result<Vec<[u8; ID_BYTES]>, BadKey> {
        Ok(Keys::parse(text)?.all().map(|key| key.id).collect())
    }

    #[test]
    fn a_key_is_read_in_each_of_its_forms() {
        let id = ids(HEX).unwrap();
        assert_eq!(id.len(), 1);
        for text in [&HEX.to_uppercase(), STANDARD, URL] {
            assert_eq!(ids(text), Ok(id.clone()), "{text}");
        }
        assert_eq!(ids(STANDARD.trim_end_matches('=')), Ok(id));
    }

    #[test]
    fn keys_keep_their_order() {
        let both = ids(&format!("{OTHER}, {URL}\n")).unwrap();
        assert_eq!(both, [ids(OTHER).unwrap(), ids(HEX).unwrap()].concat());
        assert_ne!(both[0], both[1]);
    }

    #[test]
    fn what_is_no_key_is_refused_without_repeating_it() {
        let short = &URL[..40];
        let not_hex = format!("{}g", &HEX[..63]);
        let accented = format!("{}é", &HEX[..62]);
        let two_alphabets = STANDARD.replace('+', "-");
        for text in [
            "",
            " ",
            "secret",
            short,
            &not_hex,
            &accented,
            &two_alphabets,
        ] {
            let error = Keys::parse(text).unwrap_err();
            assert_eq!(error, BadKey(1), "{text}");
            let error = Keys::parse(&format!("{HEX},{text}")).unwrap_err();
            assert_eq!(
                error.to_string(),
                "key 2 is neither 32 bytes in base64 nor 64 hex digits"
            );
        }
        assert_eq!(Keys::parse(&format!("{HEX},")).unwrap_err(), BadKey(2));
    }

    #[test]
    fn a_generated_key_is_another_each_time() {
        let (one, other) = (Keys::generate(), Keys::generate());
        assert_ne!(one.sealing().id(), other.sealing().id());
    }

    #[test]
    fn keys_are_not_shown() {
        let keys = Keys::parse(&format!("{HEX},{OTHER}")).unwrap();
        assert_eq!(format!("{keys:?}"), "Keys(2)");
    }
}
