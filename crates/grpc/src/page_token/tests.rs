//! Tokens from the outside: what they lead back to, and what is refused.

use std::sync::Mutex;

use byline_domain::page::SortValue;
use chrono::DateTime;
use uuid::Uuid;

use super::*;

/// A caller.
const ANYBODY: &str = "anybody";

const ONE: &str = "0101010101010101010101010101010101010101010101010101010101010101";
const TWO: &str = "0202020202020202020202020202020202020202020202020202020202020202";

/// A clock that is set by hand.
struct Hands(Mutex<DateTime<Utc>>);

impl Hands {
    fn set(&self, time: DateTime<Utc>) {
        *self.0.lock().unwrap() = time;
    }
}

impl Clock for Hands {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_268_800, 0).unwrap()
}

fn clock() -> Arc<Hands> {
    Arc::new(Hands(Mutex::new(noon())))
}

fn tokens(keys: &str) -> PageTokens {
    PageTokens::new(Keys::parse(keys).unwrap(), clock())
}

fn place(values: impl IntoIterator<Item = SortValue>) -> Place {
    Place {
        cursor: Cursor {
            values: values.into_iter().collect(),
            id: Uuid::from_u128(7),
        },
        since: noon() - TimeDelta::microseconds(1),
    }
}

fn ada() -> Place {
    place([SortValue::Text("ada@example.com".to_owned())])
}

fn list() -> List {
    List::of("ListUsers").with("filter", "role = \"editor\"")
}

fn reason(answer: Result<Option<Place>, Invalid>) -> Reason {
    answer.unwrap_err().reason
}

#[test]
fn a_token_leads_back_to_its_place() {
    let tokens = tokens(ONE);
    let time = DateTime::from_timestamp_micros(-5).unwrap();
    let every = [
        SortValue::Absent,
        SortValue::Bool(false),
        SortValue::Bool(true),
        SortValue::Time(time),
        SortValue::Id(Uuid::from_u128(8)),
        SortValue::Text(String::new()),
        SortValue::Text("é".to_owned()),
        SortValue::Rank(0),
        SortValue::Rank(i64::MIN),
    ];
    let alone = every.iter().map(|value| place([value.clone()]));
    for place in alone.chain([place([]), place(every.clone())]) {
        let token = tokens.seal(ANYBODY, &list(), Some(&place));
        assert_eq!(tokens.open(ANYBODY, Some(&list()), &token), Ok(Some(place)));
    }
}

#[test]
fn no_token_is_an_empty_one() {
    let tokens = tokens(ONE);
    assert_eq!(tokens.seal(ANYBODY, &list(), None), "");
    assert_eq!(tokens.open(ANYBODY, Some(&list()), ""), Ok(None));
}

#[test]
fn the_largest_place_is_not_too_long() {
    let tokens = tokens(ONE);
    let text = SortValue::Text("\u{10ffff}".repeat(256));
    let place = place(std::iter::repeat_n(text, 9));
    let token = tokens.seal(ANYBODY, &list(), Some(&place));
    assert_eq!(tokens.open(ANYBODY, Some(&list()), &token), Ok(Some(place)));
}

#[test]
fn a_longer_text_is_refused_whatever_it_holds() {
    let tokens = tokens(ONE);
    let place = place([SortValue::Text("x".repeat(MAX_BYTES))]);
    let token = tokens.seal(ANYBODY, &list(), Some(&place));
    let refusal = reason(tokens.open(ANYBODY, Some(&list()), &token));
    assert_eq!(refusal, Reason::PageTokenInvalid);
}

#[test]
fn a_token_that_is_altered_anywhere_is_refused() {
    let tokens = tokens(ONE);
    let token = tokens.seal(ANYBODY, &list(), Some(&ada()));
    let refused = |text: &str| {
        let refusal = reason(tokens.open(ANYBODY, Some(&list()), text));
        assert_eq!(refusal, Reason::PageTokenInvalid, "{text}");
    };

    let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        refused(&URL_SAFE_NO_PAD.encode(bytes));
    }
    for index in 0..token.len() {
        for other in ["A", "B", "-", "="]
            .into_iter()
            .filter(|x| *x != &token[index..=index])
        {
            let mut text = token.clone();
            text.replace_range(index..=index, other);
            refused(&text);
        }
        if index > 0 {
            refused(&token[..index]);
        }
    }
    for text in [
        format!("{token}A"),
        format!("{token}="),
        format!(" {token}"),
        format!("{token}{token}"),
    ] {
        refused(&text);
    }
}

#[test]
fn a_token_of_another_list_is_refused() {
    let tokens = tokens(ONE);
    let token = tokens.seal(ANYBODY, &list(), Some(&ada()));
    for other in [List::of("ListUsers"), List::of("ListPosts")] {
        let refusal = tokens.open(ANYBODY, Some(&other), &token).unwrap_err();
        assert_eq!(refusal.reason, Reason::PageTokenMismatch);
        assert_eq!(
            refusal.message,
            "belongs to a request with other parameters: what it has of filter, order_by, query \
             and show_deleted stays the same from page to page"
        );
    }
}

