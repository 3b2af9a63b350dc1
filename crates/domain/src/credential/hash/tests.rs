//! Hashes as others write them.

use proptest::prelude::*;

use super::*;

const SALT: &str = "c29tZXNhbHRzb21lc2FsdA";
const DIGEST: &str = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";
const BCRYPT: &str = "$2b$12$EXRkfkdmXn2gzds2SSitu.MW9.gAVqa9eLS1//RYtYCmB1eLHg.9q";

fn scheme(text: &str) -> Scheme {
    PasswordHash::parse(text).expect(text).scheme()
}

fn refusal(text: &str) -> (Reason, String) {
    let refused = PasswordHash::parse(text).expect_err(text);
    (refused.reason, refused.message)
}

#[test]
fn argon2_is_read_in_each_kind_and_version() {
    let made = |variant, version| {
        Scheme::Argon2(Argon2 {
            variant,
            version,
            memory_kib: 19_456,
            iterations: 2,
            parallelism: 1,
        })
    };
    for (begin, expected) in [
        (
            "$argon2id$v=19",
            made(Argon2Variant::Id, Argon2Version::V19),
        ),
        ("$argon2i$v=16", made(Argon2Variant::I, Argon2Version::V16)),
        ("$argon2d", made(Argon2Variant::D, Argon2Version::V16)),
    ] {
        let text = format!("{begin}$m=19456,t=2,p=1${SALT}${DIGEST}");
        assert_eq!(scheme(&text), expected);
    }
    let hash = PasswordHash::parse(format!("$argon2id$m=64,t=1,p=8${SALT}${DIGEST}")).unwrap();
    assert_eq!(hash.salt(), b"somesaltsomesalt");
    assert_eq!(hash.digest(), b"12345678901234567890123456789012");
}

#[test]
fn scrypt_pbkdf2_and_bcrypt_are_read_in_each_form() {
    let scrypt = Scrypt {
        log_n: 16,
        r: 8,
        p: 1,
    };
    assert_eq!(
        scheme(&format!("$scrypt$ln=16,r=8,p=1${SALT}${DIGEST}")),
        Scheme::Scrypt(scrypt)
    );
    let pbkdf2 = |digest, iterations| Scheme::Pbkdf2(Pbkdf2 { digest, iterations });
    for (text, expected) in [
        (
            format!("$pbkdf2-sha256$i=600000,l=32${SALT}${DIGEST}"),
            pbkdf2(Pbkdf2Digest::Sha256, 600_000),
        ),
        (
            format!("$pbkdf2-sha512$i=1${SALT}${DIGEST}"),
            pbkdf2(Pbkdf2Digest::Sha512, 1),
        ),
        (
            "$pbkdf2-sha256$29000$9t7be09prfXee2/NOUeotQ$Y.RDnnq8vsezSZSKy1QNy6xhKPdoBIwc.0XDdRm9sJ8"
                .to_owned(),
            pbkdf2(Pbkdf2Digest::Sha256, 29_000),
        ),
        (
            format!("pbkdf2_sha256$870000$abcDEF123${DIGEST}="),
            pbkdf2(Pbkdf2Digest::Sha256, 870_000),
        ),
    ] {
        assert_eq!(scheme(&text), expected);
    }
    let django = format!("pbkdf2_sha256$870000$abcDEF123${DIGEST}=");
    assert_eq!(PasswordHash::parse(django).unwrap().salt(), b"abcDEF123");
    for kind in ["2a", "2b", "2y"] {
        let text = BCRYPT.replacen("2b", kind, 1);
        assert_eq!(scheme(&text), Scheme::Bcrypt(Bcrypt { cost: 12 }));
    }
    let hash = PasswordHash::parse(BCRYPT).unwrap();
    assert_eq!((hash.salt().len(), hash.digest().len()), (16, 23));
}

#[test]
fn what_would_take_too_long_is_refused_and_each_bound_is_named() {
    let told = |text: &str| {
        let (reason, message) = refusal(text);
        assert_eq!(reason, Reason::OutOfRange, "{text}");
        message
    };
    let argon2 = |parameters: &str| told(&format!("$argon2id$v=19${parameters}${SALT}${DIGEST}"));
    assert_eq!(argon2("m=262145,t=1,p=1"), "must have m from 8 to 262144");
    assert_eq!(argon2("m=15,t=1,p=2"), "must have m from 16 to 262144");
    assert_eq!(
        argon2("m=262144,t=5,p=1"),
        "must have m times t of at most 1048576"
    );
    assert_eq!(
        argon2("m=99999999999,t=0,p=17"),
        "must have p from 1 to 16, m from 128 to 262144, t from 1 on"
    );
    let scrypt = |parameters: &str| told(&format!("$scrypt${parameters}${SALT}${DIGEST}"));
    assert_eq!(
        scrypt("ln=20,r=8,p=2"),
        "must have r times 2^ln of at most 2097152, r times p times 2^ln of at most 8388608"
    );
    assert!(scrypt("ln=300,r=4294967295,p=4294967295").starts_with("must have ln from 1 to 20"));
    assert_eq!(scrypt("ln=16,r=1,p=1"), "must have ln below 16 times r");
    let slow = format!("$pbkdf2-sha256$i=2000001${SALT}${DIGEST}");
    assert_eq!(told(&slow), "must have iterations from 1 to 2000000");
    assert_eq!(
        told(&BCRYPT.replace("12", "15")),
        "must have a cost from 4 to 14"
    );
    assert_eq!(
        told(&BCRYPT.replace("12", "03")),
        "must have a cost from 4 to 14"
    );
    let short = format!("$argon2id$v=19$m=64,t=1,p=1$c2FsdA${}", &DIGEST[..20]);
    assert_eq!(
        told(&short),
        "must have bytes of salt from 8 to 64, bytes of digest from 16 to 64"
    );
}

