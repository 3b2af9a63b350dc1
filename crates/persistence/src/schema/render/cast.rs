//! Values of one type as values of another one.

use super::super::catalog::Object;
use super::text::{short_type, split};

/// How PostgreSQL takes the values of one type for those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cast {
    /// As it does in an assignment, which refuses what is too long.
    Assigned,
    /// When it is told to, which may cut what is too long.
    Explicit,
    /// Only by way of what they are written as.
    ByText,
}

fn cast(from: &Object, to: &Object) -> Cast {
    let (one, other) = (from.text("element"), to.text("element"));
    let by_text = || match (from.is("string"), to.is("string")) {
        (_, true) => Cast::Assigned,
        (true, false) => Cast::Explicit,
        (false, false) => Cast::ByText,
    };
    if from.is("array") != to.is("array") {
        return match (
            from.is("string") && !from.is("array"),
            to.is("string") && !to.is("array"),
        ) {
            (_, true) => Cast::Assigned,
            (true, false) => Cast::Explicit,
            (false, false) => Cast::ByText,
        };
    }
    if one == other {
        return Cast::Assigned;
    }
    let mut casts = split(from.text("casts"), ", ").into_iter();
    match casts.find_map(|cast| cast.strip_prefix(other)?.strip_prefix(": ")) {
        Some("e") => Cast::Explicit,
        Some(_) => Cast::Assigned,
        None => by_text(),
    }
}

/// The clause that says how, where PostgreSQL does not know by itself.
pub(super) fn using(name: &str, from: &Object, to: &Object) -> String {
    let kind = short_type(to.text("type"));
    match cast(from, to) {
        Cast::Assigned => String::new(),
        Cast::Explicit => format!("\n    using {name}::{kind}"),
        Cast::ByText => format!("\n    using {name}::text::{kind}"),
    }
}

/// What has to be known before the values change, as lines of comments.
pub(super) fn notes(from: &Object, to: &Object) -> String {
    let mut notes = String::new();
    let keeps = keeps_values(from, to);
    if from.get("type") != to.get("type") && !(is_resized(from, to) && keeps) {
        notes.push_str("-- Writes the whole table anew unless both types are stored alike.\n");
    }
    if !keeps {
        notes.push_str(match cast(from, to) {
            Cast::Assigned => "-- Fails where a value does not fit, or rounds it.\n",
            Cast::Explicit | Cast::ByText => {
                "-- Fails where a value has no such form, and cuts or rounds what does not fit.\n"
            }
        });
    }
    notes
}

/// Whether a type has another size and is the same otherwise.
pub(in crate::schema) fn is_resized(from: &Object, to: &Object) -> bool {
    let same = |name: &str| from.get(name) == to.get(name);
    let plain = !from.is("domain") && !to.is("domain");
    same("element") && same("array") && same("collation") && (plain || same("type"))
}

/// Whether programs may miss what the values were: other values, or values of another type.
pub(super) fn is_felt(from: &Object, to: &Object) -> bool {
    let alike = is_resized(from, to) || from.is("string") && to.is("string");
    from.get("type") != to.get("type") && !(alike && keeps_values(from, to))
}

/// Whether every value is the same in the other type.
fn keeps_values(from: &Object, to: &Object) -> bool {
    // Wider from left to right.
    const FAMILIES: [&[&str]; 6] = [
        &["smallint", "integer", "bigint", "numeric"],
        &["smallint", "integer", "double precision"],
        &["smallint", "real", "double precision"],
        &["character varying", "text"],
        &["text", "character varying"],
        &["date", "timestamp without time zone"],
    ];
    if from.get("type") == to.get("type") {
        return true;
    }
    let (one, other) = (from.text("element"), to.text("element"));
    if from.is("array") != to.is("array") || to.is("domain") {
        return false;
    }
    if one == other {
        return is_wider(one, from.text("size"), to.text("size"));
    }
    let wider = FAMILIES.iter().any(|family| {
        let place = |name| family.iter().position(|other| *other == name);
        matches!((place(one), place(other)), (Some(one), Some(other)) if one < other)
    });
    wider && !to.is("size")
}

/// Whether the second size, such as `(10,2)`, takes all that the first one does.
fn is_wider(element: &str, from: &str, to: &str) -> bool {
    let numbers = |size: &str| -> Vec<i64> {
        let inner = size.trim_matches(['(', ')']).split(',');
        inner
            .filter_map(|number| number.trim().parse().ok())
            .collect()
    };
    match (&numbers(from)[..], &numbers(to)[..]) {
        (_, []) => true,
        (&[whole, scale], &[wider, finer]) => scale <= finer && whole - scale <= wider - finer,
        (&[size], &[wider]) => {
            // A value of fixed length is filled up, or refused.
            size <= wider && element != "bit"
        }
        _ => from == to,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_wider_if_it_takes_all_that_the_other_does() {
        assert!(is_wider("numeric", "(10,2)", "(12,4)"));
        assert!(is_wider("numeric", "(10,2)", ""));
        assert!(!is_wider("numeric", "(10,2)", "(10,3)"));
        assert!(!is_wider("character varying", "", "(5)"));
        assert!(is_wider("character varying", "(4)", "(5)"));
        assert!(!is_wider("bit", "(4)", "(5)"));
    }
}
