//! Holds what reads tokens and key sets to what it promises: of any text as a token, of any texts as
//! the header and the claims of one (on two lines), and of any bytes as a key set.
//!
//! No signature is verified here: that is the cryptographic library's, and is known to be right
//! before claims are read.
#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use byline_domain::access::CallerName;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::crypto::{CryptoProvider, KeyUtils};
use jsonwebtoken::errors::ErrorKind;
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::Value;

use algorithms::Algorithms;
use claims::Claims;
use key_set::KeySet;
use refusal::Refusal;
use token::SignedToken;

#[path = "../../crates/grpc/src/access/jwt/algorithms.rs"]
mod algorithms;
#[path = "../../crates/grpc/src/access/jwt/claims.rs"]
mod claims;
#[allow(
    dead_code,
    reason = "a part of the program, of which some is not asked here"
)]
#[path = "../../crates/grpc/src/access/jwt/key_set.rs"]
mod key_set;
#[path = "../../crates/grpc/src/access/jwt/object.rs"]
mod object;
#[allow(
    dead_code,
    reason = "a part of the program, of which some is not asked here"
)]
#[path = "../../crates/grpc/src/access/jwt/refusal.rs"]
mod refusal;
#[allow(
    dead_code,
    reason = "a part of the program, of which some is not asked here"
)]
#[path = "../../crates/grpc/src/access/jwt/token.rs"]
mod token;

/// Says of no signature that it is good.
static NOBODY: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
    verifier_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
    key_utils: KeyUtils::new_unimplemented(),
};

static ALLOWED: LazyLock<Algorithms> = LazyLock::new(|| {
    let _ = NOBODY.install_default();
    Algorithms::parse(Algorithms::DEFAULT).expect("the default is a list")
});

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fuzz_target!(|bytes: &[u8]| -> Corpus {
    check_key_set(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Corpus::Keep;
    };
    check_token(text);
    let (header, payload) = text.split_once('\n').unwrap_or((text, "{}"));
    let part = |part: &str| URL_SAFE_NO_PAD.encode(part);
    let whole = format!("{}.{}.{}", part(header), part(payload), part("signed"));
    check_token(&whole);
    check_header(header, &whole);
    check_claims(payload.as_bytes());
    Corpus::Keep
});

/// What is taken for a token is three parts of base64url, none of which could be written otherwise.
fn check_token(text: &str) {
    let Ok(token) = SignedToken::parse(text, &ALLOWED) else {
        return;
    };
    assert!(text.len() <= 8 * 1024);
    let parts: Vec<_> = text.split('.').collect();
    assert_eq!(parts.len(), 3, "{text}");
    let header = URL_SAFE_NO_PAD.decode(parts[0]).expect("it was read");
    assert_eq!(URL_SAFE_NO_PAD.encode(header), parts[0]);
    if let Ok(payload) = token.payload() {
        assert_eq!(URL_SAFE_NO_PAD.encode(payload), parts[1]);
    }
}

/// A header is taken only if another reader of JSON would find the same in it.
fn check_header(header: &str, whole: &str) {
    let Ok(token) = SignedToken::parse(whole, &ALLOWED) else {
        return;
    };
    let read: Value = serde_json::from_str(header).expect("it was read");
    let algorithm = read["alg"].as_str().expect("it says how it is signed");
    assert!(["RS256", "PS256", "ES256", "EdDSA"].contains(&algorithm));
    assert_eq!(format!("{:?}", token.algorithm()), algorithm);
    assert_eq!(token.kid(), read["kid"].as_str());
    assert!(read.get("crit").is_none(), "{header}");
}

/// Claims make a caller only of a token that was made by the issuer, for the audience, for now.
fn check_claims(payload: &[u8]) {
    let caller = Claims::parse(payload).and_then(|claims| claims.caller("iss", "aud", now()));
    let caller = match caller {
        Ok(caller) => caller,
        Err(refusal) => {
            assert!(!matches!(refusal, Refusal::Unavailable(_)), "{refusal}");
            return;
        }
    };
    let read: Value = serde_json::from_slice(payload).expect("it was read");
    assert_eq!(read["iss"], "iss");
    let names = read["aud"].as_array();
    let is_among = names.is_some_and(|names| names.iter().any(|name| name == "aud"));
    let is_meant = is_among || read["aud"] == "aud";
    assert!(is_meant, "{read}");
    let seconds = 20_000.0 * 86_400.0;
    assert!(
        read["exp"].as_f64().expect("a number") > seconds - 60.0,
        "{read}"
    );
    for early in ["nbf", "iat"] {
        let is_now = |time: f64| time <= seconds + 60.0;
        assert!(read[early].as_f64().is_none_or(is_now), "{read}");
    }
    let name = read["sub"].as_str().expect("it is somebody's");
    assert_eq!(caller.id(), format!("jwt:{name}"));
    assert_eq!(CallerName::parse(name).expect("a name").as_str(), name);
    let claimed = read["scope"].as_str().unwrap_or_default();
    for scope in byline_domain::access::Scope::ALL {
        let is_claimed = claimed.split(' ').any(|name| name == scope.name());
        assert_eq!(caller.may(scope), is_claimed, "{scope} of {claimed:?}");
    }
}

/// A key set that is taken has some keys, and what is said of others repeats nothing of them.
fn check_key_set(document: &[u8]) {
    let said = match KeySet::parse(document, &ALLOWED) {
        Ok(set) => {
            assert!((1..=100).contains(&set.len()));
            set.unusable().to_owned()
        }
        Err(reason) => reason.problem().to_owned(),
    };
    assert!(!said.contains(char::is_control), "{said:?}");
    let read: Value = serde_json::from_slice(document).unwrap_or_default();
    for key in read["keys"].as_array().into_iter().flatten() {
        for secret in ["d", "n", "x", "y"] {
            let secret = key[secret].as_str().unwrap_or_default();
            let is_one = secret.len() >= 16 && !secret.contains(' ');
            assert!(!is_one || !said.contains(secret), "{said}");
        }
    }
}
