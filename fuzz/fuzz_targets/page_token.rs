//! Holds page tokens to what they promise of any text, and of any bytes under the seal.
#![no_main]

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use byline_domain::clock::Clock;
use byline_domain::error::Reason;
use byline_domain::page::{Cursor, SortValue};
use byline_fuzz::hold;
use chrono::{DateTime, TimeDelta, Utc};
use libfuzzer_sys::fuzz_target;
use uuid::Uuid;

use page_token::{Keys, List, PageTokens, Place};

#[expect(
    dead_code,
    reason = "a part of the program, of which some is not asked here"
)]
#[path = "../../crates/grpc/src/page_token/mod.rs"]
mod page_token;
#[path = "../../crates/grpc/src/secret_key.rs"]
mod secret_key;

/// So long after noon it is.
struct AfterNoon(TimeDelta);

impl Clock for AfterNoon {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + self.0
    }
}

const KEY: &str = "0101010101010101010101010101010101010101010101010101010101010101";
const OTHER_KEY: &str = "0202020202020202020202020202020202020202020202020202020202020202";

/// Tokens of these keys, at that time.
fn tokens(keys: &str, after_noon: TimeDelta) -> PageTokens {
    let keys = Keys::parse(keys).expect("they are keys");
    PageTokens::new(keys, Arc::new(AfterNoon(after_noon)))
}

static TOKENS: LazyLock<PageTokens> = LazyLock::new(|| tokens(KEY, TimeDelta::zero()));

/// Those of another program, to which the key is the old one.
static NEWER: LazyLock<PageTokens> =
    LazyLock::new(|| tokens(&format!("{OTHER_KEY},{KEY}"), TimeDelta::zero()));

/// From 5 minutes before noon, where another clock may be, to 24 hours after it a token is good.
static IN_TIME: LazyLock<[PageTokens; 2]> =
    LazyLock::new(|| [TimeDelta::minutes(-5), TimeDelta::hours(24)].map(|time| tokens(KEY, time)));
static EARLY: LazyLock<PageTokens> =
    LazyLock::new(|| tokens(KEY, TimeDelta::minutes(-5) - TimeDelta::microseconds(1)));
static LATE: LazyLock<PageTokens> =
    LazyLock::new(|| tokens(KEY, TimeDelta::hours(24) + TimeDelta::microseconds(1)));

fuzz_target!(|bytes: &[u8]| {
    let text = std::str::from_utf8(bytes).ok();
    let parts = [
        ("token", text.is_some_and(check_token)),
        ("keys", text.is_some_and(check_keys)),
        ("contents", check_contents(bytes)),
    ];
    check_seal(bytes);
    hold(bytes, &parts);
});

fn list() -> List {
    List::of("ListUsers").with("filter", "")
}

/// Without the key nobody comes by a text that is taken.
fn check_token(text: &str) -> bool {
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
    text.is_empty()
}

/// What is read of keys are keys, each of which opens what it sealed alone, and what is said of others
/// does not repeat them.
fn check_keys(text: &str) -> bool {
    let texts: Vec<_> = text.split(',').map(str::trim).collect();
    let wrong = texts.iter().position(|text| !is_key(text));
    let keys = match Keys::parse(text) {
        Ok(keys) => keys,
        Err(refusal) => {
            let number = wrong.expect("a key that is none") + 1;
            let what = "is neither 32 bytes in base64 nor 64 hex digits";
            assert_eq!(refusal.to_string(), format!("key {number} {what}"));
            return false;
        }
    };
    assert_eq!(wrong, None);
    assert_eq!(format!("{keys:?}"), format!("Keys({})", texts.len()));
    let all = PageTokens::new(keys, Arc::new(AfterNoon(TimeDelta::zero())));
    let place = Place {
        cursor: Cursor {
            values: Vec::new(),
            id: Uuid::nil(),
        },
        since: DateTime::UNIX_EPOCH,
    };
    let is_opened = |one: &PageTokens, other: &PageTokens| {
        let token = one.seal("a", &list(), Some(&place));
        other.open("a", Some(&list()), &token).is_ok()
    };
    for (at, text) in texts.iter().enumerate() {
        let one = tokens(text, TimeDelta::zero());
        assert!(is_opened(&one, &all), "{text}");
        assert!(at > 0 || is_opened(&all, &one), "{text}");
    }
    true
}

