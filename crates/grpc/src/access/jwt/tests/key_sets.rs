//! Which key sets are taken, and which of their keys.

use jsonwebtoken::Algorithm;

use super::issuer::base64;
use super::*;

/// Why a file of that content is not taken.
async fn problem(keys: &Value) -> String {
    let error = verifier_of(keys, Algorithms::DEFAULT).await.err();
    error.map_or_else(String::new, |error| error.problem)
}

fn rsa_with(name: &str, bytes: &[u8]) -> Value {
    let key = SigningKey::rsa("a", Algorithm::RS256);
    json!({ "keys": [key.public_with(&json!({ name: base64(bytes) }))] })
}

#[tokio::test]
async fn a_weak_rsa_key_is_refused() {
    for (bytes, bits) in [(128, 1_024), (255, 2_040), (1_025, 8_200)] {
        let problem = problem(&rsa_with("n", &vec![0xff; bytes])).await;
        let why =
            format!("it has no key that can be used: key 1 has {bits} bits, and not 2048 to 8192");
        assert_eq!(problem, why);
    }
    // Zeros before a number do not make it greater.
    let mut padded = vec![0; 128];
    padded.extend([0xff; 128]);
    assert!(
        problem(&rsa_with("n", &padded))
            .await
            .contains("has 1024 bits")
    );
    for exponent in [
        &[][..],
        &[0],
        &[1],
        &[3],
        &[1, 0, 0],
        &[1, 0, 0, 0, 1],
        &[0xff; 9],
    ] {
        let problem = problem(&rsa_with("e", exponent)).await;
        assert!(
            problem.contains("has an exponent (`e`)"),
            "{exponent:?}: {problem}"
        );
    }
}

#[tokio::test]
async fn a_number_may_have_zeros_before_it() {
    let key = SigningKey::rsa("a", Algorithm::PS256);
    let keys = rsa_with("e", &[0, 1, 0, 1]);
    let verifier = verifier_of(&keys, Algorithms::DEFAULT).await.unwrap();
    assert!(verifier.verify(&key.token(&claims())).await.is_ok());
}

#[tokio::test]
async fn a_set_without_a_key_that_can_be_used_is_refused_with_what_is_wrong() {
    let (ec, ed) = (SigningKey::es256("a"), SigningKey::ed25519("a"));
    let secret = json!({ "kty": "oct", "kid": "a", "k": base64("secret") });
    for (key, why) in [
        (secret, "is of a kind that is not known"),
        (
            json!({ "kty": "EC", "crv": "secp256k1", "x": "", "y": "" }),
            "is of a kind that is not known",
        ),
        (
            json!({ "kty": "OKP", "crv": "Ed448", "x": "" }),
            "is of a kind that is not known",
        ),
        (json!({ "kid": "a" }), "cannot be read"),
        (json!(7), "cannot be read"),
        (json!(["OKP", "a"]), "cannot be read"),
        (ec.public_with(&json!({ "kid": 7 })), "cannot be read"),
        (
            ec.public_with(&json!({ "use": "enc" })),
            "is not for signatures (`use`)",
        ),
        (
            ec.public_with(&json!({ "key_ops": ["sign"] })),
            "is not for verifying (`key_ops`)",
        ),
        (
            ec.public_with(&json!({ "alg": "ES384" })),
            "is for no algorithm that is in the list",
        ),
        (
            ec.public_with(&json!({ "d": "AAAA" })),
            "is private: a set that others read is for public keys",
        ),
        (
            ec.public_with(&json!({ "x": "AAAA" })),
            "has a coordinate that is not 32 bytes",
        ),
        (
            ec.public_with(&json!({ "y": null })),
            "has a coordinate that is not 32 bytes",
        ),
        (
            ec.public_with(&json!({ "crv": "P-384" })),
            "has a coordinate that is not 48 bytes",
        ),
        (
            ed.public_with(&json!({ "x": "=" })),
            "has a coordinate that is not 32 bytes",
        ),
        (
            json!({ "kty": "RSA", "n": "*", "e": "AQAB" }),
            "has no `n` and `e` that can be read",
        ),
    ] {
        let problem = problem(&json!({ "keys": [key] })).await;
        assert_eq!(
            problem,
            format!("it has no key that can be used: key 1 {why}")
        );
    }
    assert_eq!(problem(&json!({ "keys": [] })).await, "it has no keys");
}

#[tokio::test]
async fn a_key_that_cannot_be_used_leaves_the_others() {
    let key = SigningKey::es256("a");
    let weak = rsa_with("n", &[0xff; 128])["keys"][0].clone();
    let keys = json!({ "keys": [weak, {"kty": "new"}, 7, key.public()], "more": 1 });
    let verifier = verifier_of(&keys, Algorithms::DEFAULT).await.unwrap();
    assert!(verifier.verify(&key.token(&claims())).await.is_ok());
}

#[tokio::test]
async fn what_is_no_key_set_is_refused() {
    let key = SigningKey::es256("a").public();
    for no_set in [
        json!([]),
        json!([[key]]),
        json!({}),
        json!({ "keys": {} }),
        json!("keys"),
    ] {
        let problem = problem(&no_set).await;
        assert!(
            problem.starts_with("it is no key set (JWKS): "),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn a_set_has_100_keys_at_most() {
    let key = SigningKey::ed25519("a").public();
    assert_eq!(problem(&json!({ "keys": vec![&key; 100] })).await, "");
    let problem = problem(&json!({ "keys": vec![&key; 101] })).await;
    assert_eq!(problem, "it has more than 100 keys");
}