#[test]
fn where_the_list_is_not_known_a_token_of_any_list_is_opened_and_no_other_text() {
    let tokens = tokens(ONE);
    let token = tokens.seal(ANYBODY, &list(), Some(&ada()));
    assert_eq!(tokens.open(ANYBODY, None, &token), Ok(Some(ada())));
    let refusal = reason(tokens.open(ANYBODY, None, "zzz"));
    assert_eq!(refusal, Reason::PageTokenInvalid);
}

#[test]
fn a_token_of_another_caller_is_refused() {
    let tokens = tokens(ONE);
    let token = tokens.seal("ada", &list(), Some(&ada()));
    assert!(tokens.open("ada", Some(&list()), &token).is_ok());
    for caller in ["alan", "", "adaa", "ad", ANYBODY] {
        let refusal = reason(tokens.open(caller, Some(&list()), &token));
        assert_eq!(refusal, Reason::PageTokenInvalid, "{caller}");
    }
}

#[test]
fn a_token_is_good_for_24_hours() {
    let clock = clock();
    let tokens = PageTokens::new(Keys::generate(), clock.clone());
    let token = tokens.seal(ANYBODY, &list(), Some(&ada()));
    clock.set(noon() + TimeDelta::hours(24));
    assert!(tokens.open(ANYBODY, Some(&list()), &token).is_ok());
    clock.set(noon() + TimeDelta::hours(24) + TimeDelta::microseconds(1));
    let refusal = tokens.open(ANYBODY, Some(&list()), &token).unwrap_err();
    assert_eq!(refusal.reason, Reason::PageTokenExpired);
    assert_eq!(
        refusal.message,
        "is older than 24 hours: start again from the first page"
    );
}

#[test]
fn each_page_starts_the_24_hours_anew_and_keeps_the_time_of_the_first() {
    let clock = clock();
    let tokens = PageTokens::new(Keys::generate(), clock.clone());
    let mut found = ada();
    for day in 1..=3 {
        let token = tokens.seal(ANYBODY, &list(), Some(&found));
        clock.set(noon() + TimeDelta::days(day));
        found = tokens
            .open(ANYBODY, Some(&list()), &token)
            .unwrap()
            .unwrap();
    }
    assert_eq!(found, ada());
}

#[test]
fn the_clock_of_another_replica_may_be_5_minutes_ahead() {
    let clock = clock();
    let tokens = PageTokens::new(Keys::generate(), clock.clone());
    let token = tokens.seal(ANYBODY, &list(), Some(&ada()));
    clock.set(noon() - TimeDelta::minutes(5));
    assert!(tokens.open(ANYBODY, Some(&list()), &token).is_ok());
    clock.set(noon() - TimeDelta::minutes(5) - TimeDelta::microseconds(1));
    let refusal = reason(tokens.open(ANYBODY, Some(&list()), &token));
    assert_eq!(refusal, Reason::PageTokenInvalid);
}

#[test]
fn a_key_can_be_replaced_while_its_tokens_are_about() {
    let old = tokens(ONE);
    let token = old.seal(ANYBODY, &list(), Some(&ada()));
    let both = tokens(&format!("{TWO},{ONE}"));
    assert_eq!(both.open(ANYBODY, Some(&list()), &token), Ok(Some(ada())));

    let newer = both.seal(ANYBODY, &list(), Some(&ada()));
    let new = tokens(TWO);
    assert_eq!(new.open(ANYBODY, Some(&list()), &newer), Ok(Some(ada())));
    for (tokens, token) in [(&new, &token), (&old, &newer)] {
        let refusal = reason(tokens.open(ANYBODY, Some(&list()), token));
        assert_eq!(refusal, Reason::PageTokenInvalid);
    }
}

#[test]
fn one_place_is_sealed_differently_each_time() {
    let tokens = tokens(ONE);
    let seal = || tokens.seal(ANYBODY, &list(), Some(&ada()));
    assert_ne!(seal(), seal());
}

#[test]
fn a_token_shows_nothing_of_what_it_holds() {
    let token = tokens(ONE).seal("caller", &list(), Some(&ada()));
    let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
    let digest = list().digest();
    let id = Uuid::from_u128(7);
    for secret in [
        b"ada@".as_slice(),
        b"example.com",
        b"caller",
        b"ListUsers",
        &digest[..8],
        &id.as_bytes()[..],
    ] {
        let shown = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
        assert!(!shown(&bytes) && !shown(token.as_bytes()), "{secret:?}");
    }
}

#[test]
fn rubbish_is_refused() {
    let tokens = tokens(ONE);
    let header = header(tokens.keys.sealing());
    // A generator of its own, so that the texts are the same each time (xorshift).
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..5_000 {
        let length = random() % 120 + 1;
        let text: String = (0..length)
            .map(|_| char::from_u32((random() % 0x800) as u32).unwrap())
            .collect();
        let mut bytes: Vec<u8> = (0..length).map(|_| random().to_le_bytes()[0]).collect();
        let encoded = URL_SAFE_NO_PAD.encode(&bytes);
        bytes.splice(0..0, header);
        let well_begun = URL_SAFE_NO_PAD.encode(&bytes);
        for text in [text, encoded, well_begun] {
            let refusal = reason(tokens.open(ANYBODY, Some(&list()), &text));
            assert_eq!(refusal, Reason::PageTokenInvalid, "{text:?}");
        }
    }
}
