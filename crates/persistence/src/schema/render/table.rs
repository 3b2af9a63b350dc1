//! Tables, with as much as can be written along with them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::super::catalog::{Catalog, Key, Kind, Object};
use super::text::{lower, option_list, options};
use super::{Impossible, Statements, column, comment_on, comments, create_alone, parts};

/// What of a table no statement is made for.
pub(in crate::schema) const STRANGE: [&str; 4] =
    ["partitioning", "inheritance", "foreign server", "row type"];

/// Attributes that are a switch.
const SWITCHES: [(&str, &str, &str); 2] = [
    (
        "row level security",
        "enable row level security",
        "disable row level security",
    ),
    (
        "row level security of the owner",
        "force row level security",
        "no force row level security",
    ),
];

pub(super) fn create(
    catalog: &Catalog,
    key: &Key,
    table: &Object,
    group: &[Key],
) -> Result<Statements, Impossible> {
    if let Some(strange) = STRANGE
        .iter()
        .chain(&["tablespace"])
        .find(|name| table.is(name))
    {
        let value = table.text(strange);
        return Err(Impossible(format!(
            "{key}: its {strange} ({value}) cannot be generated"
        )));
    }
    let mut columns: Vec<&Key> = group
        .iter()
        .filter(|part| part.kind == Kind::Column)
        .collect();
    columns.sort_by_key(|key| catalog.get(key).map(|column| column.text("position")));
    let mut lines = Vec::new();
    let (mut written, mut after) = (Vec::new(), Vec::new());
    for part in &columns {
        let Some(object) = catalog.get(part) else {
            continue;
        };
        let default = Key::of(Kind::Default, &key.name, &part.name);
        let value = catalog.get(&default).filter(|_| group.contains(&default));
        let value = value.and_then(|default| default.get("value"));
        lines.push(column::definition(part, object, value, true));
        after.extend(column::extras(part, object));
        written.push(default);
    }
    let mut indexes = BTreeSet::new();
    for part in group.iter().filter(|part| part.kind == Kind::Constraint) {
        let Some(object) = catalog.get(part) else {
            continue;
        };
        // PostgreSQL makes one of two that one statement has over the same columns.
        let index = object
            .get("index")
            .and_then(|index| index.split_once(" USING "));
        let is_second = index.is_some_and(|(_, columns)| !indexes.insert(columns));
        if object.is("validity") || is_second {
            after.extend(parts::constraint(part, object));
        } else {
            lines.push(format!(
                "constraint {} {}",
                part.name,
                lower(object.text("definition"))
            ));
            after.extend(parts::constraint_extras(part, object));
        }
    }
    let unlogged = table.get("persistence").map_or("", |_| "unlogged ");
    let mut sql = format!("create {unlogged}table {} (", key.name);
    if lines.is_empty() {
        sql.push(')');
    } else {
        let _ = write!(sql, "\n    {}\n)", lines.join(",\n    "));
    }
    if let Some(method) = table.get("access method") {
        let _ = write!(sql, " using {method}");
    }
    if let Some(text) = table.get("options") {
        let _ = write!(sql, " with {}", option_list(text));
    }
    let mut statements = vec![sql];
    statements.extend(switches(key, None, table));
    statements.extend(comments(key, table));
    statements.extend(after);
    for part in group {
        let is_beside = matches!(part.kind, Kind::Index | Kind::Trigger | Kind::Statistics);
        if is_beside || (part.kind == Kind::Default && !written.contains(part)) {
            statements.extend(create_alone(catalog, part)?);
        }
    }
    Ok(statements)
}

fn switches(key: &Key, from: Option<&Object>, to: &Object) -> Statements {
    let mut statements = Vec::new();
    for (name, on, off) in SWITCHES {
        let before = from.is_some_and(|from| from.is(name));
        if before != to.is(name) {
            let verb = if to.is(name) { on } else { off };
            statements.push(format!("alter table {} {verb}", key.name));
        }
    }
    let identity = from.and_then(|from| from.get("replica identity"));
    if identity != to.get("replica identity") {
        let identity = to.get("replica identity").unwrap_or("default");
        statements.push(format!(
            "alter table {} replica identity {identity}",
            key.name
        ));
    }
    statements
}

/// Statements that change what a table has of its own.
pub(super) fn alter(key: &Key, from: &Object, to: &Object) -> Statements {
    let mut statements = Vec::new();
    let differs = |name: &str| from.get(name) != to.get(name);
    if differs("persistence") {
        let how = to.get("persistence").map_or("logged", |_| "unlogged");
        statements.push(format!(
            "-- Writes the whole table anew.\nalter table {} set {how}",
            key.name
        ));
    }
    if differs("options") {
        statements.extend(change_options(key, from, to));
    }
    statements.extend(switches(key, Some(from), to));
    if differs("comment") {
        statements.push(comment_on(key, to.get("comment")));
    }
    statements
}

/// Statements that set the options that are new and reset those that are gone.
pub(super) fn change_options(key: &Key, from: &Object, to: &Object) -> Statements {
    let head = format!("alter {} {}", key.kind.words(), key.name);
    let (before, after) = (options(from.text("options")), options(to.text("options")));
    let gone: Vec<&str> = before
        .iter()
        .filter(|(name, _)| !after.iter().any(|(other, _)| other == name))
        .map(|(name, _)| *name)
        .collect();
    let new: Vec<String> = after
        .iter()
        .filter(|option| !before.contains(option))
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    let mut statements = Vec::new();
    if !gone.is_empty() {
        statements.push(format!("{head} reset ({})", gone.join(", ")));
    }
    if !new.is_empty() {
        statements.push(format!("{head} set ({})", new.join(", ")));
    }
    statements
}
