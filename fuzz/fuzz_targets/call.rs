//! Holds what reads the headers of a call, and the names in a certificate, to what it promises.
#![no_main]

use byline_domain::access::{ApiKey, PresentedKey};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::{Corpus, fuzz_target};

use bearer::Bearer;
use peer_name::PeerName;

#[path = "../../crates/grpc/src/access/bearer.rs"]
mod bearer;
#[path = "../../crates/grpc/src/layers/headers.rs"]
mod headers;
#[path = "../../crates/grpc/src/transport/peer_name.rs"]
mod peer_name;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    check_bearer(bytes);
    check_request_id(bytes);
    check_new_key(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        check_key(text);
        check_timeout(text);
        check_names(text);
    }
    Corpus::Keep
});

/// A token is what stands behind the scheme, and there is one alone.
fn check_bearer(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else {
        return;
    };
    let mut headers = HeaderMap::new();
    headers.append(AUTHORIZATION, value.clone());
    if let Bearer::Token(token) = bearer::read(&headers) {
        let text = value.to_str().expect("it was read");
        assert!(text[..7].eq_ignore_ascii_case("bearer "), "{text}");
        assert_eq!(text[7..].trim_start_matches(' '), token);
        assert!((1..=8 * 1024).contains(&token.len()));
        assert!(token.bytes().all(|byte| byte.is_ascii_graphic()));
        let shown = format!("{:?}", bearer::read(&headers));
        assert_eq!(shown, "Token(…)");
    }
    headers.append(AUTHORIZATION, value);
    assert_eq!(bearer::read(&headers), Bearer::Malformed);
}

/// A key that is read is written in the one form in which it was given out.
fn check_key(text: &str) {
    let Some(key) = PresentedKey::parse(text) else {
        return;
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
    let again = ApiKey::from_random(random.try_into().expect("40 bytes"));
    assert_eq!(again.reveal(), text);
    assert_eq!(again.presented(), key);
    let shown = format!("{key:?} {again:?}");
    assert!(!shown.contains(&text[21..85]), "{shown}");
}

/// A key that is made is read, and with any change it is not.
fn check_new_key(bytes: &[u8]) {
    let Some((random, rest)) = bytes.split_first_chunk::<{ ApiKey::RANDOM_BYTES }>() else {
        return;
    };
    let key = ApiKey::from_random(*random);
    let text = key.reveal();
    assert_eq!(PresentedKey::parse(&text), Some(key.presented()));
    let [at, to, ..] = rest else {
        return;
    };
    let mut changed = text.clone().into_bytes();
    let at = usize::from(*at) % changed.len();
    changed[at] = *to;
    if let Ok(changed) = String::from_utf8(changed)
        && changed != text
    {
        assert_eq!(PresentedKey::parse(&changed), None, "{changed}");
    }
}

/// An id that is taken cannot break a line.
fn check_request_id(bytes: &[u8]) {
    if let Some(id) = headers::request_id(bytes) {
        assert_eq!(id.as_bytes(), bytes);
        assert!((1..=64).contains(&id.len()));
        assert!(
            id.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)),
            "{id}"
        );
    }
}

/// A time is as many of its unit as its digits say.
fn check_timeout(text: &str) {
    let Some(time) = headers::timeout(text) else {
        return;
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
}

/// Names, one a line, of which those with a scheme are URIs: of one caller or of none.
fn check_names(text: &str) {
    let (uris, hosts): (Vec<_>, Vec<_>) = text.lines().partition(|name| name.contains(':'));
    let Some(name) = PeerName::among(&uris, &hosts) else {
        return;
    };
    let name = name.as_str();
    if name.contains("://") {
        assert_eq!(uris, [name]);
        assert!(name.starts_with("spiffe://"));
        assert!(name.bytes().all(|byte| byte.is_ascii_graphic()), "{name}");
        let two = [name, "spiffe://example.org/other"];
        assert_eq!(PeerName::among(&two, &hosts), None);
    } else {
        assert!(hosts.iter().all(|host| host.eq_ignore_ascii_case(name)));
        assert!(!name.contains('*') && !name.contains(char::is_uppercase) || !name.is_ascii());
        let other = format!("x{name}");
        assert_eq!(PeerName::among(&uris, &[name, &other]), None);
        let id = "spiffe://example.org/web";
        let known = PeerName::among(&[id], &hosts);
        assert_eq!(known.as_ref().map(PeerName::as_str), Some(id));
    }
    let again = PeerName::among(&uris, &hosts.iter().rev().copied().collect::<Vec<_>>());
    assert_eq!(again.as_ref().map(PeerName::as_str), Some(name));
}
