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
use byline_fuzz::hold;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::crypto::{CryptoProvider, KeyUtils};
use jsonwebtoken::errors::ErrorKind;
use libfuzzer_sys::fuzz_target;
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
#[expect(
    dead_code,
    reason = "a part of the program, of which some is not asked here"
)]
#[path = "../../crates/grpc/src/access/jwt/key_set.rs"]
mod key_set;
#[path = "../../crates/grpc/src/access/jwt/object.rs"]
mod object;
#[expect(
    dead_code,
    reason = "a part of the program, of which some is not asked here"
)]
#[path = "../../crates/grpc/src/access/jwt/refusal.rs"]
mod refusal;
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

fuzz_target!(|bytes: &[u8]| {
    let is_key_set = check_key_set(bytes);
    let (is_compact, is_token) = match std::str::from_utf8(bytes) {
        Ok(text) => (check_token(text), check_parts(text)),
        Err(_) => (false, false),
    };
    let parts = [
        ("keys", is_key_set),
        ("compact", is_compact),
        ("token", is_token),
    ];
    hold(bytes, &parts);
});

/// What is taken for a token is three parts of base64url, none of which could be written otherwise.
fn check_token(text: &str) -> bool {
    let Ok(token) = SignedToken::parse(text, &ALLOWED) else {
        return false;
    };
    assert!(text.len() <= 8 * 1024);
    let parts: Vec<_> = text.split('.').collect();
    assert_eq!(parts.len(), 3, "{text}");
    let header = URL_SAFE_NO_PAD.decode(parts[0]).expect("it was read");
    assert_eq!(URL_SAFE_NO_PAD.encode(header), parts[0]);
    if let Ok(payload) = token.payload() {
        assert_eq!(URL_SAFE_NO_PAD.encode(payload), parts[1]);
    }
    for (length, is_token) in [(8 * 1024, true), (8 * 1024 + 1, false)] {
        // In bytes: what is read later need not be letters yet.
        let longer = text.to_owned() + &"A".repeat(length - text.len());
        let longer = SignedToken::parse(&longer, &ALLOWED);
        assert_eq!(longer.is_ok(), is_token, "{text} of {length} bytes");
    }
    true
}

/// The header and the claims of a token, on two lines.
fn check_parts(text: &str) -> bool {
    let (header, payload) = text.split_once('\n').unwrap_or((text, "{}"));
    let part = |part: &str| URL_SAFE_NO_PAD.encode(part);
    let whole = format!("{}.{}.{}", part(header), part(payload), part("signed"));
    check_token(&whole);
    let is_signed = check_header(header, &whole);
    let is_caller = check_claims(payload.as_bytes());
    is_signed && is_caller
}

/// A header is taken only if another reader of JSON would find the same in it.
fn check_header(header: &str, whole: &str) -> bool {
    let Ok(token) = SignedToken::parse(whole, &ALLOWED) else {
        return false;
    };
    let Some(read) = read_again(header.as_bytes()) else {
        return true;
    };
    let algorithm = read["alg"].as_str().expect("it says how it is signed");
    assert!(["RS256", "PS256", "ES256", "EdDSA"].contains(&algorithm));
    assert_eq!(format!("{:?}", token.algorithm()), algorithm);
    assert_eq!(token.kid(), read["kid"].as_str());
    assert!(read.get("crit").is_none(), "{header}");
    if let Some(typ) = read.get("typ") {
        let typ = typ.as_str().expect("a text").to_lowercase();
        let of_access = ["jwt", "at+jwt", "application/jwt", "application/at+jwt"];
        assert!(of_access.contains(&&*typ), "{header}");
    }
    true
}

/// The values of an object that was read, all of them. Where some are passed over there may be numbers
/// that are none here: `None`.
fn read_again(json: &[u8]) -> Option<Value> {
    match serde_json::from_slice(json) {
        Ok(read) => Some(read),
        Err(error) => {
            let said = error.to_string();
            assert!(said.starts_with("number out of range"), "{said}");
            None
        }
    }
}

