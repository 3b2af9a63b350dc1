//! How one object becomes another one of the same name.

use super::super::catalog::{Key, Kind, Object};
use super::text::{lower, short_type};
use super::{
    Statements, again, column, comment_on, comments_of_columns, create, parts, sequence, table,
};

/// How much a change disturbs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::schema) enum Strategy {
    /// It is changed in place, and nothing else knows.
    Alter,
    /// Its values get another type: what PostgreSQL does not adapt by itself is dropped
    /// first and made again.
    Retype,
    /// The column is dropped and added: all that lies on it is dropped first and made again.
    Replace,
    /// It is dropped and made again.
    Recreate,
    /// Its values are others.
    Values,
    /// There is no statement.
    Impossible(String),
}

/// How to get from the one to the other.
pub(in crate::schema) fn strategy(key: &Key, from: &Object, to: &Object) -> Strategy {
    let differs = |names: &[&str]| {
        let found = names.iter().find(|name| from.get(name) != to.get(name));
        found.map(|name| (*name).to_owned())
    };
    let (impossible, recreate): (&[&str], &[&str]) = match key.kind {
        Kind::Other => (&["definition", "comment"], &[]),
        Kind::Table => (
            &[
                "partitioning",
                "inheritance",
                "foreign server",
                "row type",
                "access method",
                "tablespace",
            ],
            &[],
        ),
        Kind::Column => (&["identity logging", "foreign options"], &[]),
        Kind::View => (
            &[
                "defaults of columns",
                "statistics of columns",
                "storage of columns",
            ],
            &["columns"],
        ),
        Kind::MaterializedView => (
            &[
                "statistics of columns",
                "storage of columns",
                "tablespace",
                "access method",
            ],
            &["definition", "columns", "populated"],
        ),
        Kind::Index => (&["state", "tablespace"], &["definition"]),
        Kind::Constraint => (
            &["state of the index", "tablespace", "triggers"],
            &["definition", "index"],
        ),
        Kind::DomainConstraint | Kind::Statistics | Kind::Trigger => (&[], &["definition"]),
        Kind::Domain => (&[], &["type", "collation"]),
        Kind::Composite => (&[], &["attributes"]),
        Kind::Function | Kind::Procedure => (&[], &["signature", "window"]),
        Kind::TextSearchConfiguration => (&[], &["parser"]),
        Kind::Schema
        | Kind::Extension
        | Kind::Enum
        | Kind::Sequence
        | Kind::Default
        | Kind::Ownership => (&[], &[]),
    };
    if let Some(name) = differs(impossible) {
        return Strategy::Impossible(format!("{key}: no statement is made for its {name}"));
    }
    if differs(recreate).is_some() {
        return Strategy::Recreate;
    }
    if key.kind == Kind::Enum && differs(&["values"]).is_some() {
        return Strategy::Values;
    }
    if key.kind == Kind::Column {
        let odd = |object: &Object| !matches!(object.get("not null"), None | Some("yes"));
        if differs(&["not null"]).is_some() && (odd(from) || odd(to)) {
            return Strategy::Impossible(format!(
                "{key}: its kind of NOT NULL cannot be generated"
            ));
        }
        if differs(&["generated", "generation"]).is_some() {
            return Strategy::Replace;
        }
        if differs(&["type", "collation"]).is_some() {
            return Strategy::Retype;
        }
    }
    Strategy::Alter
}

/// Statements that change it in place. NOT NULL is not among them if it `waits`.
pub(in crate::schema) fn alter(key: &Key, from: &Object, to: &Object, waits: bool) -> Statements {
    let differs = |name: &str| from.get(name) != to.get(name);
    let name = &key.name;
    let mut statements = Vec::new();
    match key.kind {
        Kind::Table => return table::alter(key, from, to),
        Kind::Column => return column::alter(key, from, to, waits),
        Kind::Constraint | Kind::Index | Kind::Statistics | Kind::Trigger => {
            return parts::alter(key, from, to);
        }
        Kind::Default => {
            let value = lower(to.text("value"));
            statements.push(format!(
                "alter table {} alter column {name} set default {value}",
                key.table()
            ));
        }
        Kind::Ownership => statements.push(parts::owner(name, to)),
        Kind::Extension => {
            if differs("schema") {
                let schema = to.get("schema").unwrap_or("public");
                statements.push(format!("alter extension {name} set schema {schema}"));
            }
            if let Some(version) = to.get("version").filter(|_| differs("version")) {
                statements.push(format!("alter extension {name} update to '{version}'"));
            } else if differs("version") {
                statements.push(format!("alter extension {name} update"));
            }
        }
        Kind::Domain => statements.extend(domain(key, from, to)),
        Kind::Sequence => {
            if differs("persistence") {
                let how = to.get("persistence").map_or("logged", |_| "unlogged");
                statements.push(format!("alter sequence {name} set {how}"));
            }
            if differs("options") {
                let (before, after) = (from.text("options"), to.text("options"));
                statements.extend(sequence::alter(name, before, after));
            }
        }
        Kind::View | Kind::Function | Kind::Procedure if !again::is_replaced(key, from, to) => {
            return again::remade(key, from, to);
        }
        Kind::Function | Kind::Procedure if differs("definition") => {
            statements.push(create::function(to, true));
        }
        Kind::TextSearchConfiguration => {
            statements.extend(create::mappings(name, Some(from), to));
        }
        Kind::View if differs("definition") => {
            statements.push(create::view_statement("create or replace", key, to));
            // Replacing keeps options that the new statement does not name.
            statements.extend(table::change_options(key, from, to));
        }
        Kind::View | Kind::MaterializedView => {
            statements.extend(table::change_options(key, from, to));
        }
        Kind::Composite => statements.extend(again::attributes(key, from, to)),
        Kind::Schema
        | Kind::Enum
        | Kind::DomainConstraint
        | Kind::Function
        | Kind::Procedure
        | Kind::Other => {}
    }
    if differs("comment") {
        statements.push(comment_on(key, to.get("comment")));
    }
    if differs("comments of columns") {
        statements.extend(comments_of_columns(key, Some(from), to));
    }
    statements
}

fn domain(key: &Key, from: &Object, to: &Object) -> Statements {
    let mut statements = Vec::new();
    let head = format!("alter domain {}", key.name);
    if from.get("default") != to.get("default") {
        statements.push(match to.get("default") {
            Some(value) => format!("{head} set default {}", lower(value)),
            None => format!("{head} drop default"),
        });
    }
    if from.get("not null") != to.get("not null") {
        statements.push(if to.is("not null") {
            format!(
                "-- Looks at every row of every column of {}.\n{head} set not null",
                short_type(&key.name)
            )
        } else {
            format!("{head} drop not null")
        });
    }
    statements
}
