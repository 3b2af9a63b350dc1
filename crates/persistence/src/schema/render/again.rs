//! What is dropped and made again, and what PostgreSQL takes another definition of.

use super::super::catalog::{Catalog, Key, Kind, Object};
use super::text::split;
use super::{Statements, comments, create};

/// What nothing here can know of any database but that of the migrations.
pub(super) const NOTE: &str =
    "-- Made again: whatever was granted on it, and who owns it, has to be said again.\n";

/// The statements that make it, with those for what the migrations had granted on it and
/// whom they had given it to.
pub(in crate::schema) fn again(
    catalog: &Catalog,
    key: &Key,
    mut statements: Statements,
) -> Statements {
    let may_be_granted = matches!(
        key.kind,
        Kind::View
            | Kind::Column
            | Kind::MaterializedView
            | Kind::Function
            | Kind::Procedure
            | Kind::Enum
            | Kind::Domain
            | Kind::Composite
    );
    if let (true, Some(first)) = (may_be_granted, statements.first_mut()) {
        first.insert_str(0, NOTE);
        if key.kind == Kind::MaterializedView {
            first.insert_str(0, "-- Whoever reads it waits until its query has run.\n");
        }
        statements.extend(catalog.get(key).into_iter().flat_map(grants));
    }
    statements
}

/// Statements for what is granted on it and who owns it, as far as that is not usual.
pub(super) fn grants(object: &Object) -> impl Iterator<Item = String> {
    object.text("grants").lines().map(str::to_owned)
}

/// Whether PostgreSQL takes the one for the other by `create or replace`.
pub(in crate::schema) fn is_replaced(key: &Key, from: &Object, to: &Object) -> bool {
    let same = |name: &str| from.get(name) == to.get(name);
    match key.kind {
        Kind::View => {
            let (before, after) = (list(from, "columns"), list(to, "columns"));
            after.starts_with(&before)
        }
        Kind::Composite => {
            let (before, after) = (list(from, "attributes"), list(to, "attributes"));
            after.starts_with(&before) || before.starts_with(&after)
        }
        Kind::Function | Kind::Procedure => {
            let (before, after) = (list(from, "arguments"), list(to, "arguments"));
            let kept = |(one, other): (&&str, &&str)| {
                let name = |argument| split(argument, " DEFAULT ")[0].to_owned();
                name(one) == name(other)
                    && (!one.contains(" DEFAULT ") || other.contains(" DEFAULT "))
            };
            same("result")
                && same("window")
                && before.len() == after.len()
                && before.iter().zip(&after).all(kept)
        }
        Kind::Schema
        | Kind::Extension
        | Kind::Enum
        | Kind::Domain
        | Kind::DomainConstraint
        | Kind::Sequence
        | Kind::TextSearchConfiguration
        | Kind::Table
        | Kind::Column
        | Kind::Default
        | Kind::Ownership
        | Kind::Constraint
        | Kind::MaterializedView
        | Kind::Index
        | Kind::Statistics
        | Kind::Trigger
        | Kind::Other => false,
    }
}

fn list<'a>(object: &'a Object, name: &str) -> Vec<&'a str> {
    split(object.text(name), ", ")
}

/// Whether programs that know the one may miss what the other has not: what they read of
/// it, or how they call it.
pub(in crate::schema) fn is_missed(key: &Key, from: &Object, to: &Object) -> bool {
    let loses = |name: &str, keeps: &dyn Fn(&str, &str) -> bool| {
        let after = list(to, name);
        let mut before = list(from, name).into_iter();
        before.any(|part| !after.iter().any(|other| keeps(part, other)))
    };
    match key.kind {
        Kind::View | Kind::MaterializedView => loses("columns", &keeps_column),
        Kind::Composite => loses("attributes", &|one, other| one == other),
        Kind::Function | Kind::Procedure => !is_replaced(key, from, to),
        Kind::Domain => from.get("type") != to.get("type"),
        Kind::Column => {
            let is_computed =
                |column: &Object| column.is("generated") || column.text("identity") == "always";
            is_computed(to) && !is_computed(from)
                || from.is("generated") && !to.is("generated")
                || from.is("identity") && !to.is("identity")
                || super::cast::is_felt(from, to)
        }
        // Without a check, programs write what they wrote.
        Kind::Constraint => {
            let definition = |object: &Object| without(object.text("definition"), " INCLUDE (");
            from.text("type") != "c" && definition(from) != definition(to)
        }
        Kind::Trigger => to.text("firing") == "disable" && from.text("firing") != "disable",
        Kind::Index => is_unique_index(from) && arbiter(from) != arbiter(to),
        Kind::Schema
        | Kind::Extension
        | Kind::Enum
        | Kind::DomainConstraint
        | Kind::Sequence
        | Kind::TextSearchConfiguration
        | Kind::Table
        | Kind::Default
        | Kind::Ownership
        | Kind::Statistics
        | Kind::Other => false,
    }
}

