//! Statements that make objects.

use std::fmt::Write as _;

use super::super::catalog::{Catalog, Key, Kind, Object};
use super::text::{last_part, lower, option_list, pairs, short_type, split, with_last_part};
use super::{Impossible, Statements, comment_on, comments, parts, sequence, table};

/// Statements that make the object without its parts.
pub(in crate::schema) fn create_alone(
    catalog: &Catalog,
    key: &Key,
) -> Result<Statements, Impossible> {
    create(catalog, key, std::slice::from_ref(key))
}

/// Statements that make the object and those of its parts that are in the `group`, in
/// whose order they can be made.
pub(in crate::schema) fn create(
    catalog: &Catalog,
    key: &Key,
    group: &[Key],
) -> Result<Statements, Impossible> {
    let Some(object) = catalog.get(key) else {
        return Ok(Vec::new());
    };
    let name = &key.name;
    let mut statements = match key.kind {
        Kind::Schema => vec![format!("create schema {name}")],
        Kind::Extension => vec![extension(name, object)],
        Kind::Enum => vec![list_of(
            &format!("create type {name} as enum ("),
            &split(object.text("values"), ", "),
        )],
        Kind::Domain => vec![domain(catalog, key, object, group)],
        Kind::Composite => {
            let attributes: Vec<_> = split(object.text("attributes"), ", ");
            vec![list_of(&format!("create type {name} as ("), &attributes)]
        }
        Kind::Sequence => {
            let (kind, options) = sequence::typed(object.text("options"));
            let typed = if kind == "bigint" {
                String::new()
            } else {
                format!(" as {kind}")
            };
            let unlogged = object.get("persistence").map_or("", |_| "unlogged ");
            let line = format!(
                "create {unlogged}sequence {name}{typed} {}",
                sequence::unusual(options, kind)
            );
            vec![line.trim_end().to_owned()]
        }
        Kind::Function | Kind::Procedure => vec![function(object, false)],
        Kind::TextSearchConfiguration => configuration(name, object),
        Kind::Table => return table::create(catalog, key, object, group),
        Kind::View | Kind::MaterializedView => view(key, object)?,
        Kind::Default => {
            let on = key.table();
            let value = lower(object.text("value"));
            vec![format!(
                "alter table {on} alter column {name} set default {value}"
            )]
        }
        Kind::Ownership => vec![parts::owner(name, object)],
        Kind::Column => {
            let has_default = group.iter().any(|part| part.kind == Kind::Default);
            super::add_column(catalog, key, super::Adding::AtOnce, has_default)
        }
        Kind::Constraint | Kind::DomainConstraint => {
            return Ok(parts::constraint(key, object));
        }
        Kind::Index => return parts::index(key, object),
        Kind::Statistics => return Ok(parts::statistics(key, object)),
        Kind::Trigger => return Ok(parts::trigger(key, object)),
        Kind::Other => {
            return Err(Impossible(format!(
                "{key} cannot be made by a generated statement"
            )));
        }
    };
    if key.kind != Kind::Column {
        statements.extend(comments(key, object));
    }
    for part in group.iter().filter(|part| *part != key) {
        if part.kind == Kind::DomainConstraint {
            let comment = catalog.get(part).and_then(|object| object.get("comment"));
            statements.extend(comment.map(|comment| comment_on(part, Some(comment))));
        } else if part.kind != Kind::Default {
            // A default is written along with its column.
            statements.extend(create_alone(catalog, part)?);
        }
    }
    Ok(statements)
}

fn extension(name: &str, object: &Object) -> String {
    let mut sql = format!("create extension {name}");
    if let Some(schema) = object.get("schema").filter(|schema| *schema != "public") {
        let _ = write!(sql, " schema {schema}");
    }
    if let Some(version) = object.get("version") {
        let _ = write!(sql, " version '{version}'");
    }
    sql
}

/// A statement that ends in a list in parentheses, broken by line where it is long.
fn list_of(head: &str, items: &[&str]) -> String {
    let line = format!("{head}{})", items.join(", "));
    if line.len() <= 100 {
        line
    } else {
        format!("{head}\n    {}\n)", items.join(",\n    "))
    }
}

