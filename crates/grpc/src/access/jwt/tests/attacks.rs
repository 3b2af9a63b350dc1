//! What is tried against verifiers of tokens (RFC 8725, and what was found since).

use jsonwebtoken::{Algorithm, EncodingKey, crypto};

use super::issuer::base64;
use super::*;

async fn refusal(verifier: &JwtVerifier, token: &str) -> &'static str {
    match verifier.verify(token).await {
        Err(Refusal::Invalid(why)) => why,
        other => panic!("{other:?}"),
    }
}

const NOT_SIGNED: &str = "no key of the set has signed it";
const NOT_LISTED: &str = "its algorithm is not in the list";

#[tokio::test]
async fn a_token_of_each_algorithm_of_the_list_tells_its_caller() {
    let keys = [
        SigningKey::rsa("rs", Algorithm::RS256),
        SigningKey::rsa("ps", Algorithm::PS256),
        SigningKey::es256("es"),
        SigningKey::ed25519("ed"),
    ];
    let verifier = verifier(&keys.each_ref()).await;
    for key in &keys {
        let caller = verifier.verify(&key.token(&claims())).await.unwrap();
        assert_eq!(caller.id(), "jwt:web");
        assert_eq!(caller.scopes().to_string(), "users.read, posts.read");
    }
    // The larger ones are there for those who ask for them.
    let key = SigningKey::es384("es");
    let verifier = verifier_of(&set(&[&key]), "ES384").await.unwrap();
    assert!(verifier.verify(&key.token(&claims())).await.is_ok());
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let key = SigningKey::es256("a");
    let verifier = verifier(&[&key]).await;
    for alg in ["none", "None", "NONE", "nOnE"] {
        let header = json!({ "alg": alg, "kid": "a" }).to_string();
        let token = format!("{}.{}.", base64(header), base64(claims().to_string()));
        assert_eq!(refusal(&verifier, &token).await, NOT_LISTED);
    }
    let token = key.token(&claims());
    let (message, _) = token.rsplit_once('.').unwrap();
    assert_eq!(refusal(&verifier, &format!("{message}.")).await, NOT_SIGNED);
    assert_eq!(
        refusal(&verifier, message).await,
        "it is not of three parts"
    );
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let keys = [
        SigningKey::rsa("a", Algorithm::RS256),
        SigningKey::es256("a"),
    ];
    for key in keys {
        let jwk = key.public();
        let verifier = verifier(&[&key]).await;
        for secret in [
            jwk.to_string(),
            jwk["n"].as_str().unwrap_or_default().to_owned(),
            jwk["x"].as_str().unwrap_or_default().to_owned(),
        ] {
            let header = json!({ "alg": "HS256", "kid": "a" }).to_string();
            let message = format!("{}.{}", base64(header), base64(claims().to_string()));
            let secret = EncodingKey::from_secret(secret.as_bytes());
            let signature = crypto::sign(message.as_bytes(), &secret, Algorithm::HS256).unwrap();
            let token = format!("{message}.{signature}");
            assert_eq!(refusal(&verifier, &token).await, NOT_LISTED);
        }
    }
}

#[tokio::test]
async fn a_changed_payload_is_refused() {
    let key = SigningKey::es256("a");
    let token = key.token(&claims());
    let parts: Vec<_> = token.split('.').collect();
    let more = base64(with(json!({ "scope": "trash.purge" })).to_string());
    let token = format!("{}.{more}.{}", parts[0], parts[2]);
    assert_eq!(refusal(&verifier(&[&key]).await, &token).await, NOT_SIGNED);
}

#[tokio::test]
async fn a_changed_header_is_refused() {
    let key = SigningKey::rsa("a", Algorithm::RS256);
    let token = key.token(&claims());
    let parts: Vec<_> = token.split('.').collect();
    let verifier = verifier(&[&key]).await;
    for header in [
        json!({ "alg": "PS256", "kid": "a" }),
        json!({ "alg": "RS256", "kid": "a", "typ": "JWT" }),
        json!({ "alg": "RS256" }),
    ] {
        let header = base64(header.to_string());
        let token = format!("{header}.{}.{}", parts[1], parts[2]);
        assert_eq!(refusal(&verifier, &token).await, NOT_SIGNED);
    }
}

#[tokio::test]
async fn an_algorithm_that_is_not_in_the_list_is_refused() {
    let key = SigningKey::rsa("a", Algorithm::RS512);
    let verifier = verifier(&[&key]).await;
    let token = key.token(&claims());
    assert_eq!(refusal(&verifier, &token).await, NOT_LISTED);
}

