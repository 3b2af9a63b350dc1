//! What a path names, and what a word was meant to be that names nothing.

use super::noun::Noun;
use super::refusal::{expected_condition, malformed, no_fields, unknown_field, unknown_related};
use crate::error::Invalid;
use crate::field::{Field, Kind};

/// What stands before a comparator.
pub(super) enum Subject<N: Noun> {
    Own(N::Own),
    Relation,
    Related(N::Other),
}

impl<N: Noun> Subject<N> {
    /// Whether it is a field that is true or false.
    fn is_bool(&self) -> bool {
        match self {
            Self::Own(field) => field.kind() == Kind::Bool,
            Self::Related(field) => field.kind() == Kind::Bool,
            Self::Relation => false,
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
    match names.as_slice() {
        [(_, name)] if *name == N::RELATION => Ok(Subject::Relation),
        [(_, name)] => {
            let field = N::Own::by_name(name);
            field
                .map(Subject::Own)
                .ok_or_else(|| unknown_field::<N>(at, name))
        }
        [(_, first), ..] if *first != N::RELATION => Err(match N::Own::by_name(first) {
            Some(_) => no_fields(at, first),
            None => unknown_field::<N>(at, first),
        }),
        [_, (column, back), ..] if *back == N::BACK => Err(too_deep::<N>(*column)),
        [_, (column, name)] => {
            let field = N::Other::by_name(name);
            field
                .map(Subject::Related)
                .ok_or_else(|| unknown_related::<N>(*column, name))
        }
        [_, _, (column, _), ..] => Err(too_deep::<N>(*column)),
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
    } else if word.split('.').next() == Some(N::RELATION) {
        // The word itself is a caller's, and may be long.
        let (relation, field) = (N::RELATION, N::Other::ALL[1].name());
        format!("expected a field behind {relation}. and a comparator, as in {relation}.{field}:*")
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

fn too_deep<N: Noun>(at: usize) -> Invalid {
    let (relation, field) = (N::RELATION, N::Other::ALL[1].name());
    malformed(
        at,
        format!("a path goes one dot deep, as {relation}.{field} does, and not further"),
    )
}

pub(super) fn bare_relation<N: Noun>(at: usize) -> Invalid {
    let (relation, field) = (N::RELATION, N::Other::ALL[1].name());
    malformed(
        at,
        format!(
            "{relation} is no value to compare with: name one of its fields, such as \
             {relation}.{field}, or ask by {relation}:* whether there is one"
        ),
    )
}