/// Whether a column of a view is the same to programs: a text may become longer.
fn keeps_column(before: &str, after: &str) -> bool {
    let parts = |column: &str| {
        let name = split(column, " ").first().map_or(0, |name| name.len());
        (
            column[..name].to_owned(),
            longest_text(column[name..].trim()),
        )
    };
    let ((one, before_longest), (other, after_longest)) = (parts(before), parts(after));
    before == after || one == other && before_longest.is_some() && before_longest <= after_longest
}

/// How long a text of the type can be, if it is one.
fn longest_text(kind: &str) -> Option<u32> {
    let kind = kind.strip_suffix(" \"default\"").unwrap_or(kind);
    if matches!(kind, "text" | "character varying") {
        return Some(u32::MAX);
    }
    let length = kind.strip_prefix("character varying(")?;
    length.strip_suffix(')')?.parse().ok()
}

/// Whether it is an index, and ON CONFLICT may be about it.
pub(in crate::schema) fn is_unique_index(index: &Object) -> bool {
    index.text("definition").starts_with("CREATE UNIQUE INDEX ")
}

/// What of a unique index ON CONFLICT is about: all but how it is stored.
fn arbiter(index: &Object) -> String {
    without(&without(index.text("definition"), " INCLUDE ("), " WITH (")
}

/// The definition without the list that begins so.
fn without(definition: &str, list: &str) -> String {
    let Some((head, rest)) = definition.split_once(list) else {
        return definition.to_owned();
    };
    let rest = rest.split_once(')').map_or("", |(_, rest)| rest);
    format!("{head}{rest}")
}

/// Gives a type the attributes that it has more at its end, or takes them from it.
pub(super) fn attributes(key: &Key, from: &Object, to: &Object) -> Statements {
    let (before, after) = (list(from, "attributes"), list(to, "attributes"));
    let head = format!("alter type {}", key.name);
    let gone = before.iter().skip(after.len()).rev().map(|attribute| {
        let name = split(attribute, " ")[0];
        format!("-- Loses what is in it.\n{head} drop attribute {name}")
    });
    let new = after.iter().skip(before.len());
    let new = new.map(|attribute| format!("{head} add attribute {attribute}"));
    gone.chain(new).collect()
}

/// Drops what nothing lies on and makes it as it is to be.
pub(super) fn remade(key: &Key, from: &Object, to: &Object) -> Statements {
    let made = if key.kind == Kind::View {
        create::view_statement("create", key, to)
    } else {
        create::function(to, false)
    };
    let mut statements = vec![
        format!("drop {} {}", key.kind.words(), key.name),
        format!("{NOTE}{made}"),
    ];
    statements.extend(comments(key, to));
    // The schema that is wanted does not say who may use it.
    let known = if from.is("grants") { from } else { to };
    statements.extend(grants(known));
    statements
}

/// Has functions made whatever their bodies speak of, which may come later, or have its
/// new name already.
pub(in crate::schema) fn without_looking_at_bodies(statements: &mut Statements) {
    let has_body = |statement: &String| {
        let mut lines = statement.lines().skip_while(|line| line.starts_with("--"));
        let is_routine = lines.next().is_some_and(|line| {
            let rest = line.strip_prefix("create ").unwrap_or_default();
            let rest = rest.strip_prefix("or replace ").unwrap_or(rest);
            rest.starts_with("function ") || rest.starts_with("procedure ")
        });
        is_routine && statement.contains("\nas $")
    };
    if let Some(place) = statements.iter().position(has_body) {
        statements.insert(place, "set local check_function_bodies = off".to_owned());
    }
}