#[tokio::test]
async fn a_key_is_used_with_algorithms_of_its_own_kind_alone() {
    let (p256, p384) = (SigningKey::es256("p256"), SigningKey::es384("p384"));
    let (ed, rsa) = (
        SigningKey::ed25519("ed"),
        SigningKey::rsa("rsa", Algorithm::RS256),
    );
    let keys = [&p256, &p384, &ed, &rsa];
    let allowed = "RS256,PS256,ES256,ES384,EdDSA";
    let verifier = verifier_of(&set(&keys), allowed).await.unwrap();
    for key in keys {
        assert!(verifier.verify(&key.token(&claims())).await.is_ok());
        let own = key.header()["alg"].clone();
        for alg in allowed.split(',').filter(|alg| *alg != own) {
            let header = json!({ "alg": alg, "kid": key.header()["kid"] });
            let token = key.sign(&header, &claims());
            assert_eq!(refusal(&verifier, &token).await, NOT_SIGNED, "{header}");
        }
    }
}

#[tokio::test]
async fn a_key_is_used_for_what_it_says_it_is_for_alone() {
    let good = SigningKey::es256("good");
    let key = SigningKey::rsa("a", Algorithm::RS256);
    for (members, is_taken) in [
        (json!({}), true),
        (
            json!({ "use": "sig", "alg": "RS256", "key_ops": ["verify"] }),
            true,
        ),
        (json!({ "use": "enc" }), false),
        (json!({ "use": "" }), false),
        (json!({ "key_ops": ["encrypt", "wrapKey"] }), false),
        (json!({ "key_ops": [] }), false),
        (json!({ "alg": "PS256" }), false),
        (json!({ "alg": "RSA-OAEP-256" }), false),
        (json!({ "alg": "HS256" }), false),
    ] {
        let keys = json!({ "keys": [good.public(), key.public_with(&members)] });
        let verifier = verifier_of(&keys, Algorithms::DEFAULT).await.unwrap();
        let answer = verifier.verify(&key.token(&claims())).await;
        assert_eq!(answer.is_ok(), is_taken, "{members}: {answer:?}");
        assert!(verifier.verify(&good.token(&claims())).await.is_ok());
    }
}

#[tokio::test]
async fn an_unknown_kid_and_the_kid_of_another_key_are_refused() {
    let (one, two) = (SigningKey::es256("one"), SigningKey::es256("two"));
    let verifier = verifier(&[&one, &two]).await;
    for kid in ["two", "three", "ONE", "", "one\0", "../one", "' or 1=1 --"] {
        let token = one.sign(&json!({ "alg": "ES256", "kid": kid }), &claims());
        assert_eq!(refusal(&verifier, &token).await, NOT_SIGNED, "{kid:?}");
    }
    let token = one.sign(&json!({ "alg": "ES256", "kid": null }), &claims());
    assert_eq!(
        refusal(&verifier, &token).await,
        "its header cannot be read"
    );
}

#[tokio::test]
async fn each_of_some_keys_of_one_name_and_of_none_is_tried() {
    let keys: Vec<_> = (0..11).map(|_| SigningKey::ed25519("same")).collect();
    let verifier = verifier(&keys.iter().collect::<Vec<_>>()).await;
    for header in [
        json!({ "alg": "EdDSA", "kid": "same" }),
        json!({ "alg": "EdDSA" }),
    ] {
        for key in &keys[..10] {
            assert!(verifier.verify(&key.sign(&header, &claims())).await.is_ok());
        }
        let token = keys[10].sign(&header, &claims());
        assert_eq!(refusal(&verifier, &token).await, NOT_SIGNED);
    }
}

#[tokio::test]
async fn a_key_that_a_token_brings_along_or_points_to_is_not_used() {
    let (key, own) = (SigningKey::es256("a"), SigningKey::es256("a"));
    let verifier = verifier(&[&key]).await;
    for (name, value) in [
        ("jwk", own.public()),
        ("jku", json!("http://127.0.0.1:9/jwks.json")),
        ("x5u", json!("http://127.0.0.1:9/chain.pem")),
        ("x5c", json!(["MIIB"])),
    ] {
        let mut header = json!({ "alg": "ES256", "kid": "a" });
        header[name] = value;
        let token = own.sign(&header, &claims());
        assert_eq!(refusal(&verifier, &token).await, NOT_SIGNED, "{name}");
        // And what is not used does no harm.
        assert!(verifier.verify(&key.sign(&header, &claims())).await.is_ok());
    }
}

