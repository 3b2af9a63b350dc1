//! What is inside the seal: the bytes of a place, and when it was given out.

use byline_domain::page::{Cursor, SortValue};
use chrono::{DateTime, Utc};
use prost::Message;
use uuid::Uuid;

use super::{List, Place};

/// What a token holds, as it was found in one.
pub(crate) struct Contents {
    list: Vec<u8>,
    /// When the token was given out.
    pub(crate) issued: DateTime<Utc>,
    /// Where the next page starts.
    pub(crate) place: Place,
}

impl Contents {
    pub(crate) fn is_of(&self, list: &List) -> bool {
        self.list == list.digest()
    }
}

/// A change that older programs would misread needs another version of the token.
/// Times are microseconds since 1970.
#[derive(Clone, PartialEq, Message)]
struct Token {
    #[prost(bytes = "vec", tag = "1")]
    list: Vec<u8>,
    #[prost(sint64, tag = "2")]
    issued: i64,
    #[prost(sint64, tag = "3")]
    since: i64,
    #[prost(bytes = "vec", tag = "4")]
    id: Vec<u8>,
    #[prost(message, repeated, tag = "5")]
    values: Vec<Held>,
}

/// A value, alone because a oneof cannot be repeated.
#[derive(Clone, PartialEq, Message)]
struct Held {
    #[prost(oneof = "Value", tags = "1, 2, 3, 4, 5, 6")]
    value: Option<Value>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Value {
    #[prost(bool, tag = "1")]
    Absent(bool),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(sint64, tag = "3")]
    Time(i64),
    #[prost(bytes, tag = "4")]
    Id(Vec<u8>),
    #[prost(string, tag = "5")]
    Text(String),
    #[prost(sint64, tag = "6")]
    Rank(i64),
}

/// The bytes of a place in `list`, given out at `issued`.
pub(crate) fn write(list: &List, place: &Place, issued: DateTime<Utc>) -> Vec<u8> {
    let values = place.cursor.values.iter().map(|value| Held {
        value: Some(match value {
            SortValue::Absent => Value::Absent(true),
            SortValue::Bool(truth) => Value::Bool(*truth),
            SortValue::Time(time) => Value::Time(time.timestamp_micros()),
            SortValue::Id(id) => Value::Id(id.as_bytes().to_vec()),
            SortValue::Text(text) => Value::Text(text.clone()),
            SortValue::Rank(rank) => Value::Rank(*rank),
        }),
    });
    Token {
        list: list.digest().to_vec(),
        issued: issued.timestamp_micros(),
        since: place.since.timestamp_micros(),
        id: place.cursor.id.as_bytes().to_vec(),
        values: values.collect(),
    }
    .encode_to_vec()
}

/// Reads what [`write()`] wrote; `None` for anything else, such as a value of a kind
/// that only a newer program knows.
pub(crate) fn read(bytes: &[u8]) -> Option<Contents> {
    let token = Token::decode(bytes).ok()?;
    let values = token.values.into_iter().map(|held| {
        Some(match held.value? {
            Value::Absent(_) => SortValue::Absent,
            Value::Bool(truth) => SortValue::Bool(truth),
            Value::Time(micros) => SortValue::Time(DateTime::from_timestamp_micros(micros)?),
            Value::Id(id) => SortValue::Id(Uuid::from_slice(&id).ok()?),
            Value::Text(text) => SortValue::Text(text),
            Value::Rank(rank) => SortValue::Rank(rank),
        })
    });
    Some(Contents {
        list: token.list,
        issued: DateTime::from_timestamp_micros(token.issued)?,
        place: Place {
            cursor: Cursor {
                values: values.collect::<Option<_>>()?,
                id: Uuid::from_slice(&token.id).ok()?,
            },
            since: DateTime::from_timestamp_micros(token.since)?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(value: Option<Value>) -> Token {
        Token {
            id: vec![7; 16],
            values: vec![Held { value }],
            ..Token::default()
        }
    }

    #[test]
    fn what_no_program_of_this_version_writes_is_not_read() {
        let fine = token(Some(Value::Id(vec![7; 16])));
        assert!(read(&fine.encode_to_vec()).is_some());
        for wrong in [
            token(None),
            token(Some(Value::Id(vec![7; 15]))),
            token(Some(Value::Time(i64::MAX))),
            Token {
                id: Vec::new(),
                ..fine.clone()
            },
            Token {
                issued: i64::MIN,
                ..fine.clone()
            },
            Token {
                since: i64::MAX,
                ..fine
            },
        ] {
            assert!(read(&wrong.encode_to_vec()).is_none(), "{wrong:?}");
        }
        assert!(read(b"\xff").is_none());
    }
}
