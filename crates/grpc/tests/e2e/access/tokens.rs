//! Callers that are known by signed tokens.

use std::time::{SystemTime, UNIX_EPOCH};

use byline_grpc::pb;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::KeyPair;
use serde_json::json;
use tonic::Status;

use super::with_token;
use crate::support::{World, eventually, reason};

/// A key of the issuer, and its name.
pub(crate) struct Key(&'static str, EncodingKey);

impl Key {
    pub(crate) fn new(kid: &'static str) -> Self {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        Self(kid, EncodingKey::from_ec_der(&pair.serialize_der()))
    }

    /// The document that makes it known.
    pub(crate) fn set(&self) -> String {
        let jwk = Jwk::from_encoding_key(&self.1, Algorithm::ES256).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(self.0);
        json!({ "keys": [jwk] }).to_string()
    }

    /// A token with those scopes that ends so many seconds from now.
    pub(crate) fn token(&self, scope: &str, seconds: i64) -> String {
        let claims = json!({
            "iss": "https://issuer.example", "aud": "byline", "sub": "web",
            "exp": now() + seconds, "scope": scope,
        });
        self.sign(self.0, &claims)
    }

    /// A token that is good for a minute, but for what is said otherwise.
    pub(crate) fn token_but(&self, name: &str, value: &str) -> String {
        let mut claims = json!({
            "iss": "https://issuer.example", "aud": "byline", "sub": "web",
            "exp": now() + 60, "scope": "users.read",
        });
        if name == "kid" {
            return self.sign(value, &claims);
        }
        claims[name] = json!(value);
        self.sign(self.0, &claims)
    }

    fn sign(&self, kid: &str, claims: &serde_json::Value) -> String {
        let header = Header {
            kid: Some(kid.to_owned()),
            ..Header::new(Algorithm::ES256)
        };
        encode(&header, claims, &self.1).unwrap()
    }
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

async fn list(world: &World, token: &str) -> Result<(), Status> {
    let request = with_token(pb::ListUsersRequest::default(), token);
    world.users.clone().list_users(request).await.map(drop)
}

#[tokio::test]
async fn a_token_gives_the_scopes_that_it_claims_and_keys_can_be_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let jwks = folder.path().join("jwks.json");
    let (first, second) = (Key::new("first"), Key::new("second"));
    std::fs::write(&jwks, first.set()).unwrap();
    let world = World::with(&[
        "--auth",
        "keys,jwt",
        "--jwks",
        jwks.to_str().unwrap(),
        "--jwt-issuer",
        "https://issuer.example",
        "--jwt-audience",
        "byline",
    ])
    .await;
    list(&world, &first.token("users.read openid", 60))
        .await
        .unwrap();
    for (token, why) in [
        (first.token("users.write", 60), "SCOPE_MISSING"),
        (first.token("users", 60), "SCOPE_MISSING"),
        (first.token("users.read", -120), "CREDENTIALS_EXPIRED"),
        (second.token("users.read", 60), "CREDENTIALS_INVALID"),
        ("a.b.c".to_owned(), "CREDENTIALS_INVALID"),
    ] {
        assert_eq!(reason(&list(&world, &token).await.unwrap_err()), why);
        let [_, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else {
            panic!("it is no token");
        };
        let log = world.server.log();
        assert!(payload == "b" || !log.contains(payload) && !log.contains(signature));
    }
    let lines = world.server.lines("credentials were refused");
    let reasons: Vec<_> = lines.iter().map(|line| line["reason"].clone()).collect();
    let expected = [
        "the token has expired",
        "the token is not taken: no key of the set has signed it",
        "the token is not taken: a part of it is no base64url",
    ];
    assert_eq!(reasons, expected);
    eventually("it is logged", || async { world.server.calls().len() == 6 }).await;
    assert_eq!(world.server.calls()[0]["caller"], "jwt:web");

    let beside = folder.path().join("new");
    std::fs::write(&beside, second.set()).unwrap();
    std::fs::rename(&beside, &jwks).unwrap();
    eventually("the second key is taken", || async {
        list(&world, &second.token("users.read", 60)).await.is_ok()
    })
    .await;
    let refused = list(&world, &first.token("users.read", 60)).await;
    assert_eq!(reason(&refused.unwrap_err()), "CREDENTIALS_INVALID");
}
