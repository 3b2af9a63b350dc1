//! Tokens from the outside: which are taken, and which are not.

mod attacks;
mod claims;
mod files;
mod issuer;
mod key_sets;
mod mutations;
mod server;
mod urls;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use byline_domain::testing::fixtures::FixedClock;
use chrono::DateTime;
use serde_json::{Value, json};

use self::issuer::SigningKey;
use super::keys::Pace;
use super::*;

/// When all of it happens, in seconds since 1970.
const NOON: i64 = 1_767_268_800;
const ISSUER: &str = "https://issuer.example/";
const AUDIENCE: &str = "byline";

fn settings(jwks: JwksSource) -> JwtSettings {
    JwtSettings {
        jwks,
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        algorithms: Algorithms::parse(Algorithms::DEFAULT).unwrap(),
    }
}

fn at(seconds: i64) -> Arc<dyn Clock> {
    Arc::new(FixedClock(DateTime::from_timestamp(seconds, 0).unwrap()))
}

/// Starts over a file of those keys.
async fn verifier_of(keys: &Value, algorithms: &str) -> Result<JwtVerifier, JwtError> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("jwks.json");
    write(&file, keys);
    let mut settings = settings(JwksSource::File(file));
    settings.algorithms = Algorithms::parse(algorithms).unwrap();
    JwtVerifier::start(settings, at(NOON)).await
}

async fn verifier(keys: &[&SigningKey]) -> JwtVerifier {
    verifier_of(&set(keys), Algorithms::DEFAULT).await.unwrap()
}

/// A key set of the public parts.
fn set(keys: &[&SigningKey]) -> Value {
    let keys: Vec<_> = keys.iter().map(|key| key.public()).collect();
    json!({ "keys": keys })
}

fn write(file: &Path, keys: &Value) {
    std::fs::write(file, keys.to_string()).unwrap();
}

/// What a good token claims.
fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "web",
        "exp": NOON + 300,
        "scope": "users.read openid posts.read",
    })
}

/// The claims with some put in place of what was there.
fn with(changes: Value) -> Value {
    let mut claims = claims();
    let Value::Object(changes) = changes else {
        panic!("no claims: {changes}");
    };
    claims.as_object_mut().unwrap().extend(changes);
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name).unwrap();
    claims
}

/// Looks until it is so.
async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so().await {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
