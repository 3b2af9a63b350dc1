//! What a path names, and what a word was meant to be that names nothing.

use super::noun::{Noun, Relation};
use super::refusal::{expected_condition, malformed, no_fields, unknown_field, unknown_related};
use crate::error::Invalid;
use crate::field::{Field, Kind};

/// What stands before a comparator.
pub(super) enum Subject<N: Noun> {
    Own(N::Own),
    Relation(&'static Relation<N>),
    Related(&'static Relation<N>, N::Other),
}

impl<N: Noun> Subject<N> {
    /// Whether it is a field that is true or false.
    fn is_bool(&self) -> bool {
        match self {
            Self::Own(field) => field.kind() == Kind::Bool,
            Self::Related(_, field) => field.kind() == Kind::Bool,
            Self::Relation(_) => false,
        }
    }
}

/// The field or relation that `path`, which stands at column `at`, names.
pub(super) fn resolve<N: Noun>(at: usize, path: &str) -> Result<Subject<N>, Invalid> {
    let mut names = Vec::new();
    let mut column = at;
    for name in path.split('.') {
        if name.is_empty() {
            return Err(malformed(
                column,
                "expected a field's name on both sides of the dot",
            ));
        }
        names.push((column, name));
        column += name.chars().count() + 1;
    }
    let relation = |name: &str| N::RELATION.filter(|relation| relation.name == name);
    match names.as_slice() {
        [(_, name)] => {
            if let Some(relation) = relation(name) {
                return Ok(Subject::Relation(relation));
            }
            let field = N::Own::by_name(name);
            field
                .map(Subject::Own)
                .ok_or_else(|| unknown_field::<N>(at, name))
        }
        [(_, first), (column, name), rest @ ..] => {
            let Some(relation) = relation(first) else {
                return Err(match N::Own::by_name(first) {
                    Some(_) => no_fields(at, first),
                    None => unknown_field::<N>(at, first),
                });
            };
            if *name == relation.back {
                return Err(too_deep(relation, *column));
            }
            if let [(column, _), ..] = rest {
                return Err(too_deep(relation, *column));
            }
            let field = N::Other::by_name(name);
            field
                .map(|field| Subject::Related(relation, field))
                .ok_or_else(|| unknown_related::<N>(relation, *column, name))
        }
        [] => Err(expected_condition(at, "", path)),
    }
}

/// Quotation marks that writing programs put in the place of straight ones.
pub(super) const CURLY: [char; 3] = ['“', '”', '„'];

/// Refuses a word that is looked for by nobody who knows the language: what was meant
/// is something else, and would silently find nothing.
pub(super) fn bare_word<N: Noun>(at: usize, word: &str) -> Result<(), Invalid> {
    if word.starts_with(CURLY) {
        return Err(curly(at));
    }
    let keyword = word.to_ascii_uppercase();
    let hint = if matches!(keyword.as_str(), "AND" | "OR" | "NOT") {
        format!("{word} between conditions is written {keyword}, in capitals")
    } else if let Ok(subject) = resolve::<N>(at, word) {
        // That there is a value is true of every one that is true or false.
        let asked = if subject.is_bool() { " = true" } else { ":*" };
        format!("expected a comparator after {word}, as in {word}{asked}")
    } else if let Some(Relation { name, example, .. }) =
        N::RELATION.filter(|relation| word.split('.').next() == Some(relation.name))
    {
        // The word itself is a caller's, and may be long.
        format!("expected a field behind {name}. and a comparator, as in {example}:*")
    } else {
        return Ok(());
    };
    Err(malformed(
        at,
        format!("{hint}; if the word is meant, put it in quotes"),
    ))
}

pub(super) fn curly(at: usize) -> Invalid {
    malformed(at, "a text stands in straight quotation marks, \" or '")
}

fn too_deep<N: Noun>(relation: &Relation<N>, at: usize) -> Invalid {
    let example = relation.example;
    malformed(
        at,
        format!("a path goes one dot deep, as {example} does, and not further"),
    )
}

pub(super) fn bare_relation<N: Noun>(relation: &Relation<N>, at: usize) -> Invalid {
    let Relation { name, example, .. } = relation;
    malformed(
        at,
        format!(
            "{name} is no value to compare with: name one of its fields, such as {example}, or \
             ask by {name}:* whether there is one"
        ),
    )
}