fn domain(catalog: &Catalog, key: &Key, object: &Object, group: &[Key]) -> String {
    let mut sql = format!(
        "create domain {} as {}",
        key.name,
        short_type(object.text("type"))
    );
    if let Some(collation) = object.get("collation") {
        let _ = write!(sql, " collate {collation}");
    }
    if let Some(value) = object.get("default") {
        let _ = write!(sql, " default {}", lower(value));
    }
    if object.is("not null") {
        sql.push_str(" not null");
    }
    for part in group
        .iter()
        .filter(|part| part.kind == Kind::DomainConstraint)
    {
        let definition = catalog
            .get(part)
            .map(|object| lower(object.text("definition")));
        let _ = write!(
            sql,
            "\n    constraint {} {}",
            part.name,
            definition.unwrap_or_default()
        );
    }
    sql
}

/// The definition with a name that says its schema only where it must.
pub(super) fn function(object: &Object, replace: bool) -> String {
    let definition = object.text("definition").trim_end();
    let mut sql = lower(definition);
    let or_replace = "create or replace ";
    if !replace && sql.starts_with(or_replace) {
        sql.replace_range(..or_replace.len(), "create ");
    }
    for words in ["function public.", "procedure public."] {
        let head = sql.find(words).filter(|at| *at <= or_replace.len());
        if let Some(at) = head {
            let end = at + words.len();
            sql.replace_range(end - "public.".len()..end, "");
        }
    }
    sql
}

fn configuration(name: &str, object: &Object) -> Statements {
    if let Some(copy) = object.get("copy") {
        return vec![format!(
            "create text search configuration {name} (copy = {copy})"
        )];
    }
    let parser = object.text("parser");
    let mut statements = vec![format!(
        "create text search configuration {name} (parser = {parser})"
    )];
    statements.extend(mappings(name, None, object));
    statements
}

/// Statements that map each kind of word to its dictionaries.
pub(super) fn mappings(name: &str, from: Option<&Object>, to: &Object) -> Statements {
    let before = from.map_or_else(Vec::new, |from| pairs(from.text("mappings"), "; "));
    let after = pairs(to.text("mappings"), "; ");
    let head = format!("alter text search configuration {name}");
    let gone: Vec<&str> = before
        .iter()
        .filter(|(token, _)| !after.iter().any(|(other, _)| other == token))
        .map(|(token, _)| *token)
        .collect();
    let mut statements = Vec::new();
    if !gone.is_empty() {
        statements.push(format!("{head} drop mapping for {}", gone.join(", ")));
    }
    let changed: Vec<_> = after.iter().filter(|pair| !before.contains(pair)).collect();
    let mut done: Vec<(&str, &str)> = Vec::new();
    for (_, dictionaries) in &changed {
        for (verb, was_there) in [("add", false), ("alter", true)] {
            let tokens: Vec<&str> = changed
                .iter()
                .filter(|(token, all)| {
                    all == dictionaries
                        && before.iter().any(|(other, _)| other == token) == was_there
                })
                .map(|(token, _)| *token)
                .collect();
            if !tokens.is_empty() && !done.contains(&(verb, dictionaries)) {
                done.push((verb, dictionaries));
                statements.push(format!(
                    "{head} {verb} mapping for {}\n    with {dictionaries}",
                    tokens.join(", ")
                ));
            }
        }
    }
    statements
}

/// The statement that makes a view, or puts another query in its place.
pub(super) fn view(key: &Key, object: &Object) -> Result<Statements, Impossible> {
    for name in [
        "defaults of columns",
        "statistics of columns",
        "storage of columns",
        "tablespace",
    ] {
        if object.is(name) {
            return Err(Impossible(format!("{key}: its {name} cannot be generated")));
        }
    }
    Ok(vec![view_statement("create", key, object)])
}

pub(super) fn view_statement(verb: &str, key: &Key, object: &Object) -> String {
    let mut sql = format!("{verb} {} {}", key.kind.words(), key.name);
    if let Some(method) = object.get("access method") {
        let _ = write!(sql, " using {method}");
    }
    if let Some(text) = object.get("options") {
        let _ = write!(sql, " with {}", option_list(text));
    }
    let query = lower(object.text("definition"));
    sql.push_str(" as\n");
    sql.push_str(query.trim_end().trim_end_matches(';'));
    if object.is("populated") {
        sql.push_str("\n with no data");
    }
    sql
}

/// The name of the type while another one takes its place.
pub(super) fn aside(name: &str) -> (String, String) {
    let last = super::text::name_with(&[last_part(name)], "_before");
    (with_last_part(name, &last), last)
}
