//! Values of one type as values of another one.

use std::fmt::Write as _;

use super::super::catalog::Object;
use super::loss::{loss, scale};
use super::text::{short_type, split};

/// How PostgreSQL takes the values of one type for those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cast {
    /// As it does in an assignment, which refuses what is too long.
    Assigned,
    /// When it is told to.
    Explicit,
    /// When it is told to, as the text that it is.
    Read,
    /// Only by way of what they are written as.
    ByText,
}

fn cast(from: &Object, to: &Object) -> Cast {
    let is_text = |object: &Object| object.is("string") && !object.is("array");
    if from.is("array") == to.is("array") {
        if from.text("element") == to.text("element") {
            return Cast::Assigned;
        }
        match cast_of_elements(from, to) {
            Some("e") => return Cast::Explicit,
            Some(_) => return Cast::Assigned,
            None if to.is("string") => return Cast::Assigned,
            None if from.is("string") => return Cast::Read,
            None => return Cast::ByText,
        }
    }
    match (is_text(from), is_text(to)) {
        (_, true) => Cast::Assigned,
        (true, false) => Cast::Read,
        (false, false) => Cast::ByText,
    }
}

/// When PostgreSQL casts the elements of the one to those of the other, as `pg_cast` says
/// it; nothing if it does not.
pub(super) fn cast_of_elements<'a>(from: &'a Object, to: &Object) -> Option<&'a str> {
    let mut casts = split(from.text("casts"), ", ").into_iter();
    casts.find_map(|cast| cast.strip_prefix(to.text("element"))?.strip_prefix(": "))
}

/// The clause that says how, where PostgreSQL does not know by itself.
pub(super) fn using(name: &str, from: &Object, to: &Object) -> String {
    match cast(from, to) {
        Cast::Assigned => String::new(),
        Cast::Explicit => format!("\n    using {name}::{}", short_type(to.text("type"))),
        Cast::Read => format!("\n    using {name}::{}", uncut(to)),
        Cast::ByText => format!("\n    using {name}::text::{}", uncut(to)),
    }
}

/// The type to take a text for. A cast to one that has a length cuts what is longer; the
/// assignment that comes after this one refuses it.
fn uncut(to: &Object) -> String {
    let name = match to.text("element") {
        "character varying" => "varchar",
        "character" => "bpchar",
        "bit" | "bit varying" => "varbit",
        _ => return short_type(to.text("type")),
    };
    let brackets = if to.is("array") { "[]" } else { "" };
    format!("{name}{brackets}")
}

/// What has to be known before the values change, as lines of comments.
pub(super) fn notes(from: &Object, to: &Object) -> String {
    let mut notes = String::new();
    let loss = loss(from, to);
    if from.get("type") != to.get("type") && !is_stored_alike(from, to) {
        notes.push_str("-- Writes the whole table anew unless both types are stored alike.\n");
    }
    for change in loss.changes {
        let _ = writeln!(notes, "-- {change}");
    }
    if let Some(fails) = loss.fails {
        let _ = writeln!(notes, "-- Fails where {fails}.");
    }
    notes
}

/// Whether a type has another size and is the same otherwise.
pub(in crate::schema) fn is_resized(from: &Object, to: &Object) -> bool {
    let same = |name: &str| from.get(name) == to.get(name);
    let plain = !from.is("domain") && !to.is("domain");
    same("element") && same("array") && same("collation") && (plain || same("type"))
}

/// Whether every value stays as it is, down to its bytes.
pub(in crate::schema) fn is_stored_alike(from: &Object, to: &Object) -> bool {
    let is_text = |column: &Object| {
        let is_one = matches!(column.text("element"), "text" | "character varying");
        is_one && !column.is("array") && !column.is("domain")
    };
    let is_filled_up = match to.text("element") {
        "character" => true,
        "numeric" => to.is("size") && scale(from) != scale(to),
        _ => to.is("array"),
    };
    let is_kept = is_resized(from, to) && !is_filled_up || is_text(from) && is_text(to);
    is_kept && loss(from, to).is_none()
}

/// Whether programs may miss what the values were: other values, or values of another type.
pub(super) fn is_felt(from: &Object, to: &Object) -> bool {
    let alike = is_resized(from, to) || from.is("string") && to.is("string");
    from.get("type") != to.get("type") && !(alike && loss(from, to).is_none())
}
