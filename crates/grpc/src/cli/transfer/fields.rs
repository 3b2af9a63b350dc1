//! The fields of users and posts as files name them: what stands in a file, what is taken from
//! one, and how the contract carries it. Both formats follow from this one table.

use prost_types::Timestamp;

use crate::pb::{Post, User};

/// A field of a row.
pub(super) struct Field<R: 'static> {
    /// The field's name in the contract, in CSV and in a mask.
    pub(super) name: &'static str,
    /// The field's name in JSON.
    pub(super) json: &'static str,
    access: Access<R>,
}

type Get<R, T> = fn(&R) -> &T;
type Set<R, T> = fn(&mut R) -> &mut T;

/// What kind of value a field has, and where it stands in the message.
enum Access<R> {
    /// Text, of which none is as good as an empty one.
    Text(Get<R, String>, Set<R, String>),
    /// Text that is not the same as none when it is empty.
    OptionalText(Get<R, Option<String>>, Set<R, Option<String>>),
    Flag(Get<R, Option<bool>>, Set<R, Option<bool>>),
    Time(Get<R, Option<Timestamp>>, Set<R, Option<Timestamp>>),
    /// Part of no export, and of no matter in an import.
    Ignored,
}

/// A value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Flag(bool),
    Time(Timestamp),
}

/// A field was given a value of another kind: what it takes instead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Expected(pub(super) &'static str);

const TEXT: Expected = Expected("text");
const FLAG: Expected = Expected("true or false");
const TIME: Expected = Expected("a time such as 2026-01-31T12:00:00Z");

impl<R> Field<R> {
    /// Whether files that are written have it.
    pub(super) fn is_written(&self) -> bool {
        !self.is_ignored()
    }

    /// Whether it is passed over where a file has it.
    pub(super) fn is_ignored(&self) -> bool {
        matches!(self.access, Access::Ignored)
    }

    /// What it takes.
    pub(super) fn expected(&self) -> Expected {
        match self.access {
            Access::Text(..) | Access::OptionalText(..) => TEXT,
            Access::Flag(..) => FLAG,
            Access::Time(..) => TIME,
            Access::Ignored => Expected("anything"),
        }
    }

    /// Whether an empty text in it is not the same as none.
    pub(super) fn keeps_empty_text(&self) -> bool {
        // A name is never empty.
        matches!(self.access, Access::OptionalText(..)) && self.name != "name"
    }

    /// Its value, if the row has one.
    pub(super) fn get<'a>(&self, row: &'a R) -> Option<Value<'a>> {
        match self.access {
            Access::Text(get, _) => Some(get(row))
                .filter(|text| !text.is_empty())
                .map(|text| Value::Text(text)),
            Access::OptionalText(get, _) => get(row).as_deref().map(Value::Text),
            Access::Flag(get, _) => get(row).map(Value::Flag),
            Access::Time(get, _) => get(row).map(Value::Time),
            Access::Ignored => None,
        }
    }

    pub(super) fn set_flag(&self, row: &mut R, value: bool) -> Result<(), Expected> {
        match self.access {
            Access::Flag(_, set) => *set(row) = Some(value),
            Access::Text(..) | Access::OptionalText(..) | Access::Time(..) | Access::Ignored => {
                return Err(self.expected());
            }
        }
        Ok(())
    }

    /// Sets text, or a time that is written as text.
    pub(super) fn set_text(&self, row: &mut R, value: &str) -> Result<(), Expected> {
        match self.access {
            Access::Text(_, set) => value.clone_into(set(row)),
            Access::OptionalText(_, set) => *set(row) = Some(value.to_owned()),
            Access::Time(_, set) => *set(row) = Some(time(value).ok_or(TIME)?),
            Access::Flag(..) | Access::Ignored => return Err(self.expected()),
        }
        Ok(())
    }

    /// Sets a value of any kind that is written as text.
    pub(super) fn set_written(&self, row: &mut R, value: &str) -> Result<(), Expected> {
        match self.access {
            // Spreadsheets write them in capitals.
            Access::Flag(..) if value.eq_ignore_ascii_case("true") => self.set_flag(row, true),
            Access::Flag(..) if value.eq_ignore_ascii_case("false") => self.set_flag(row, false),
            Access::Ignored => Ok(()),
            Access::Flag(..) | Access::Text(..) | Access::OptionalText(..) | Access::Time(..) => {
                self.set_text(row, value)
            }
        }
    }
}

