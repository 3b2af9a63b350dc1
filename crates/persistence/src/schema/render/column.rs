//! Columns of tables.

use std::fmt::Write as _;

use super::super::catalog::{Catalog, Key, Kind, Object};
use super::sequence::{self, unusual};
use super::text::{literal, lower, option_list, options, short_type};
use super::{Statements, again, cast, comment_on};

/// A column as `create table` has it.
pub(super) fn definition(
    key: &Key,
    column: &Object,
    default: Option<&str>,
    not_null: bool,
) -> String {
    let mut sql = format!("{} {}", key.name, short_type(column.text("type")));
    let mut push = |part: &str| {
        sql.push(' ');
        sql.push_str(part);
    };
    if let Some(method) = column.get("compression") {
        push(&format!("compression {method}"));
    }
    if let Some(collation) = column.get("collation") {
        push(&format!("collate {collation}"));
    }
    if not_null && column.is("not null") {
        push("not null");
    }
    if let Some(value) = default {
        push(&format!("default {}", lower(value)));
    }
    if let Some(expression) = column.get("generated") {
        let how = column.text("generation");
        push(&format!(
            "generated always as ({}) {how}",
            lower(expression)
        ));
    }
    if column.is("identity") {
        push(&identity(column));
    }
    sql
}

fn identity(column: &Object) -> String {
    let mut all = Vec::new();
    if let Some(name) = column.get("identity sequence") {
        all.push(format!("sequence name {name}"));
    }
    let unusual = unusual(column.text("identity options"), column.text("type"));
    if !unusual.is_empty() {
        all.push(unusual);
    }
    let how = column.text("identity");
    if all.is_empty() {
        format!("generated {how} as identity")
    } else {
        format!("generated {how} as identity ({})", all.join(" "))
    }
}

/// What a column has beside its definition.
pub(super) fn extras(key: &Key, column: &Object) -> Statements {
    let mut statements = Vec::new();
    for name in ["statistics", "storage"] {
        if let Some(value) = column.get(name) {
            statements.push(set(key, name, value));
        }
    }
    if let Some(text) = column.get("options") {
        statements.push(format!("{} set {}", alter_column(key), option_list(text)));
    }
    if let Some(comment) = column.get("comment") {
        statements.push(comment_on(key, Some(comment)));
    }
    statements
}

fn alter_column(key: &Key) -> String {
    format!("alter table {} alter column {}", key.table(), key.name)
}

fn set(key: &Key, name: &str, value: &str) -> String {
    format!("{} set {name} {value}", alter_column(key))
}

/// How a column comes to a table that rows may be in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::schema) enum Adding {
    /// As it is to be.
    AtOnce,
    /// So that no row has to be written or looked at: without NOT NULL, and with a
    /// default for rows to come if it is another one for each.
    InSteps,
}

/// Statements that add the column.
pub(in crate::schema) fn add_column(
    catalog: &Catalog,
    key: &Key,
    how: Adding,
    with_default: bool,
) -> Statements {
    let Some(column) = catalog.get(key) else {
        return Vec::new();
    };
    let default = default_of(catalog, key).filter(|_| with_default);
    let at_once = how == Adding::AtOnce;
    let inline = default.filter(|value| at_once || is_quick(value));
    let mut sql = String::new();
    if column.text("generation") == "stored" || column.is("identity") {
        sql.push_str("-- Writes the whole table anew.\n");
    } else if column.is("not null") && default.is_none() && at_once {
        sql.push_str("-- Fails if there are rows: nothing says what they are to have.\n");
    }
    let definition = definition(key, column, inline, at_once);
    let _ = write!(sql, "alter table {} add column {definition}", key.table());
    let mut statements = vec![sql];
    if let Some(value) = default.filter(|_| inline.is_none()) {
        statements.push(format!(
            "-- For rows to come: fill those that there are.\n{} set default {}",
            alter_column(key),
            lower(value)
        ));
    }
    statements.extend(extras(key, column));
    statements
}

fn default_of<'a>(catalog: &'a Catalog, key: &Key) -> Option<&'a str> {
    let default = Key::of(Kind::Default, key.table(), &key.name);
    catalog
        .get(&default)
        .and_then(|default| default.get("value"))
}

/// Whether the column can be added with NOT NULL at once and without writing rows.
pub(in crate::schema) fn has_quick_default(catalog: &Catalog, key: &Key) -> bool {
    default_of(catalog, key).is_some_and(is_quick)
}

/// Whether every row gets the same value, known when the column is added.
fn is_quick(value: &str) -> bool {
    // A call of a function is a name in front of a parenthesis; that of a type with a
    // size has two colons in front of it.
    if value == "now()" {
        return true;
    }
    let bare = unquoted_parts(value);
    bare.match_indices('(').all(|(at, _)| {
        let before = bare[..at].trim_end();
        let name = before.trim_end_matches(|c: char| c.is_alphanumeric() || "_. \"".contains(c));
        name.len() == before.len() || name.ends_with("::")
    }) && !value.contains("CURRENT_USER")
        && !value.contains("SESSION_USER")
}

/// The text without what is in single quotes.
fn unquoted_parts(text: &str) -> String {
    text.split('\'').step_by(2).collect()
}

