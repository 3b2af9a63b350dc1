//! Page tokens: a place in a list, and which list it is a place in.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use byline_domain::error::{Invalid, Reason};
use byline_domain::page::{Cursor, SortValue};
use chrono::{DateTime, Datelike};
use prost::Message;
use uuid::Uuid;

/// What a token holds. Not part of the contract: callers see it sealed in base64.
#[derive(Clone, PartialEq, Message)]
struct Token {
    /// The request that the list answers.
    #[prost(string, tag = "1")]
    list: String,
    #[prost(bytes = "vec", tag = "2")]
    id: Vec<u8>,
    #[prost(oneof = "Value", tags = "3, 4, 5, 6")]
    value: Option<Value>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Value {
    #[prost(bool, tag = "3")]
    Absent(bool),
    #[prost(sint64, tag = "4")]
    Micros(i64),
    #[prost(string, tag = "5")]
    Text(String),
    #[prost(sint32, tag = "6")]
    Rank(i32),
}

/// The token of the page that starts after `cursor` in `list`; empty at the end.
pub(crate) fn encode(list: &str, cursor: Option<Cursor>) -> String {
    let Some(cursor) = cursor else {
        return String::new();
    };
    let token = Token {
        list: list.to_owned(),
        id: cursor.id.as_bytes().to_vec(),
        value: Some(match cursor.value {
            SortValue::Absent => Value::Absent(true),
            SortValue::Time(time) => Value::Micros(time.timestamp_micros()),
            SortValue::Text(text) => Value::Text(text),
            SortValue::Rank(rank) => Value::Rank(rank),
        }),
    };
    URL_SAFE_NO_PAD.encode(token.encode_to_vec())
}

/// The place that a token names; `None` for an empty one. `fits` tells whether a
/// value can be one of the list's.
pub(crate) fn decode(
    list: &str,
    text: &str,
    fits: impl Fn(&SortValue) -> bool,
) -> Result<Option<Cursor>, Invalid> {
    if text.is_empty() {
        return Ok(None);
    }
    let token = URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| Token::decode(bytes.as_slice()).ok());
    let Some(token) = token else {
        return Err(not_a_token());
    };
    if token.list != list {
        return Err(Invalid::new(
            Reason::PageTokenMismatch,
            "belongs to a request with other parameters: only page_size, skip and total may \
             differ from page to page",
        ));
    }
    let id = Uuid::from_slice(&token.id).map_err(|_| not_a_token())?;
    let value = match token.value.ok_or_else(not_a_token)? {
        Value::Absent(_) => SortValue::Absent,
        Value::Micros(micros) => SortValue::Time(
            DateTime::from_timestamp_micros(micros)
                .filter(|time| (1..=9_999).contains(&time.year()))
                .ok_or_else(not_a_token)?,
        ),
        // PostgreSQL takes no NUL in a text.
        Value::Text(text) if text.contains('\0') => return Err(not_a_token()),
        Value::Text(text) => SortValue::Text(text),
        Value::Rank(rank) => SortValue::Rank(rank),
    };
    if fits(&value) {
        Ok(Some(Cursor { value, id }))
    } else {
        Err(not_a_token())
    }
}

fn not_a_token() -> Invalid {
    Invalid::new(
        Reason::PageTokenInvalid,
        "is not a token that a page was answered with",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(value: SortValue) -> Cursor {
        Cursor {
            value,
            id: Uuid::from_u128(7),
        }
    }

    #[test]
    fn a_token_leads_back_to_its_place() {
        let time = DateTime::from_timestamp_micros(-5).unwrap();
        for value in [
            SortValue::Absent,
            SortValue::Time(time),
            SortValue::Text("é".to_owned()),
            SortValue::Rank(-2),
        ] {
            let place = cursor(value);
            let token = encode("list", Some(place.clone()));
            assert_eq!(decode("list", &token, |_| true), Ok(Some(place)));
        }
        assert_eq!(encode("list", None), "");
        assert_eq!(decode("list", "", |_| true), Ok(None));
    }

    #[test]
    fn a_token_of_another_list_is_refused() {
        let token = encode("list", Some(cursor(SortValue::Absent)));
        let refusal = decode("other", &token, |_| true).unwrap_err();
        assert_eq!(refusal.reason, Reason::PageTokenMismatch);
    }

    #[test]
    fn rubbish_is_refused() {
        let text = encode("list", Some(cursor(SortValue::Text("\0".to_owned()))));
        let unfit = encode("list", Some(cursor(SortValue::Rank(1))));
        // A year that PostgreSQL does not know.
        let ancient = DateTime::from_timestamp_micros(i64::MIN / 4).unwrap();
        let ancient = encode("list", Some(cursor(SortValue::Time(ancient))));
        for token in ["x", "!!!!", "AAAA", &text, &unfit, &ancient] {
            let refusal = decode("list", token, |value| !matches!(value, SortValue::Rank(_)));
            assert!(refusal.is_err(), "{token}");
        }
    }
}
