//! What hashes of other programs say, and when one is made anew.

use byline_domain::credential::PepperVersion;
use byline_domain::ids::RequestId;
use uuid::Uuid;

use super::*;

const KEY: &str = "fbf0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
const OTHER: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Quick, for tests.
const QUICK: HashSettings = HashSettings {
    memory_kib: 64,
    iterations: 2,
    parallelism: 1,
};

fn hashing(settings: HashSettings, peppers: &str) -> Hashing {
    let peppers = if peppers.is_empty() {
        Peppers::default()
    } else {
        Peppers::parse(peppers).expect("peppers")
    };
    let pool = HashPoolSettings {
        threads: 1,
        queue: 9,
    };
    Hashing::new(settings, peppers, pool)
}

fn password(text: &str) -> Password {
    Password::parse(text).expect("a password")
}

fn new(text: &str) -> NewPassword {
    NewPassword::parse(text).expect("a new password")
}

fn imported(text: &str) -> Credential {
    Credential {
        hash: PasswordHash::parse(text).expect(text),
        origin: Origin::Elsewhere,
    }
}

impl Hashing {
    async fn verdict(&self, text: &str, kept: Option<&Credential>) -> Verdict {
        let place = self.admit(&Caller::anybody()).expect("there is a place");
        let verdict = self.verify(&place, &password(text), kept).await;
        verdict.expect("it is hashed")
    }

    async fn hashed(&self, text: &str) -> Credential {
        let place = self.admit(&Caller::anybody()).expect("there is a place");
        let hashed = self.hash(&place, &password(text)).await;
        hashed.expect("it is hashed")
    }

    /// Whether it is right, and if so, what is kept from now on.
    async fn anew(&self, text: &str, kept: &Credential) -> Option<Option<Credential>> {
        match self.verdict(text, Some(kept)).await {
            Verdict::Wrong => None,
            Verdict::Right { outdated: false } => Some(None),
            Verdict::Right { outdated: true } => Some(Some(self.hashed(text).await)),
        }
    }
}

/// Made by the reference implementations of Argon2 and bcrypt (Openwall), by Python, and by
/// argon2-cffi, bcrypt and passlib for it.
const OF_OTHERS: &[(&str, &str)] = &[
    (
        "password",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    ),
    (
        "password",
        "$argon2i$m=256,t=2,p=2$c29tZXNhbHQ$tsEVYKap1h6scGt5ovl9aLRGOqOth+AMB+KwHpDFZPs",
    ),
    (
        "password",
        "$scrypt$ln=10,r=8,p=2$c29tZXNhbHRzb21lc2FsdA$kZIEt0J+M+UBJBX5Qk1I8NaZx2+stFwrKHTNUwED0zc",
    ),
    (
        "password",
        "$pbkdf2-sha256$i=1000$c29tZXNhbHRzb21lc2FsdA$s5LQUeAEZUMuFVrnmF3OMNPXs3QWnF8SO/5BXmCj6QQ",
    ),
    (
        "password",
        "$pbkdf2-sha512$1000$c29tZXNhbHRzb21lc2FsdA$a5wgoWFIPKuJOEszqMEKfpxJMYmocERsHXaC6CvdkdaTNCkO6JxcKuDoNYXi3iPDLnjgJCAVtWtsfscGAZC0PQ",
    ),
    (
        "password",
        "pbkdf2_sha256$1000$abcDEF123$+opz9JCMRvOgRu82ewKBwZuMeee80NL5Z7ETEFoUJOY=",
    ),
    (
        "cafe\u{301}",
        "pbkdf2_sha256$1000$abcDEF123$uDApttC7YLFa3O+HlMTaRAR/xnn9HhWVoL8nKnMjGY4=",
    ),
    (
        "U*U",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    ),
    (
        "U*U*",
        "$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK",
    ),
    (
        "password",
        "$2b$05$abcdefghijklmnopqrstuuWG29KuyeAicPCJODk1zjyGvyQUU2awu",
    ),
    (
        "password",
        "$argon2d$v=19$m=256,t=2,p=2$c29tZXNhbHRzb21lc2FsdA$t13GzjdJLu97jhRO8GwpZFfp75TLiguKy6zStiGfxFk",
    ),
    // With the dots that passlib writes where base64 has a plus.
    (
        "password",
        "$pbkdf2-sha256$1000$....c2FsdCBvZiBwYXNzbGliIDA$P.O3zYUCH5VWPt3tdkzvNsR7Pck0lzBap5oK25uHjiI",
    ),
    (
        "password",
        "$pbkdf2-sha512$1000$....c2FsdCBvZiBwYXNzbGliIDA$g6UDza6HLtg.m3EoA0met6HyfdoyeX9KmP1psp0klQPp//W0Yg1zpPheIy98RiNKxzV1ghvyTplZiuLZrXfWIg",
    ),
];

#[tokio::test]
async fn what_others_hashed_is_verified_byte_for_byte_and_hashed_anew_once() {
    let hashing = hashing(QUICK, &format!("1:{KEY}"));
    for (text, hash) in OF_OTHERS {
        let kept = imported(hash);
        assert_eq!(
            hashing.anew(&format!("{text}!"), &kept).await,
            None,
            "{hash}"
        );
        let anew = hashing.anew(text, &kept).await.expect(hash).expect(hash);
        assert_eq!(anew.origin, Origin::Here(PepperVersion::new(1)));
        assert!(
            anew.hash
                .as_text()
                .starts_with("$argon2id$v=19$m=64,t=2,p=1$")
        );
        assert_eq!(hashing.anew(text, &anew).await, Some(None), "{hash}");
    }
    // As composed as everything that is set here from then on, and before as it was typed.
    let (decomposed, hash) = OF_OTHERS[6];
    assert_eq!(hashing.anew("café", &imported(hash)).await, None);
    let anew = hashing.anew(decomposed, &imported(hash)).await;
    let anew = anew.flatten().expect("it is made anew");
    assert_eq!(hashing.anew("café", &anew).await, Some(None));
}