/// Claims make a caller only of a token that was made by the issuer, for the audience, for now, and for
/// whoever has it.
fn check_claims(payload: &[u8]) -> bool {
    let caller = Claims::parse(payload).and_then(|claims| claims.caller("iss", "aud", now()));
    let caller = match caller {
        Ok(caller) => caller,
        Err(refusal) => {
            assert!(!matches!(refusal, Refusal::Unavailable(_)), "{refusal}");
            return false;
        }
    };
    let Some(read) = read_again(payload) else {
        return true;
    };
    assert_eq!(read["iss"], "iss");
    let names = read["aud"].as_array();
    let is_among = names.is_some_and(|names| names.iter().any(|name| name == "aud"));
    let is_meant = is_among || read["aud"] == "aud";
    assert!(is_meant, "{read}");
    assert!(read.get("cnf").is_none(), "{read}");
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
    true
}

/// A key set that is taken has some keys, all of them for verifying, and what is said of others
/// repeats nothing of the document. Whether all of its keys are such.
fn check_key_set(document: &[u8]) -> bool {
    let read: Value = serde_json::from_slice(document).unwrap_or_default();
    let (said, is_good) = match KeySet::parse(document, &ALLOWED) {
        Ok(set) => {
            if let Some(read) = read_again(document) {
                let entries = read["keys"].as_array().expect("a list of keys");
                let fit = entries.iter().filter(|key| is_public_key(key)).count();
                assert!((1..=fit.min(100)).contains(&set.len()), "{read}");
            }
            (set.unusable().to_owned(), set.unusable().is_empty())
        }
        Err(reason) => (reason.problem().to_owned(), false),
    };
    assert!(!said.contains(char::is_control), "{said:?}");
    let is_secret = |text: &str| text.len() >= 16 && !text.contains(' ');
    any_text(&read, &mut |text| {
        assert!(!is_secret(text) || !said.contains(text), "{said}");
    });
    is_good
}

/// Shows every text of the document, whatever it is the value of.
fn any_text(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(values) => values.iter().for_each(|value| any_text(value, see)),
        Value::Object(fields) => fields.values().for_each(|value| any_text(value, see)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a key is public and may verify signatures by an algorithm that is allowed, by another
/// reading.
fn is_public_key(key: &Value) -> bool {
    let text = |name: &str| key[name].as_str();
    let is_for = |name: &str, purpose: &str| key[name].is_null() || text(name) == Some(purpose);
    let operations = key["key_ops"].as_array();
    let verifies = operations.is_none_or(|all| all.iter().any(|one| one == "verify"));
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    let is_sized = |name: &str| bytes(name).is_some_and(|bytes| bytes.len() == 32);
    let bits = |name: &str| -> Vec<u8> {
        let bytes = bytes(name).unwrap_or_default();
        let of_byte = |byte: u8| (0..8).rev().map(move |at| byte >> at & 1);
        let bits = bytes.into_iter().flat_map(of_byte);
        bits.skip_while(|bit| *bit == 0).collect()
    };
    let is_kind = match (text("kty"), text("crv")) {
        (Some("RSA"), _) => {
            let exponent = bits("e");
            let is_good = exponent.ends_with(&[1]) && (17..=32).contains(&exponent.len());
            let is_named = is_for("alg", "RS256") || is_for("alg", "PS256");
            (2_048..=8_192).contains(&bits("n").len()) && is_good && is_named
        }
        (Some("EC"), Some("P-256")) => is_sized("x") && is_sized("y") && is_for("alg", "ES256"),
        (Some("OKP"), Some("Ed25519")) => is_sized("x") && is_for("alg", "EdDSA"),
        _ => false,
    };
    key["d"].is_null() && is_for("use", "sig") && verifies && is_kind
}
