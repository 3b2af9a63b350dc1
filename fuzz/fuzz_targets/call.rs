//! Holds what reads the headers of a call to what it promises.
#![no_main]

use byline_domain::access::{ApiKey, PresentedKey};
use byline_fuzz::hold;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use secrecy::ExposeSecret;

use bearer::Bearer;

#[path = "../../crates/grpc/src/access/bearer.rs"]
mod bearer;
#[path = "../../crates/grpc/src/layers/headers.rs"]
mod headers;

fuzz_target!(|bytes: &[u8]| {
    check_new_key(bytes);
    let text = std::str::from_utf8(bytes).ok();
    let parts = [
        ("bearer", check_bearer(bytes)),
        ("request_id", check_request_id(bytes)),
        ("key", text.is_some_and(check_key)),
        ("timeout", text.is_some_and(check_timeout)),
    ];
    hold(bytes, &parts);
});

/// A token is what stands behind the scheme, and there is one alone.
fn check_bearer(bytes: &[u8]) -> bool {
    let Ok(value) = HeaderValue::from_bytes(bytes) else {
        return false;
    };
    let mut headers = HeaderMap::new();
    headers.append(AUTHORIZATION, value.clone());
    let expected = value.to_str().ok().and_then(token);
    match bearer::read(&headers) {
        Bearer::Token(token) => {
            assert_eq!(Some(token), expected);
            let shown = format!("{:?}", bearer::read(&headers));
            assert_eq!(shown, "Token(…)");
            check_longest(token);
        }
        other @ (Bearer::None | Bearer::Malformed) => {
            assert_eq!((other, expected), (Bearer::Malformed, None));
        }
    }
    let is_taken = expected.is_some();
    headers.append(AUTHORIZATION, value);
    assert_eq!(bearer::read(&headers), Bearer::Malformed);
    is_taken
}

/// The token by another reading.
fn token(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked("bearer ".len())?;
    let token = rest.trim_start_matches(' ');
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    let is_one = scheme.eq_ignore_ascii_case("bearer ")
        && (1..=8 * 1024).contains(&token.len())
        && token.chars().all(is_token);
    is_one.then_some(token)
}

/// What begins with that token is one up to 8 KiB.
fn check_longest(token: &str) {
    for (length, is_token) in [(8 * 1024, true), (8 * 1024 + 1, false)] {
        let value = format!("Bearer {token:a<length$}");
        let value = HeaderValue::from_str(&value).expect("it was a header");
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        let is_taken = matches!(bearer::read(&headers), Bearer::Token(_));
        assert_eq!(is_taken, is_token, "{token} of {length} bytes");
    }
}

/// A key that is read is written in the one form in which it was given out.
fn check_key(text: &str) -> bool {
    let Some(key) = PresentedKey::parse(text) else {
        return false;
    };
    assert!(PresentedKey::is_meant(text));
    let random: Vec<u8> = [&text[4..20], &text[21..85]]
        .concat()
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).expect("hex digits");
            u8::from_str_radix(pair, 16).expect("hex digits")
        })
        .collect();
    let again = ApiKey::from_random(&random.try_into().expect("40 bytes"));
    assert_eq!(again.reveal().expose_secret(), text);
    assert_eq!(again.presented(), key);
    let shown = format!("{key:?} {again:?}");
    assert!(!shown.contains(&text[21..85]), "{shown}");
    true
}

/// A key that is made is read, and with any change it is not.
fn check_new_key(bytes: &[u8]) {
    let Some((random, rest)) = bytes.split_first_chunk::<{ ApiKey::RANDOM_BYTES }>() else {
        return;
    };
    let key = ApiKey::from_random(random);
    let revealed = key.reveal();
    let text = revealed.expose_secret();
    assert_eq!(PresentedKey::parse(text), Some(key.presented()));
    let [at, to, ..] = rest else {
        return;
    };
    let mut changed = text.as_bytes().to_vec();
    let at = usize::from(*at) % changed.len();
    changed[at] = *to;
    if let Ok(changed) = String::from_utf8(changed)
        && changed != text
    {
        assert_eq!(PresentedKey::parse(&changed), None, "{changed}");
    }
}

/// An id that is taken cannot break a line.
fn check_request_id(bytes: &[u8]) -> bool {
    let Some(id) = headers::request_id(bytes) else {
        return false;
    };
    assert_eq!(id.as_bytes(), bytes);
    assert!((1..=64).contains(&id.len()));
    assert!(
        id.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)),
        "{id}"
    );
    true
}

/// A time is as many of its unit as its digits say.
fn check_timeout(text: &str) -> bool {
    let Some(time) = headers::timeout(text) else {
        return false;
    };
    let (digits, unit) = text.split_at(text.len() - 1);
    assert!((1..=8).contains(&digits.len()), "{text}");
    let number: u128 = digits.parse().expect("digits");
    let nanos = match unit {
        "H" => 3_600_000_000_000,
        "M" => 60_000_000_000,
        "S" => 1_000_000_000,
        "m" => 1_000_000,
        "u" => 1_000,
        "n" => 1,
        other => panic!("{other} is no unit"),
    };
    assert_eq!(time.as_nanos(), number * nanos);
    true
}
