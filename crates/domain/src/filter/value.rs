//! What a comparator and a value ask of a field, by the kind of the field.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::literal::Literal;
use super::refusal::malformed;
use super::{Comparison, FieldTest, Pattern, Piece, Value, ValueTest, time};
use crate::error::Invalid;
use crate::field::{Field, Kind};

/// A comparator, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparator {
    Has,
    NotEqual,
    Is(Comparison),
}

impl Comparator {
    /// Those that begin with another one come before it.
    pub(super) const ALL: [(&'static str, Self); 7] = [
        ("<=", Self::Is(Comparison::LessOrEqual)),
        (">=", Self::Is(Comparison::GreaterOrEqual)),
        ("!=", Self::NotEqual),
        ("<", Self::Is(Comparison::Less)),
        (">", Self::Is(Comparison::Greater)),
        ("=", Self::Is(Comparison::Equal)),
        (":", Self::Has),
    ];

    /// The comparison, where `:` is the same as `=`.
    const fn comparison(self) -> Comparison {
        match self {
            Self::Has | Self::NotEqual => Comparison::Equal,
            Self::Is(comparison) => comparison,
        }
    }

    const fn is_order(self) -> bool {
        !matches!(self.comparison(), Comparison::Equal)
    }
}

/// The test of `field` by `comparator`, which stands at column `at`, and `literal`.
pub(super) fn test<F: Field>(
    field: F,
    at: usize,
    comparator: Comparator,
    literal: &Literal,
    now: DateTime<Utc>,
) -> Result<FieldTest<F>, Invalid> {
    let test = if literal.is_star() && comparator == Comparator::Has {
        ValueTest::Present
    } else if field.kind() == Kind::Text {
        text(field, comparator, literal)?
    } else if literal.is_star() {
        let name = field.name();
        return Err(malformed(
            literal.column,
            format!("a wildcard alone goes with a colon: {name}:* asks whether there is a value"),
        ));
    } else {
        compare(field, at, comparator, literal, now)?
    };
    Ok(FieldTest {
        field,
        negated: comparator == Comparator::NotEqual,
        test,
    })
}

fn text<F: Field>(
    field: F,
    comparator: Comparator,
    literal: &Literal,
) -> Result<ValueTest, Invalid> {
    let pieces = literal.pieces.iter().cloned();
    let pattern = match comparator {
        Comparator::Has => Pattern::within(pieces),
        _ if !literal.has_gap() => {
            let value = Value::Text(literal.text());
            return Ok(ValueTest::Compare(comparator.comparison(), value));
        }
        _ if comparator.is_order() => {
            return Err(malformed(
                literal.column,
                r"a wildcard has no place in an order; for the character itself write \* in quotes",
            ));
        }
        Comparator::NotEqual | Comparator::Is(_) => Pattern::new(pieces, field.folds_case()),
    };
    Ok(if pattern.pieces() == [Piece::Anything] {
        ValueTest::Present
    } else {
        ValueTest::Matches(pattern)
    })
}

fn compare<F: Field>(
    field: F,
    at: usize,
    comparator: Comparator,
    literal: &Literal,
    now: DateTime<Utc>,
) -> Result<ValueTest, Invalid> {
    let comparison = comparator.comparison();
    let value = match field.kind() {
        Kind::Text => Value::Text(literal.text()),
        Kind::Time => return time::compare(comparison, literal, now),
        Kind::Id => Value::Id(id(literal)?),
        Kind::Bool if comparator.is_order() => {
            let name = field.name();
            return Err(malformed(
                at,
                format!("{name} is true or false and has no order: use =, != or :"),
            ));
        }
        Kind::Bool => Value::Bool(boolean(literal)?),
    };
    Ok(ValueTest::Compare(comparison, value))
}

fn boolean(literal: &Literal) -> Result<bool, Invalid> {
    match literal.text().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => {
            let shown = literal.shown();
            Err(malformed(
                literal.column,
                format!("expected true or false, found {shown}"),
            ))
        }
    }
}

/// The length of a UUID's hyphenated form, the only one that is read.
const HYPHENATED: usize = 36;

fn id(literal: &Literal) -> Result<Uuid, Invalid> {
    let text = literal.text();
    match Uuid::try_parse(&text) {
        Ok(id) if text.len() == HYPHENATED => Ok(id),
        Ok(_) | Err(_) => {
            let hint = if literal.has_gap() {
                "; wildcards are for text alone"
            } else {
                ""
            };
            let shown = literal.shown();
            Err(malformed(
                literal.column,
                format!(
                    "expected a UUID such as 0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01, \
                     found {shown}{hint}"
                ),
            ))
        }
    }
}