/// By another reading: one that knows each form for itself.
fn is_key(text: &str) -> bool {
    let is_hex = text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit());
    let forms = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
    let mut read = forms.iter().filter_map(|form| form.decode(text).ok());
    is_hex || read.any(|bytes| bytes.len() == 32)
}

/// Bytes that are read under a seal are read to the same place when they are written again.
fn check_contents(bytes: &[u8]) -> bool {
    let Some(read) = page_token::contents::read(bytes) else {
        return false;
    };
    let written = page_token::contents::write(&list(), &read.place, read.issued);
    let again = page_token::contents::read(&written).expect("what is written can be read");
    assert_eq!((&again.place, again.issued), (&read.place, read.issued));
    assert!(again.is_of(&list()));
    let token = TOKENS.seal("a", &list(), Some(&read.place));
    let opened = TOKENS.open("a", Some(&list()), &token);
    assert_eq!(opened, Ok(Some(read.place)));
    true
}

/// A token leads its caller to its place in its list, and nobody to any other.
fn check_seal(bytes: &[u8]) {
    let [first, second, rest @ ..] = bytes else {
        return;
    };
    let text = String::from_utf8_lossy(&rest[..rest.len().min(256)]).into_owned();
    if *first == 0 {
        check_longest(&text);
    }
    let place = Place {
        cursor: Cursor {
            values: vec![SortValue::Text(text), SortValue::Rank(i64::from(*first))],
            id: Uuid::from_u128(u128::from(*second)),
        },
        since: DateTime::UNIX_EPOCH,
    };
    let token = TOKENS.seal("a", &list(), Some(&place));
    if *first == 1 {
        check_others(&token, &place);
    }
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

/// A token is opened for as long as it is good, and by those who have its key, whichever theirs is.
fn check_others(token: &str, place: &Place) {
    let opened = |tokens: &PageTokens| {
        let place = tokens.open("a", Some(&list()), token);
        place.map_err(|refusal| refusal.reason)
    };
    for tokens in IN_TIME.iter().chain([&*NEWER]) {
        assert_eq!(opened(tokens), Ok(Some(place.clone())));
    }
    assert_eq!(opened(&LATE), Err(Reason::PageTokenExpired));
    assert_eq!(opened(&EARLY), Err(Reason::PageTokenInvalid));
    let newer = NEWER.seal("a", &list(), Some(place));
    let refusal = TOKENS.open("a", Some(&list()), &newer).err();
    assert_eq!(
        refusal.expect("its key is unknown").reason,
        Reason::PageTokenInvalid
    );
}

/// Tokens are opened up to 16 KiB, which those of all that a row can be ordered by are below.
fn check_longest(text: &str) {
    let sealed = |chars: usize| {
        let place = Place {
            cursor: Cursor {
                values: vec![SortValue::Text(format!("{text:x<chars$}"))],
                id: Uuid::nil(),
            },
            since: DateTime::UNIX_EPOCH,
        };
        TOKENS.seal("a", &list(), Some(&place))
    };
    // What stands around the text, and what is more than a byte in it, is told by one that is sealed.
    let around = sealed(9 * 1024).len() * 3 / 4 - 9 * 1024;
    let most = 16 * 1024 * 3 / 4 - around;
    for chars in [most - 4, most + 4] {
        let token = sealed(chars);
        let opened = TOKENS.open("a", Some(&list()), &token);
        assert_eq!(opened.is_ok(), token.len() <= 16 * 1024, "{}", token.len());
        assert_eq!(opened.is_ok(), chars < most, "{}", token.len());
    }
}