#[tokio::test]
async fn bcrypt_reads_72_bytes_and_no_further_than_a_nul() {
    let hashing = hashing(QUICK, "");
    let long = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    assert_eq!(long.len(), 72);
    let kept = imported("$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui");
    // What follows was never compared, and so is not made what has to be typed from now on.
    let with_more = hashing.anew(&format!("{long} and whatever"), &kept).await;
    assert_eq!(with_more, Some(None));
    assert!(matches!(hashing.anew(long, &kept).await, Some(Some(_))));
    assert_eq!(hashing.anew(&long[..71], &kept).await, None);

    let kept = imported(OF_OTHERS[7].1);
    assert_eq!(hashing.anew("U*U\0 and whatever", &kept).await, Some(None));
    assert_eq!(hashing.anew("\0U*U", &kept).await, None);
}

#[tokio::test]
async fn of_nobody_every_password_is_wrong_and_takes_a_hash_of_the_same_settings() {
    let hashing = hashing(QUICK, &format!("1:{KEY}"));
    assert_eq!(
        hashing.verdict("whatever it is", None).await,
        Verdict::Wrong
    );
    let made = hashing.hashed("correct horse").await;
    let dummy = &hashing.work.dummy;
    assert_eq!(dummy.hash.scheme(), made.hash.scheme());
    assert_eq!(dummy.origin, made.origin);
    assert_eq!(dummy.hash.salt().len(), made.hash.salt().len());
    assert_eq!(dummy.hash.digest().len(), made.hash.digest().len());
}

#[tokio::test]
async fn the_same_password_is_hashed_to_something_else_each_time() {
    let hashing = hashing(QUICK, "");
    let (one, other) = (
        hashing.hashed("correct horse").await,
        hashing.hashed("correct horse").await,
    );
    assert_ne!(one, other);
    for kept in [one, other] {
        assert_eq!(hashing.anew("correct horse", &kept).await, Some(None));
        assert_eq!(hashing.anew("correct hors", &kept).await, None);
    }
}

#[tokio::test]
async fn a_pepper_is_replaced_while_all_that_are_given_verify() {
    let none = hashing(QUICK, "").hashed("correct horse").await;
    let first = hashing(QUICK, &format!("1:{KEY}"))
        .hashed("correct horse")
        .await;
    let both = hashing(QUICK, &format!("2:{OTHER},1:{KEY}"));
    for kept in [&none, &first] {
        let anew = both.anew("correct horse", kept).await.flatten();
        let anew = anew.expect("it is made anew");
        assert_eq!(anew.origin, Origin::Here(PepperVersion::new(2)));
        assert_eq!(both.anew("correct horse", &anew).await, Some(None));
        // Under the same version, but another key, it is another password.
        let wrong = hashing(QUICK, &format!("2:{KEY}"));
        assert_eq!(wrong.anew("correct horse", &anew).await, None);
    }
    // A key that is lost takes with it what was hashed by it, and nothing else.
    let lost = hashing(QUICK, &format!("2:{OTHER}"));
    assert_eq!(lost.anew("correct horse", &first).await, None);
    assert!(matches!(
        lost.anew("correct horse", &none).await,
        Some(Some(_))
    ));
}

#[tokio::test]
async fn what_is_weaker_than_now_is_made_anew_and_what_is_stronger_is_not() {
    let kept = hashing(QUICK, "").hashed("correct horse").await;
    for stronger in [
        HashSettings {
            memory_kib: 128,
            ..QUICK
        },
        HashSettings {
            iterations: 3,
            ..QUICK
        },
        HashSettings {
            parallelism: 2,
            ..QUICK
        },
    ] {
        let anew = hashing(stronger, "").anew("correct horse", &kept).await;
        let anew = anew.flatten().expect("it is made anew");
        assert_eq!(anew.hash.scheme(), Scheme::Argon2(stronger.scheme()));
        assert_eq!(
            hashing(QUICK, "").anew("correct horse", &anew).await,
            Some(None)
        );
    }
}

#[tokio::test]
async fn the_digest_of_a_request_is_of_its_password_and_as_slow_to_guess_from() {
    let request = |id: u128, digest: u8| Request {
        id: RequestId::from_uuid(Uuid::from_u128(id)),
        method: "CredentialService/SetPassword",
        digest: Digest([digest; 32]),
    };
    let seal = async |peppers: &str, request: Request, text: &str| {
        let hashing = hashing(QUICK, peppers);
        let place = hashing.admit(&Caller::anybody()).expect("there is a place");
        let sealed = hashing.seal(&place, &request, &new(text)).await;
        sealed.expect("it is hashed")
    };
    let pepper = format!("1:{KEY}");
    let first = seal(&pepper, request(1, 1), "correct horse").await;
    assert_eq!(seal(&pepper, request(1, 1), "correct horse").await, first);
    assert_ne!(seal(&pepper, request(1, 1), "battery staple").await, first);
    assert_ne!(seal(&pepper, request(1, 2), "correct horse").await, first);
    // Neither can be made up beforehand for all requests, nor without the pepper.
    assert_ne!(seal(&pepper, request(2, 1), "correct horse").await, first);
    assert_ne!(seal("", request(1, 1), "correct horse").await, first);
}