/// A name that no field has, for whoever wrote it. Of a file without names it is the first value,
/// which may be an address and is nobody's to read in a log.
pub(super) fn named(name: &str) -> String {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if (1..=40).contains(&name.len()) && name.bytes().all(is_name) {
        format!("{name:?}")
    } else {
        "of that name".to_owned()
    }
}

/// A time as RFC 3339 writes it.
fn time(text: &str) -> Option<Timestamp> {
    let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    let mut time = Timestamp {
        seconds: time.timestamp(),
        nanos: i32::try_from(time.timestamp_subsec_nanos()).ok()?,
    };
    // A leap second is the first one of the next minute.
    time.normalize();
    Some(time)
}

/// What is transferred: rows of one kind.
pub(super) trait Fields: prost::Message + Default + Send + 'static {
    /// All fields, in the order of columns.
    const FIELDS: &'static [Field<Self>];

    /// The place, in the order of columns, of the field that a file calls so: as the contract does, or
    /// as JSON does.
    fn place(name: &str) -> Option<usize> {
        let mut fields = Self::FIELDS.iter();
        fields.position(|field| field.name == name || field.json == name)
    }

    /// The names of the fields that a file can have, for whoever named another.
    fn names() -> String {
        let written = Self::FIELDS.iter().filter(|field| field.is_written());
        let names: Vec<_> = written.map(|field| field.name).collect();
        names.join(", ")
    }
}

macro_rules! field {
    (Ignored $name:ident, $json:literal) => {
        Field {
            name: stringify!($name),
            json: $json,
            access: Access::Ignored,
        }
    };
    ($kind:ident $name:ident, $json:literal) => {
        Field {
            name: stringify!($name),
            json: $json,
            access: Access::$kind(|row| &row.$name, |row| &mut row.$name),
        }
    };
}

impl Fields for User {
    const FIELDS: &'static [Field<Self>] = &[
        field!(Text id, "id"),
        field!(Text email, "email"),
        field!(OptionalText name, "name"),
        field!(Text role, "role"),
        field!(Flag is_active, "isActive"),
        field!(Time created_at, "createdAt"),
        field!(Time updated_at, "updatedAt"),
        field!(Time deleted_at, "deletedAt"),
        field!(Time purge_at, "purgeAt"),
        field!(Text etag, "etag"),
        field!(Ignored post_count, "postCount"),
        field!(Ignored posts, "posts"),
    ];
}

impl Fields for Post {
    const FIELDS: &'static [Field<Self>] = &[
        field!(Text id, "id"),
        field!(Text title, "title"),
        field!(OptionalText content, "content"),
        field!(Flag published, "published"),
        field!(Time published_at, "publishedAt"),
        field!(Text author_id, "authorId"),
        field!(Time created_at, "createdAt"),
        field!(Time updated_at, "updatedAt"),
        field!(Time deleted_at, "deletedAt"),
        field!(Time purge_at, "purgeAt"),
        field!(Text etag, "etag"),
        field!(Ignored author, "author"),
    ];
}

#[cfg(test)]
mod tests {
    use prost_types::{DescriptorProto, FileDescriptorSet};

    use super::*;

    fn described(message: &str) -> DescriptorProto {
        use prost::Message as _;
        let set = FileDescriptorSet::decode(crate::pb::FILE_DESCRIPTOR_SET).unwrap();
        let mut messages = set.file.into_iter().flat_map(|file| file.message_type);
        messages.find(|it| it.name() == message).unwrap()
    }

    fn assert_as_in_the_contract<R: Fields>(message: &str) {
        let both = |it: &Field<R>| (it.name.to_owned(), it.json.to_owned());
        let mut names: Vec<_> = R::FIELDS.iter().map(both).collect();
        let mut expected: Vec<_> = described(message)
            .field
            .iter()
            .map(|field| (field.name().to_owned(), field.json_name().to_owned()))
            .collect();
        names.sort();
        expected.sort();
        assert_eq!(names, expected);
    }

    #[test]
    fn every_field_of_the_contract_has_its_names_here() {
        assert_as_in_the_contract::<User>("User");
        assert_as_in_the_contract::<Post>("Post");
    }

    #[test]
    fn a_time_has_a_date_an_hour_and_a_zone() {
        let moment = |seconds, nanos| Some(Timestamp { seconds, nanos });
        assert_eq!(time("1970-01-01T00:00:01Z"), moment(1, 0));
        assert_eq!(time("1970-01-01T01:00:01.25+01:00"), moment(1, 250_000_000));
        assert_eq!(time("1969-12-31T23:59:59.5Z"), moment(-1, 500_000_000));
        for text in [
            "",
            "1970-01-01",
            "1970-01-01T00:00:01",
            "1970-02-30T00:00:01Z",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
