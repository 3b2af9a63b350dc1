//! Holds page tokens to what they promise of any text, and of any bytes under the seal.
#![no_main]

use std::sync::{Arc, LazyLock};

use byline_domain::clock::Clock;
use byline_domain::error::Reason;
use byline_domain::page::{Cursor, SortValue};
use chrono::{DateTime, TimeDelta, Utc};
use libfuzzer_sys::{Corpus, fuzz_target};
use uuid::Uuid;

use page_token::{Keys, List, PageTokens, Place};

#[allow(
    dead_code,
    reason = "a part of the program, of which some is not asked here"
)]
#[path = "../../crates/grpc/src/page_token/mod.rs"]
mod page_token;
#[path = "../../crates/grpc/src/secret_key.rs"]
mod secret_key;

/// Always the same time.
struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
    }
}

const KEY: &str = "0101010101010101010101010101010101010101010101010101010101010101";

static TOKENS: LazyLock<PageTokens> = LazyLock::new(|| {
    let keys = Keys::parse(KEY).expect("64 hex digits are a key");
    PageTokens::new(keys, Arc::new(Noon))
});

fuzz_target!(|bytes: &[u8]| -> Corpus {
    if let Ok(text) = std::str::from_utf8(bytes) {
        is_no_token(text);
        check_keys(text);
    }
    check_contents(bytes);
    check_seal(bytes);
    Corpus::Keep
});

fn list() -> List {
    List::of("ListUsers").with("filter", "")
}

/// Without the key nobody comes by a text that is taken.
fn is_no_token(text: &str) {
    for list in [None, Some(&list())] {
        match TOKENS.open("a", list, text) {
            Ok(place) => assert!(place.is_none() && text.is_empty(), "{text}"),
            Err(refusal) => {
                assert_eq!(refusal.reason, Reason::PageTokenInvalid);
                let message = refusal.message;
                assert!(
                    message.starts_with("is not a token that a page"),
                    "{message}"
                );
            }
        }
    }
}

/// What is read of keys are keys, and what is said of others does not repeat them.
fn check_keys(text: &str) {
    match Keys::parse(text) {
        Ok(keys) => assert_eq!(
            format!("{keys:?}"),
            format!("Keys({})", text.split(',').count())
        ),
        Err(refusal) => {
            let said = refusal.to_string();
            let rest = said
                .trim_start_matches("key ")
                .trim_start_matches(char::is_numeric);
            assert_eq!(
                rest, " is neither 32 bytes in base64 nor 64 hex digits",
                "{said}"
            );
        }
    }
}

/// Bytes that are read under a seal are read to the same place when they are written again.
fn check_contents(bytes: &[u8]) {
    let Some(read) = page_token::contents::read(bytes) else {
        return;
    };
    let written = page_token::contents::write(&list(), &read.place, read.issued);
    let again = page_token::contents::read(&written).expect("what is written can be read");
    assert_eq!((&again.place, again.issued), (&read.place, read.issued));
    assert!(again.is_of(&list()));
    let token = TOKENS.seal("a", &list(), Some(&read.place));
    // What is too long to be looked at is the one exception.
    if token.len() <= 16 * 1024 {
        assert_eq!(
            TOKENS.open("a", Some(&list()), &token),
            Ok(Some(read.place))
        );
    }
}

/// A token leads its caller to its place in its list, and nobody to any other.
fn check_seal(bytes: &[u8]) {
    let [first, second, rest @ ..] = bytes else {
        return;
    };
    let text = String::from_utf8_lossy(&rest[..rest.len().min(256)]).into_owned();
    let place = Place {
        cursor: Cursor {
            values: vec![SortValue::Text(text), SortValue::Rank(i64::from(*first))],
            id: Uuid::from_u128(u128::from(*second)),
        },
        since: Noon.now(),
    };
    let token = TOKENS.seal("a", &list(), Some(&place));
    assert_eq!(TOKENS.open("a", Some(&list()), &token), Ok(Some(place)));
    let reason = |caller, list: &List, token: &str| {
        let opened = TOKENS.open(caller, Some(list), token);
        opened
            .expect_err("it is not this caller's token of this list")
            .reason
    };
    assert_eq!(reason("b", &list(), &token), Reason::PageTokenInvalid);
    let other = List::of("ListPosts");
    assert_eq!(reason("a", &other, &token), Reason::PageTokenMismatch);
    let at = (usize::from(*first) << 8 | usize::from(*second)) % token.len();
    let letter = if &token[at..=at] == "A" { "B" } else { "A" };
    let changed = format!("{}{letter}{}", &token[..at], &token[at + 1..]);
    assert_eq!(reason("a", &list(), &changed), Reason::PageTokenInvalid);
    assert_eq!(
        reason("a", &list(), &token[..at.max(1)]),
        Reason::PageTokenInvalid
    );
}
