//! The text of filters.

use chrono::SecondsFormat;

use crate::audit::AuditTest;
use crate::field::Field;
use crate::filter::{
    Comparison, FieldTest, Filter, Pattern, Piece, PostTest, UserTest, Value, ValueTest,
};

/// A test that can be written down.
pub trait Written {
    /// The test in the language of filters.
    fn written(&self) -> String;
}

impl Written for UserTest {
    fn written(&self) -> String {
        match self {
            Self::Field(test) => field("", test),
            Self::SomePost(Some(test)) => field("posts.", test),
            Self::SomePost(None) => "posts:*".to_owned(),
            Self::Mentions(pattern) => inside(pattern),
        }
    }
}

impl Written for PostTest {
    fn written(&self) -> String {
        match self {
            Self::Field(test) => field("", test),
            Self::Author(Some(test)) => field("author.", test),
            Self::Author(None) => "author:*".to_owned(),
            Self::Mentions(pattern) => inside(pattern),
        }
    }
}

impl Written for AuditTest {
    fn written(&self) -> String {
        field("", self)
    }
}

/// The text that is parsed as `filter`, with no more parentheses than it needs.
/// Empty lists, and the opposites that only `NOT` can say, have no text.
pub fn to_text<T: Written>(filter: &Filter<T>) -> String {
    let listed = |filters: &[Filter<T>], between| {
        let filters = filters.iter();
        let texts: Vec<String> = filters.map(|filter| operand(filter, between)).collect();
        texts.join(between)
    };
    match filter {
        Filter::All(filters) => listed(filters, AND),
        Filter::Any(filters) => listed(filters, OR),
        Filter::Not(filter) => format!("NOT {}", operand(filter, "NOT")),
        Filter::Test(test) => test.written(),
    }
}

const AND: &str = " AND ";
const OR: &str = " OR ";

/// What stands beside AND, OR or NOT. OR binds more tightly than AND.
fn operand<T: Written>(filter: &Filter<T>, beside: &str) -> String {
    let text = to_text(filter);
    match filter {
        Filter::Test(_) => text,
        Filter::Not(_) if beside != "NOT" => text,
        Filter::Any(_) if beside == AND => text,
        Filter::All(_) | Filter::Any(_) | Filter::Not(_) => format!("({text})"),
    }
}

fn field<F: Field>(path: &str, test: &FieldTest<F>) -> String {
    let equals = if test.negated { "!=" } else { "=" };
    let (comparator, value) = match &test.test {
        ValueTest::Present if test.negated => (equals, "*".to_owned()),
        ValueTest::Present => (":", "*".to_owned()),
        ValueTest::Matches(pattern) if pattern.any_case() && !test.field.folds_case() => {
            (":", inside(pattern))
        }
        ValueTest::Matches(pattern) => (equals, quoted(pattern.pieces())),
        ValueTest::Compare(comparison, value) => {
            let comparator = match comparison {
                Comparison::Equal => equals,
                Comparison::Less => "<",
                Comparison::LessOrEqual => "<=",
                Comparison::Greater => ">",
                Comparison::GreaterOrEqual => ">=",
            };
            (comparator, value_text(value))
        }
    };
    format!("{path}{} {comparator} {value}", test.field.name())
}

fn value_text(value: &Value) -> String {
    match value {
        Value::Text(text) => quoted(&[Piece::Text(text.clone())]),
        Value::Bool(value) => value.to_string(),
        Value::Time(moment) => moment.to_rfc3339_opts(SecondsFormat::Micros, true),
        Value::Id(id) => id.to_string(),
    }
}

/// A pattern without the gaps around it.
fn inside(pattern: &Pattern) -> String {
    let pieces = pattern.pieces();
    let pieces = pieces.strip_prefix(&[Piece::Anything]).unwrap_or(pieces);
    quoted(pieces.strip_suffix(&[Piece::Anything]).unwrap_or(pieces))
}

fn quoted(pieces: &[Piece]) -> String {
    let mut text = String::from('"');
    for piece in pieces {
        match piece {
            Piece::Anything => text.push('*'),
            Piece::Text(piece) => piece.chars().for_each(|c| match c {
                '"' | '\\' | '*' => text.extend(['\\', c]),
                '\n' => text.push_str(r"\n"),
                '\r' => text.push_str(r"\r"),
                '\t' => text.push_str(r"\t"),
                _ => text.push(c),
            }),
        }
    }
    text.push('"');
    text
}
