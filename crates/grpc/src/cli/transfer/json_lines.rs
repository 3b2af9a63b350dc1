//! Rows as JSON, one object a line, in the form that proto3 gives messages: names in lowerCamelCase
//! (and as the contract has them, when read), times of RFC 3339, and no field that is absent.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::fields::{Expected, Field, Fields, Value, named};

/// Reads a row. Fails with what is wrong with it.
pub(super) fn read<R: Fields>(text: &str) -> Result<R, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let row = json
        .deserialize_any(Object(PhantomData))
        .and_then(|row| json.end().map(|()| row));
    row.map_err(|error| {
        let said = error.to_string();
        // All of it is on one line, whose number is another one.
        let place = format!(" at line {} column {}", error.line(), error.column());
        let why = said.strip_suffix(&place).unwrap_or(&said);
        format!("column {}: {why}", error.column())
    })
}

/// Adds a row, with the end of its line.
pub(super) fn write<R: Fields>(row: &R, fields: &[&Field<R>], to: &mut Vec<u8>) {
    let mut before = b'{';
    for field in fields {
        let Some(value) = field.get(row) else {
            continue;
        };
        to.push(before);
        before = b',';
        text(field.json, to);
        to.push(b':');
        match value {
            Value::Text(value) => text(value, to),
            Value::Flag(value) => to.extend_from_slice(value.to_string().as_bytes()),
            Value::Time(value) => text(&value.to_string(), to),
        }
    }
    if before == b'{' {
        to.push(before);
    }
    to.extend_from_slice(b"}\n");
}

fn text(text: &str, to: &mut Vec<u8>) {
    serde_json::to_writer(to, text).expect("memory takes what is written to it");
}

struct Object<R>(PhantomData<R>);

impl<'de, R: Fields> Visitor<'de> for Object<R> {
    type Value = R;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object on a line of its own")
    }

    /// What else it is serde tells; of a text it would repeat all.
    fn visit_str<E: Error>(self, _: &str) -> Result<R, E> {
        Err(E::custom("a text, and not an object on a line of its own"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<R, A::Error> {
        let mut row = R::default();
        let mut seen = 0_u32;
        while let Some(name) = map.next_key_seed(Name)? {
            let place = R::place(&name)
                .ok_or_else(|| A::Error::custom(format!("there is no field {}", named(&name))))?;
            let field = &R::FIELDS[place];
            if seen & (1 << place) != 0 {
                return Err(A::Error::custom(format!("{} is there twice", field.name)));
            }
            seen |= 1 << place;
            if field.is_ignored() {
                map.next_value::<IgnoredAny>()?;
            } else {
                map.next_value_seed(IntoField {
                    field,
                    row: &mut row,
                })?;
            }
        }
        Ok(row)
    }
}

/// The name of a field.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = std::borrow::Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = std::borrow::Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(name.into())
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(name.to_owned().into())
    }
}

/// Puts the value that comes next into a field of the row.
struct IntoField<'a, R: 'static> {
    field: &'static Field<R>,
    row: &'a mut R,
}

impl<R> IntoField<'_, R> {
    fn refusal<E: Error>(&self, Expected(what): Expected) -> E {
        E::custom(format!("{} is not {what}", self.field.name))
    }
}

impl<'de, R> DeserializeSeed<'de> for IntoField<'_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<R> Visitor<'_> for IntoField<'_, R> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to be {}", self.field.name, self.field.expected().0)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        let set = self.field.set_flag(self.row, value);
        set.map_err(|expected| self.refusal(expected))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        let set = self.field.set_text(self.row, value);
        set.map_err(|expected| self.refusal(expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::User;

    #[test]
    fn names_are_read_in_both_forms_and_null_is_absent() {
        let both = [
            r#"{"email": "a@b", "isActive": false, "name": null, "createdAt": "1970-01-01T00:00:01Z"}"#,
            r#" { "created_at":"1970-01-01T01:00:01+01:00","is_active":false,"em\u0061il":"a@b"} "#,
        ];
        let [first, second] = both.map(|text| read::<User>(text).unwrap());
        assert_eq!(first, second);
        assert_eq!(
            (first.email.as_str(), first.is_active),
            ("a@b", Some(false))
        );
        assert_eq!(first.name, None);
        assert_eq!(first.created_at.unwrap().seconds, 1);
    }

    #[test]
    fn what_an_import_ignores_may_be_there() {
        let row: User = read(r#"{"postCount": "3", "posts": [{"x": [1]}], "etag": "e"}"#).unwrap();
        assert_eq!(row.etag, "e");
        assert_eq!((row.post_count, row.posts), (None, Vec::new()));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, why) in [
            ("{", "column 1: EOF while parsing an object"),
            (r#"{"email": "a@b"} x"#, "column 18: trailing characters"),
            (
                r#"{"shoeSize": 7}"#,
                "column 11: there is no field \"shoeSize\"",
            ),
            (
                r#"{"isActive": true, "is_active": true}"#,
                "column 30: is_active is there twice",
            ),
            (
                r#"{"isActive": "yes"}"#,
                "column 18: is_active is not true or false",
            ),
            (
                r#"{"name": 7}"#,
                "column 10: invalid type: integer `7`, expected name to be text",
            ),
            (
                r#"{"createdAt": "yesterday"}"#,
                "column 25: created_at is not a time such as 2026-01-31T12:00:00Z",
            ),
            (
                r#"{"ada@example.com": 7}"#,
                "column 18: there is no field of that name",
            ),
            (
                r#""ada@example.com""#,
                "column 17: a text, and not an object on a line of its own",
            ),
            (
                "7",
                "column 1: invalid type: integer `7`, expected an object on a line of its own",
            ),
        ] {
            assert_eq!(read::<User>(text), Err(why.to_owned()), "{text}");
        }
    }

    #[test]
    fn absent_fields_are_left_out() {
        let fields: Vec<_> = User::FIELDS.iter().collect();
        let mut written = Vec::new();
        write(&User::default(), &fields, &mut written);
        let row = User {
            name: Some("\"Ada\"\n".to_owned()),
            is_active: Some(true),
            created_at: Some(prost_types::Timestamp {
                seconds: 1,
                nanos: 1_000,
            }),
            ..User::default()
        };
        write(&row, &fields, &mut written);
        assert_eq!(
            String::from_utf8(written).unwrap(),
            "{}\n{\"name\":\"\\\"Ada\\\"\\n\",\"isActive\":true,\"createdAt\":\"1970-01-01T00:00:01.000001Z\"}\n"
        );
    }
}
