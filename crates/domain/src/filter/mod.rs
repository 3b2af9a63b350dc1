//! Filters: which users, posts or events a caller means, as a tree of tests.
//!
//! A tree is independent of any storage. Adapters evaluate it by the logic that is
//! described on [`Filter`], [`UserTest`], [`PostTest`] and [`FieldTest`].
//!
//! [`parse_users`], [`parse_posts`] and [`parse_events`] read it from text, in the language of AIP-160:
//!
//! - White space and `AND` ask for both, `OR` for one of two, `NOT` and `-` for the
//!   opposite. `OR` binds more tightly than `AND`; parentheses bind most.
//! - `field = value`, and so `!=`, `<`, `<=`, `>`, `>=`. Text is compared to the
//!   letter case, but for e-mail addresses, and `*` in it stands for anything unless it is
//!   written `\*` in quotes.
//! - `field : value` asks whether a text holds another, in any letter case; elsewhere
//!   it is `=`. `field : *` asks whether there is a value.
//! - A text alone asks whether it is mentioned anywhere, in any letter case.
//! - `posts.title`, `author.role`: whether there is one that meets the test.
//! - Text stands bare where it is one word, else in single or double quotes, with
//!   `\"`, `\'`, `\\`, `\*`, `\n`, `\r` and `\t`; it is brought into NFC.
//! - A time is a timestamp of RFC 3339, or a duration in seconds such as `-3600s`: the
//!   moment so far from now.

mod cursor;
mod literal;
mod noun;
mod parse;
mod pattern;
mod refusal;
mod subject;
#[cfg(test)]
mod tests;
mod time;
mod value;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use self::pattern::{Pattern, Piece};
use crate::audit::AuditTest;
use crate::error::Invalid;
use crate::post::PostField;
use crate::user::UserField;

/// The longest filter that is read, in Unicode code points.
pub const MAX_CHARS: usize = 2000;
/// The most conditions that a filter holds, texts alone among them.
pub const MAX_TERMS: usize = 50;
/// How deep parentheses and `NOT` go together.
pub const MAX_DEPTH: usize = 20;

/// Which users `text` means; `None` if it is empty or white space. Durations count
/// from `now`. Refused with `TooLong` beyond [`MAX_CHARS`], with `OutOfRange` beyond
/// [`MAX_TERMS`] or [`MAX_DEPTH`], with `Unknown` for a field that there is not, and
/// else with `Malformed`. The message says at which column, counted from 1 in code
/// points.
pub fn parse_users(text: &str, now: DateTime<Utc>) -> Result<Option<Filter<UserTest>>, Invalid> {
    parse::parse::<noun::Users>(text, now)
}

/// Which posts `text` means, as [`parse_users`] does for users.
pub fn parse_posts(text: &str, now: DateTime<Utc>) -> Result<Option<Filter<PostTest>>, Invalid> {
    parse::parse::<noun::Posts>(text, now)
}

/// Which events of the audit log `text` means, as [`parse_users`] does for users. A text alone
/// is looked for in the caller, the method and the action.
pub fn parse_events(text: &str, now: DateTime<Utc>) -> Result<Option<Filter<AuditTest>>, Invalid> {
    parse::parse::<noun::AuditEvents>(text, now)
}

/// A tree of tests. A test is true, false or unknown, and so is the tree, as in
/// SQL: `Not` of unknown is unknown, `All` is false if one is false, `Any` is true if
/// one is true, and unknown wins over what is left. Only what makes the whole
/// tree true is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Filter<T> {
    /// All are true; so is an empty list.
    All(Vec<Filter<T>>),
    /// At least one is true; an empty list is false.
    Any(Vec<Filter<T>>),
    /// The opposite.
    Not(Box<Filter<T>>),
    /// A single test.
    Test(T),
}

impl<T> Filter<T> {
    /// All of `filters`, without needless nesting: one alone is itself, and what is
    /// an `All` already is taken apart.
    #[must_use]
    pub fn all(filters: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for filter in filters {
            match filter {
                Self::All(inner) => flat.extend(inner),
                other @ (Self::Any(_) | Self::Not(_) | Self::Test(_)) => flat.push(other),
            }
        }
        Self::single(flat).unwrap_or_else(Self::All)
    }

    /// Any of `filters`, without needless nesting, as [`Self::all`] has none.
    #[must_use]
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for filter in filters {
            match filter {
                Self::Any(inner) => flat.extend(inner),
                other @ (Self::All(_) | Self::Not(_) | Self::Test(_)) => flat.push(other),
            }
        }
        Self::single(flat).unwrap_or_else(Self::Any)
    }

    /// The opposite of `filter`.
    #[must_use]
    pub fn negate(filter: Self) -> Self {
        Self::Not(Box::new(filter))
    }

    /// Whether one of its tests, at any depth, is such a one.
    pub fn any_test(&self, is_such: &impl Fn(&T) -> bool) -> bool {
        match self {
            Self::All(filters) | Self::Any(filters) => {
                filters.iter().any(|filter| filter.any_test(is_such))
            }
            Self::Not(filter) => filter.any_test(is_such),
            Self::Test(test) => is_such(test),
        }
    }

    fn single(mut filters: Vec<Self>) -> Result<Self, Vec<Self>> {
        match filters.pop() {
            Some(only) if filters.is_empty() => Ok(only),
            Some(last) => {
                filters.push(last);
                Err(filters)
            }
            None => Err(filters),
        }
    }
}

/// What a user is tested for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UserTest {
    /// A field of the user's own.
    Field(FieldTest<UserField>),
    /// Whether the user has a post for which the test is true, or any post at all.
    /// Never unknown.
    SomePost(Option<FieldTest<PostField>>),
    /// Whether the address or the name matches. Never unknown: an absent name does not.
    Mentions(Pattern),
}

/// What a post is tested for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PostTest {
    /// A field of the post's own.
    Field(FieldTest<PostField>),
    /// Whether the post has an author for whom the test is true, or any author that
    /// is to be seen. Never unknown.
    Author(Option<FieldTest<UserField>>),
    /// Whether the title or the content matches. Never unknown: an absent content
    /// does not.
    Mentions(Pattern),
}

/// A test of one field. Where the value is absent, the test is unknown, negated or
/// not; only [`ValueTest::Present`] is never unknown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldTest<F> {
    /// The field.
    pub field: F,
    /// Whether the opposite is asked for. This happens inside a relation: there is
    /// a post for which the opposite is true.
    pub negated: bool,
    /// What its value is tested for.
    pub test: ValueTest,
}

/// What a value is tested for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ValueTest {
    /// Whether there is one.
    Present,
    /// How it compares with another value, which is of the field's kind. Text is
    /// compared by code point, in lower case on both sides where the field folds
    /// case; UUIDs are compared by their bytes.
    Compare(Comparison, Value),
    /// Whether a text matches.
    Matches(Pattern),
}

/// How a value of the field, on the left, compares with the value of the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// `=`; negated it is `!=`.
    Equal,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A value that a field is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// For [`crate::field::Kind::Text`]: in NFC, in the letter case in which it was written.
    Text(String),
    /// For [`crate::field::Kind::Bool`].
    Bool(bool),
    /// For [`crate::field::Kind::Time`]: to the microsecond, in the years 1 to 9999.
    Time(DateTime<Utc>),
    /// For [`crate::field::Kind::Id`].
    Id(Uuid),
}