/// What somebody is to put in its place who knows what the column is of rows that are there.
pub(in crate::schema) fn fill(key: &Key, has_default: bool) -> String {
    let (on, name) = (key.table(), &key.name);
    let value = if has_default { "default" } else { "..." };
    // So many that it ends, whatever the value is. A column may be called as a variable is.
    let batches = format!(
        "do $$ begin
    for batch in 0 .. (select count(*) / 1000 from {on} as it where it.{name} is null) loop
        update {on} as it set {name} = {value}
        where it.ctid = any (array(select it.ctid from {on} as it where it.{name} is null limit 1000));
        commit;
    end loop;
end $$"
    );
    if has_default {
        return format!("-- In batches, for nobody to wait for.\n{batches}");
    }
    let mut text = format!(
        "-- Nothing can tell what {name} is of the rows that are there: write it here, in batches. The
-- migrations behind this one demand it.\n"
    );
    for line in format!("{batches};").lines() {
        let _ = writeln!(text, "--     {line}");
    }
    let message = literal(&format!("write in this migration what {name} of {on} is"));
    text + &format!(
        "do $$ begin
    if exists (select from {on} as it where it.{name} is null) then
        raise not_null_violation using message = {message};
    end if;
end $$"
    )
}

/// Statements that change a column in place. NOT NULL is not among them if it `waits`.
pub(super) fn alter(key: &Key, from: &Object, to: &Object, waits: bool) -> Statements {
    let mut statements = Vec::new();
    let differs = |name: &str| from.get(name) != to.get(name);
    let column = alter_column(key);
    if differs("generated") || differs("generation") {
        if to.is("generated") || from.text("generation") != "stored" || differs("type") {
            return replace(key, from, to);
        }
        statements.push(format!("{column} drop expression"));
    }
    if from.is("identity") && !to.is("identity") {
        statements.push(format!("{column} drop identity"));
    }
    if from.is("not null") && !to.is("not null") && !waits {
        statements.push(format!("{column} drop not null"));
    }
    if differs("type") || differs("collation") {
        statements.push(retype(key, from, to));
    }
    if !from.is("not null") && to.is("not null") && !waits {
        statements.push(format!("{column} set not null"));
    }
    statements.extend(change_identity(key, from, to));
    // Another type is stored as that is usual for it.
    let stored = differs("storage") || differs("type") && to.is("storage");
    for (name, differs, usual) in [
        ("statistics", differs("statistics"), "-1"),
        ("storage", stored, to.text("usual storage")),
        ("compression", differs("compression"), "default"),
    ] {
        if differs {
            statements.push(set(key, name, to.get(name).unwrap_or(usual)));
        }
    }
    if differs("options") {
        let (before, after) = (options(from.text("options")), options(to.text("options")));
        let gone: Vec<&str> = before
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| !after.iter().any(|(other, _)| other == name))
            .collect();
        if !gone.is_empty() {
            statements.push(format!("{column} reset ({})", gone.join(", ")));
        }
        if !after.is_empty() {
            statements.push(format!("{column} set {}", option_list(to.text("options"))));
        }
    }
    if differs("comment") {
        statements.push(comment_on(key, to.get("comment")));
    }
    statements
}

/// Drops the column and adds it as it is to be.
fn replace(key: &Key, from: &Object, to: &Object) -> Statements {
    let note = if from.is("generated") {
        "-- Made again below, by another definition.\n"
    } else {
        "-- Loses what is in it.\n"
    };
    let mut statements = vec![format!(
        "{note}alter table {} drop column {}",
        key.table(),
        key.name
    )];
    let definition = definition(key, to, None, true);
    let note = if to.text("generation") == "stored" {
        "-- Writes the whole table anew.\n"
    } else {
        ""
    };
    statements.push(format!(
        "{}{note}alter table {} add column {definition}",
        again::NOTE,
        key.table()
    ));
    statements.extend(extras(key, to));
    let known = if from.is("grants") { from } else { to };
    statements.extend(again::grants(known));
    statements
}

fn retype(key: &Key, from: &Object, to: &Object) -> String {
    let notes = cast::notes(from, to);
    let mut sql = format!(
        "{notes}{} type {}",
        alter_column(key),
        short_type(to.text("type"))
    );
    if let Some(collation) = to.get("collation") {
        let _ = write!(sql, " collate {collation}");
    }
    // What is generated is computed anew.
    if !to.is("generated") {
        sql.push_str(&cast::using(&key.name, from, to));
    }
    sql
}

fn change_identity(key: &Key, from: &Object, to: &Object) -> Statements {
    let column = alter_column(key);
    if !to.is("identity") {
        return Vec::new();
    }
    if !from.is("identity") {
        let options = to.text("identity options");
        return vec![
            format!("{column} add {}", identity(to)),
            sequence::go_on(to.text("sequence"), options, key),
        ];
    }
    let mut statements = Vec::new();
    let differs = |name: &str| from.get(name) != to.get(name);
    if differs("identity") {
        statements.push(format!("{column} set generated {}", to.text("identity")));
    }
    if differs("sequence") {
        let (before, after) = (from.text("sequence"), to.text("sequence"));
        statements.push(format!(
            "alter sequence {before} rename to {}",
            super::text::last_part(after)
        ));
    }
    if differs("identity options") {
        let (before, after) = (from.text("identity options"), to.text("identity options"));
        statements.extend(sequence::alter(to.text("sequence"), before, after));
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_for_every_row_is_told() {
        for value in [
            "1",
            "'a (b)'::text",
            "'x'::character varying(20)",
            "now()",
            "(- 1)",
            "ARRAY[]::text[]",
        ] {
            assert!(is_quick(value), "{value}");
        }
        for value in [
            "gen_random_uuid()",
            "snow()",
            "nextval('s'::regclass)",
            "lower('A'::text)",
        ] {
            assert!(!is_quick(value), "{value}");
        }
    }
}