#[test]
fn what_is_no_hash_is_refused_without_repeating_it() {
    for text in [
        "hunter2",
        "$",
        "$argon2id",
        "$argon2id$v=19$m=64,t=1$c2FsdHNhbHQ$aGFzaA",
        "$argon2id$v=19$t=1,m=64,p=1$c2FsdHNhbHQ$aGFzaA",
        "$argon2id$v=19$m=+64,t=1,p=1$c2FsdHNhbHQ$aGFzaA",
        "$argon2id$v=19$m=064,t=1,p=1$c2FsdHNhbHQ$aGFzaA",
        "$argon2id$v=19$m=64,t=1,p=1,keyid=x$c2FsdHNhbHQ$aGFzaA",
        "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaA$",
        "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ=$aGFzaA",
        "$2b$12$EXRkfkdmXn2gzds2SSitu.MW9.gAVqa9eLS1//RYtYCmB1eLHg.9",
        "$2b$1$EXRkfkdmXn2gzds2SSitu.MW9.gAVqa9eLS1//RYtYCmB1eLHg.9q",
        "$2b$12$éXRkfkdmXn2gzds2SSitu.MW9.gAVqa9eLS1//RYtYCmB1eLHg.9",
        "pbkdf2_sha256$1$salt",
    ] {
        let (reason, message) = refusal(text);
        assert_eq!(reason, Reason::Malformed, "{text}");
        assert!(
            !message.contains("EXRk") && !message.contains("hunter"),
            "{message}"
        );
    }
    for text in [
        "$2x$12$EXRkfkdmXn2gzds2SSitu.MW9.gAVqa9eLS1//RYtYCmB1eLHg.9q",
        "$5$rounds=5000$salt$digest",
        "$argon2id$v=20$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaA",
        "pbkdf2_sha1$1$salt$aGFzaA==",
        "$pbkdf2$131000$c2FsdHNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cI",
        "$pbkdf2-sha1$i=131000$c2FsdHNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cI",
        "$7$CU..../....2Q9obwLhin8qvQl6sisAO/$E4t3RJ/kVJ6CIzFtwUQRDRAy4JA6d9CYYIVoiMRoPhB",
    ] {
        assert_eq!(refusal(text).0, Reason::Unknown, "{text}");
    }
    assert_eq!(refusal("").0, Reason::Required);
    assert_eq!(refusal(&"$".repeat(513)).0, Reason::TooLong);
}

#[test]
fn what_is_made_here_is_read_again() {
    let made = Argon2 {
        variant: Argon2Variant::Id,
        version: Argon2Version::V19,
        memory_kib: 64,
        iterations: 3,
        parallelism: 2,
    };
    let hash = PasswordHash::argon2(made, vec![7; 16], vec![8; 32]).unwrap();
    let again = PasswordHash::parse(hash.as_text()).unwrap();
    assert_eq!(again, hash);
    assert_eq!((again.salt(), again.digest()), (&[7; 16][..], &[8; 32][..]));
    assert_eq!(again.scheme(), Scheme::Argon2(made));
    assert!(
        PasswordHash::argon2(
            Argon2 {
                iterations: 0,
                ..made
            },
            vec![7; 16],
            vec![8; 32]
        )
        .is_err()
    );
}

#[test]
fn a_hash_is_not_shown() {
    let shown = format!("{:?}", PasswordHash::parse(BCRYPT).unwrap());
    assert_eq!(shown, "PasswordHash(Bcrypt(Bcrypt { cost: 12 }))");
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[$]?(argon2id|scrypt|2b|pbkdf2-sha256|pbkdf2_sha256|[a-z0-9]{0,8})([$][a-zA-Z0-9=,./+]{0,60}){0,6}") {
        match PasswordHash::parse(text.as_str()) {
            Ok(hash) => prop_assert_eq!(hash.as_text(), text),
            Err(refused) => prop_assert!(!refused.message.contains(char::is_control)),
        }
    }
}
