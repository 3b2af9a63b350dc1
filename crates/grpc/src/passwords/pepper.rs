//! The peppers: keys outside of the database without which its hashes say nothing.

use std::fmt;

use byline_domain::credential::{Password, PepperVersion};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox, SecretSlice};
use sha2::Sha256;

use crate::secret_key::{KEY_BYTES, read};

/// One pepper.
pub(super) struct Pepper {
    pub(super) version: PepperVersion,
    key: SecretBox<[u8; KEY_BYTES]>,
}

/// Any number of peppers: new hashes are made by the first, and all of them verify.
#[derive(Default)]
pub(crate) struct Peppers(Vec<Pepper>);

/// What is wrong with peppers, of which nothing is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadPepper {
    /// It has no version.
    #[error("pepper {0} does not begin with a version from 1 to 65535 and a colon")]
    Version(usize),
    /// It has no key.
    #[error("pepper {0} has no key of 32 bytes in base64 or of 64 hex digits")]
    Key(usize),
    /// An earlier one has the same version.
    #[error("pepper {0} has the version of an earlier one")]
    Repeated(usize),
}

impl Peppers {
    /// Reads peppers separated by commas: each is a version, a colon and a key, which is 32 bytes
    /// in base64 of the standard or the URL alphabet, padded or not, or in hex.
    pub(crate) fn parse(text: &str) -> Result<Self, BadPepper> {
        let mut peppers: Vec<Pepper> = Vec::new();
        for (index, part) in text.split(',').enumerate() {
            let number = index + 1;
            let (version, key) = part
                .trim()
                .split_once(':')
                .ok_or(BadPepper::Version(number))?;
            let version = version.parse().ok().and_then(PepperVersion::new);
            let version = version.ok_or(BadPepper::Version(number))?;
            let key = read(key).ok_or(BadPepper::Key(number))?;
            if peppers.iter().any(|pepper| pepper.version == version) {
                return Err(BadPepper::Repeated(number));
            }
            peppers.push(Pepper { version, key });
        }
        Ok(Self(peppers))
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one that new hashes are made by.
    pub(super) fn first(&self) -> Option<&Pepper> {
        self.0.first()
    }

    /// The one of that version.
    pub(super) fn of(&self, version: PepperVersion) -> Option<&Pepper> {
        self.0.iter().find(|pepper| pepper.version == version)
    }

    /// Hands on what is to be hashed of the password: its HMAC by the pepper, or itself.
    pub(super) fn with<T>(
        pepper: Option<&Pepper>,
        password: &Password,
        hash: impl FnOnce(&[u8]) -> T,
    ) -> T {
        let prepared = password.prepared().as_bytes();
        match pepper {
            None => hash(prepared),
            Some(pepper) => hash(pepper.of_password(prepared).expose_secret()),
        }
    }
}

impl Pepper {
    fn of_password(&self, prepared: &[u8]) -> SecretSlice<u8> {
        let mac = Hmac::<Sha256>::new_from_slice(self.key.expose_secret());
        let mut mac = mac.expect("a key of any length will do");
        mac.update(prepared);
        mac.finalize().into_bytes().to_vec().into()
    }
}

/// Shows the versions, and nothing of the keys.
impl fmt::Debug for Peppers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions = self.0.iter().map(|pepper| pepper.version.get());
        f.debug_list().entries(versions).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "fbf0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
    const OTHER: &str = "+/D///////////////////////////////////////A=";

    #[test]
    fn peppers_keep_their_order_and_versions() {
        let peppers = Peppers::parse(&format!("7:{KEY}, 3:{OTHER}")).unwrap();
        assert_eq!(format!("{peppers:?}"), "[7, 3]");
        assert!(!peppers.is_empty());
        let first = peppers.first().unwrap();
        assert_eq!(first.version.get(), 7);
        assert!(peppers.of(PepperVersion::new(3).unwrap()).is_some());
        assert!(peppers.of(PepperVersion::new(1).unwrap()).is_none());
    }

    #[test]
    fn what_is_no_pepper_is_refused_without_repeating_it() {
        let short = format!("1:{}", &KEY[1..]);
        for (text, expected) in [
            ("", BadPepper::Version(1)),
            (KEY, BadPepper::Version(1)),
            (&format!("0:{KEY}"), BadPepper::Version(1)),
            (&format!("65536:{KEY}"), BadPepper::Version(1)),
            (&format!("one:{KEY}"), BadPepper::Version(1)),
            ("1:", BadPepper::Key(1)),
            ("1:secret", BadPepper::Key(1)),
            (&short, BadPepper::Key(1)),
            (&format!("1:{KEY},"), BadPepper::Version(2)),
            (&format!("1:{KEY},1:{OTHER}"), BadPepper::Repeated(2)),
        ] {
            assert_eq!(Peppers::parse(text).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn another_pepper_makes_another_password_of_it() {
        let peppers = Peppers::parse(&format!("1:{KEY},2:{OTHER}")).unwrap();
        let password = Password::parse("cafe\u{301}").unwrap();
        let hashed = |version| {
            let pepper = PepperVersion::new(version).and_then(|version| peppers.of(version));
            Peppers::with(pepper, &password, <[u8]>::to_vec)
        };
        assert_eq!(hashed(0), "café".as_bytes());
        assert_eq!(hashed(1).len(), 32);
        assert_ne!(hashed(1), hashed(2));
    }

    /// By OpenSSL: `printf café | openssl dgst -sha256 -mac HMAC -macopt hexkey:$KEY`.
    #[test]
    fn what_is_hashed_is_the_hmac_and_no_hash_of_key_and_password() {
        let peppers = Peppers::parse(&format!("1:{KEY}")).unwrap();
        let password = Password::parse("café").unwrap();
        let mac = Peppers::with(peppers.first(), &password, <[u8]>::to_vec);
        let hex = mac
            .iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        assert_eq!(
            hex,
            "2aaa8faf8480cc48099857e61350cbca06b3e8fd546fe354c7e708e3eea62a29"
        );
    }
}
