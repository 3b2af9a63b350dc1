//! How a filter is refused: where, what was expected and what was found.

use crate::error::{Invalid, Reason};
use crate::field::Field;
use crate::text::{QUOTED_CHARS, quote};

use super::noun::{Noun, Relation};

/// What stands in a filter is wrong.
pub(super) fn malformed(column: usize, message: impl AsRef<str>) -> Invalid {
    refuse(Reason::Malformed, column, message.as_ref())
}

/// A filter is too large.
pub(super) fn out_of_range(column: usize, message: impl AsRef<str>) -> Invalid {
    refuse(Reason::OutOfRange, column, message.as_ref())
}

fn refuse(reason: Reason, column: usize, message: &str) -> Invalid {
    Invalid::new(reason, format!("at column {column}: {message}"))
}

/// A character stands where it cannot.
pub(super) fn stray(column: usize, c: char) -> Invalid {
    if c.is_control() {
        let code = u32::from(c);
        return malformed(
            column,
            format!("the control character U+{code:04X} is not allowed here"),
        );
    }
    malformed(column, format!("a text with {c} in it must be in quotes"))
}

/// Something else stands where a condition should.
pub(super) fn expected_condition(at: usize, after: &str, found: &str) -> Invalid {
    let after = if after.is_empty() {
        String::new()
    } else {
        format!(" after {after}")
    };
    malformed(
        at,
        format!("expected a condition{after}, found {}", quote(found)),
    )
}

/// There is no field `name` among the noun's own.
pub(super) fn unknown_field<N: Noun>(column: usize, name: &str) -> Invalid {
    let own = names::<N::Own>("");
    let relation = N::RELATION.map(|relation| relation.name);
    let meant = nearest(name, own.iter().map(String::as_str).chain(relation));
    let meant = meant.map(str::to_owned).or_else(|| {
        let related = names::<N::Other>("");
        let meant = nearest(name, related.iter().map(String::as_str))?;
        Some(format!("{}.{meant}", relation?))
    });
    let related = N::RELATION.map_or_else(String::new, |Relation { name, example, .. }| {
        format!(" and those of {name}, such as {example}")
    });
    let message = format!(
        "there is no field {}{}; the fields are {}{related}",
        quote(name),
        suggestion(meant.as_deref()),
        own.join(", "),
    );
    refuse(Reason::Unknown, column, &message)
}

/// There is no field `name` behind the noun's relation.
pub(super) fn unknown_related<N: Noun>(
    relation: &Relation<N>,
    column: usize,
    name: &str,
) -> Invalid {
    let relation = relation.name;
    let prefix = format!("{relation}.");
    let names = names::<N::Other>(&prefix);
    let meant = nearest(
        name,
        names.iter().filter_map(|path| path.strip_prefix(&prefix)),
    );
    let meant = meant.map(|meant| format!("{prefix}{meant}"));
    let message = format!(
        "there is no field {} behind {relation}{}; there are {}",
        quote(name),
        suggestion(meant.as_deref()),
        names.join(", "),
    );
    refuse(Reason::Unknown, column, &message)
}

/// A field that holds no other fields is followed by a dot.
pub(super) fn no_fields(column: usize, name: &str) -> Invalid {
    let message = format!("{name} holds a single value and has no fields of its own");
    refuse(Reason::Unknown, column, &message)
}

fn names<F: Field>(prefix: &str) -> Vec<String> {
    let fields = F::ALL.iter();
    fields
        .map(|field| format!("{prefix}{}", field.name()))
        .collect()
}

fn suggestion(meant: Option<&str>) -> String {
    meant.map_or_else(String::new, |meant| format!(" (did you mean {meant}?)"))
}

/// The candidate that is nearest to `name`, if one is near: about one slip of the
/// finger for three letters.
fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name: Vec<char> = name.to_lowercase().chars().take(QUOTED_CHARS).collect();
    let near = (name.len() + 1) / 3;
    candidates
        .map(|candidate| (slips(&name, candidate), candidate))
        .filter(|&(distance, _)| distance <= near.max(1))
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be put in, left out, replaced or swapped with their
/// neighbour to make `name` into `other`.
fn slips(name: &[char], other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut before_last = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, &a) in name.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, &b) in other.iter().enumerate() {
            let replaced = last[column] + usize::from(a != b);
            let mut best = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && a == other[column - 1] && name[row - 1] == b {
                let swapped: usize = before_last[column - 1];
                best = best.min(swapped + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[other.len()]
}