#[tokio::test]
async fn extensions_that_must_be_understood_are_refused() {
    let key = SigningKey::es256("a");
    let verifier = verifier(&[&key]).await;
    for crit in [
        json!(["exp"]),
        json!(["b64"]),
        json!([]),
        json!(null),
        json!("x"),
    ] {
        let header = json!({ "alg": "ES256", "kid": "a", "crit": crit, "b64": false });
        let why = refusal(&verifier, &key.sign(&header, &claims())).await;
        assert_eq!(why, "its header has extensions (`crit`)");
    }
}

#[tokio::test]
async fn a_token_that_was_made_for_something_else_is_refused() {
    let key = SigningKey::es256("a");
    let verifier = verifier(&[&key]).await;
    for (typ, is_taken) in [
        ("JWT", true),
        ("at+jwt", true),
        ("application/AT+JWT", true),
        ("dpop+jwt", false),
        ("logout+jwt", false),
        ("JOSE", false),
        ("", false),
    ] {
        let header = json!({ "alg": "ES256", "kid": "a", "typ": typ });
        let answer = verifier.verify(&key.sign(&header, &claims())).await;
        assert_eq!(answer.is_ok(), is_taken, "{typ}: {answer:?}");
    }
}

#[tokio::test]
async fn a_name_that_is_there_twice_is_refused() {
    let key = SigningKey::es256("a");
    let verifier = verifier(&[&key]).await;
    let good = claims().to_string();
    for twice in [
        r#""sub":"admin""#,
        r#""s\u0075b":"admin""#,
        r#""exp":9999999999"#,
    ] {
        let claims = format!("{},{twice}}}", good.trim_end_matches('}'));
        let token = key.sign_text(&key.header().to_string(), &claims);
        assert_eq!(
            refusal(&verifier, &token).await,
            "its claims cannot be read"
        );
    }
    let header = r#"{"alg":"ES256","kid":"a","alg":"none"}"#;
    let why = refusal(&verifier, &key.sign_text(header, &good)).await;
    assert_eq!(why, "its header cannot be read");
}

#[tokio::test]
async fn a_header_that_is_no_object_is_refused() {
    let key = SigningKey::es256("a");
    let verifier = verifier(&[&key]).await;
    for header in [json!(["ES256", "a"]), json!("ES256"), json!(null), json!(7)] {
        let why = refusal(&verifier, &key.sign(&header, &claims())).await;
        assert_eq!(why, "its header cannot be read");
    }
}

#[tokio::test]
async fn what_is_larger_than_8_kib_is_refused_unread() {
    let key = SigningKey::es256("a");
    let verifier = verifier(&[&key]).await;
    for (bytes, is_taken) in [(5_000, true), (8_192, false), (1024 * 1024, false)] {
        let token = key.token(&with(json!({ "more": "m".repeat(bytes) })));
        match verifier.verify(&token).await {
            Ok(_) => assert!(is_taken, "{bytes}"),
            Err(refusal) => {
                assert_eq!(refusal, Refusal::Invalid("it is larger than 8 KiB"));
                assert!(!is_taken, "{bytes}");
            }
        }
    }
    let dots = ".".repeat(8_192);
    assert_eq!(refusal(&verifier, &dots).await, "it is not of three parts");
}

#[tokio::test]
async fn what_is_not_written_as_a_signed_token_is_refused() {
    let key = SigningKey::es256("a");
    let verifier = verifier(&[&key]).await;
    let good = key.token(&claims());
    assert!(verifier.verify(&good).await.is_ok());
    let parts: Vec<_> = good.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let encrypted = format!("{header}.{payload}.{signature}.{payload}.{signature}");
    let json = json!({ "payload": payload, "signatures": [{ "protected": header }] });
    for token in [
        encrypted,
        json.to_string(),
        String::new(),
        "..".to_owned(),
        format!("{good}A"),
        format!("{good}\0"),
        format!("{good}.{signature}"),
        format!("{good}="),
        format!("{good}=="),
        format!("{header}=.{payload}.{signature}"),
        format!("{good} "),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{header}.{payload} .{signature}"),
        format!("Bearer {good}"),
        good.replace('.', "\u{ff0e}"),
        format!("{header}.{payload}.+{}", &signature[1..]),
    ] {
        let answer = verifier.verify(&token).await;
        assert!(
            matches!(answer, Err(Refusal::Invalid(_))),
            "{token}: {answer:?}"
        );
    }
}
