//! Holds the reader of password hashes to what it promises of any text.
#![no_main]

use byline_domain::credential::{MAX_MEMORY_KIB, MAX_WORK_KIB, PasswordHash, Scheme};
use byline_domain::error::Reason;
use byline_fuzz::hold;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Corpus::Reject;
    };
    let parsed = PasswordHash::parse(text);
    hold(bytes, &[("", parsed.is_ok())]);
    match parsed {
        Ok(hash) => check(&hash, text),
        Err(refusal) => {
            let (reason, message) = (refusal.reason, refusal.message);
            assert!(
                matches!(
                    reason,
                    Reason::Required
                        | Reason::TooLong
                        | Reason::Malformed
                        | Reason::Unknown
                        | Reason::OutOfRange
                ),
                "{reason:?} is no reason to refuse a hash"
            );
            assert!(!message.contains(char::is_control), "{message:?}");
        }
    }
    Corpus::Keep
});

/// A hash keeps its text and its bounds, and shows neither salt nor digest.
fn check(hash: &PasswordHash, text: &str) {
    assert_eq!(hash.as_text(), text);
    assert!((16..=64).contains(&hash.digest().len()));
    assert!(hash.salt().len() <= 64);
    match hash.scheme() {
        Scheme::Argon2(argon2) => {
            assert!(hash.salt().len() >= 8);
            assert!(argon2.memory_kib <= MAX_MEMORY_KIB);
            let work = u64::from(argon2.memory_kib) * u64::from(argon2.iterations);
            assert!(work <= u64::from(MAX_WORK_KIB));
            let again = PasswordHash::argon2(argon2, hash.salt().into(), hash.digest().into());
            let again = again.expect("it is within the bounds");
            assert_eq!(again.scheme(), hash.scheme());
            assert_eq!((again.salt(), again.digest()), (hash.salt(), hash.digest()));
        }
        Scheme::Scrypt(scrypt) => {
            let memory = (u64::from(scrypt.r) << scrypt.log_n) / 8;
            assert!(memory <= u64::from(MAX_MEMORY_KIB));
            assert!(memory * u64::from(scrypt.p) <= u64::from(MAX_WORK_KIB));
        }
        Scheme::Pbkdf2(pbkdf2) => assert!((1..=2_000_000).contains(&pbkdf2.iterations)),
        Scheme::Bcrypt(bcrypt) => {
            assert!((4..=14).contains(&bcrypt.cost));
            assert_eq!((hash.salt().len(), hash.digest().len()), (16, 23));
        }
    }
    let shown = format!("{hash:?}");
    assert!(!shown.contains('$'), "{shown}");
}
