//! What lies on tables: constraints, indexes, triggers and extended statistics.

use super::super::catalog::{Key, Kind, Object};
use super::text::{last_part, lower, name_with, pairs, wrapped, wrapped_comment};
use super::{Impossible, Statements, comment_on, comments};

/// Statements that make a constraint; not looking at what is there if it is to be not
/// valid.
pub(in crate::schema) fn constraint(key: &Key, object: &Object) -> Statements {
    let validity = object.get("validity").map_or("", |_| " not valid");
    let mut statements = vec![add_constraint(key, object, validity)];
    statements.extend(constraint_extras(key, object));
    statements
}

pub(super) fn add_constraint(key: &Key, object: &Object, validity: &str) -> String {
    let what = if key.kind == Kind::DomainConstraint {
        "domain"
    } else {
        "table"
    };
    wrapped(&format!(
        "alter {what} {} add constraint {} {}{validity}",
        key.table(),
        key.name,
        lower(object.text("definition"))
    ))
}

/// What a constraint has beside its definition.
pub(super) fn constraint_extras(key: &Key, object: &Object) -> Statements {
    let mut statements = comments(key, object);
    if let Some(comment) = object.get("comment of the index") {
        let index = object.text("index_name");
        statements.push(comment_on_index(index, Some(comment)));
    }
    statements.extend(index_extras(key, object.text("index_name"), None, object));
    statements
}

/// The statement that makes an index.
pub(in crate::schema) fn definition_of_index(object: &Object) -> String {
    let name = if object.is("index") {
        "index"
    } else {
        "definition"
    };
    wrapped(&lower(object.text(name)).replacen(" using btree (", " (", 1))
}

/// The same while others write to the table, and so that it can be run twice.
pub(in crate::schema) fn concurrently(sql: &str) -> String {
    let place = sql.find("index ").unwrap_or_default() + "index ".len();
    let (head, rest) = sql.split_at(place);
    format!("{head}concurrently if not exists {rest}")
}

/// Removes an index while others use the table.
pub(in crate::schema) fn drop_index(name: &str) -> String {
    format!("drop index concurrently if exists {name}")
}

/// What an index is called until the one before it has gone.
pub(in crate::schema) fn until_then(index: &str, number: usize) -> String {
    let number = if number == 1 {
        String::new()
    } else {
        number.to_string()
    };
    name_with(&[index], &format!("_new{number}"))
}

/// The definition of an index under another name.
pub(in crate::schema) fn index_called(object: &Object, name: &str) -> String {
    let sql = definition_of_index(object);
    let begin = sql.find("index ").unwrap_or_default() + "index ".len();
    let end = sql.find(" on ").unwrap_or(begin);
    format!("{}{name}{}", &sql[..begin], &sql[end..])
}

/// Gives an index another name, of the same schema.
pub(in crate::schema) fn rename_index(from: &str, to: &str) -> String {
    format!("alter index {from} rename to {}", last_part(to))
}

/// Statements that make a constraint of its index.
pub(in crate::schema) fn use_index(key: &Key, object: &Object, index: &str) -> Statements {
    let mut statements = vec![add_by_index(key, object, index)];
    statements.extend(constraint_extras(key, object));
    statements
}

/// The same of an index that was there before, with what it had beside its definition.
pub(in crate::schema) fn take_index(
    key: &Key,
    object: &Object,
    index: &Key,
    before: &Object,
) -> Statements {
    let mut statements = vec![add_by_index(key, object, last_part(&index.name))];
    statements.extend(comments(key, object));
    let name = object.text("index_name");
    let (had, has) = (before.get("comment"), object.get("comment of the index"));
    if had != has {
        statements.push(comment_on_index(name, has));
    }
    statements.extend(index_extras(key, name, Some(before), object));
    statements
}

fn comment_on_index(name: &str, comment: Option<&str>) -> String {
    let text = comment.map_or_else(|| "null".to_owned(), super::text::literal);
    wrapped_comment(&format!("index {name}"), &text)
}

fn add_by_index(key: &Key, object: &Object, index: &str) -> String {
    let kind = if object.text("type") == "p" {
        "primary key"
    } else {
        "unique"
    };
    let deferrable = object.get("deferrable").map(|how| format!(" {how}"));
    format!(
        "alter table {} add constraint {} {kind} using index {}{}",
        key.table(),
        key.name,
        index,
        deferrable.unwrap_or_default()
    )
}

pub(super) fn index(key: &Key, object: &Object) -> Result<Statements, Impossible> {
    if object.is("tablespace") || object.is("state") {
        return Err(Impossible(format!(
            "{key}: neither tablespaces nor invalid indexes are generated"
        )));
    }
    let mut statements = vec![definition_of_index(object)];
    statements.extend(comments(key, object));
    statements.extend(index_extras(key, &key.name, None, object));
    Ok(statements)
}

fn index_extras(key: &Key, index: &str, from: Option<&Object>, to: &Object) -> Statements {
    let before = from.map_or_else(Vec::new, |from| pairs(from.text("statistics"), ", "));
    let after = pairs(to.text("statistics"), ", ");
    let mut statements = Vec::new();
    for (column, _) in before
        .iter()
        .filter(|(column, _)| !after.iter().any(|(other, _)| other == column))
    {
        statements.push(format!(
            "alter index {index} alter column {column} set statistics -1"
        ));
    }
    for (column, target) in after.iter().filter(|pair| !before.contains(pair)) {
        statements.push(format!(
            "alter index {index} alter column {column} set statistics {target}"
        ));
    }
    let table = key.table();
    let was = |name: &str| from.is_some_and(|from| from.is(name));
    if was("clustered") != to.is("clustered") {
        statements.push(if to.is("clustered") {
            format!("alter table {table} cluster on {}", last_part(index))
        } else {
            format!("alter table {table} set without cluster")
        });
    }
    if was("replica identity") != to.is("replica identity") {
        statements.push(if to.is("replica identity") {
            format!(
                "alter table {table} replica identity using index {}",
                last_part(index)
            )
        } else {
            format!("alter table {table} replica identity default")
        });
    }
    statements
}

pub(super) fn statistics(key: &Key, object: &Object) -> Statements {
    let definition = lower(object.text("definition"));
    let mut statements = vec![wrapped(&format!(
        "create statistics {}{definition}",
        key.name
    ))];
    statements.extend(comments(key, object));
    if let Some(target) = object.get("target") {
        statements.push(format!(
            "alter statistics {} set statistics {target}",
            key.name
        ));
    }
    statements
}

pub(super) fn trigger(key: &Key, object: &Object) -> Statements {
    let mut statements = vec![wrapped(&lower(object.text("definition")))];
    statements.extend(comments(key, object));
    if object.is("firing") {
        statements.push(firing(key, object));
    }
    statements
}

fn firing(key: &Key, object: &Object) -> String {
    let how = object.get("firing").unwrap_or("enable");
    format!("alter table {} {how} trigger {}", key.table(), key.name)
}

/// Statements that change what an index, a constraint, statistics or a trigger has
/// beside its definition.
pub(super) fn alter(key: &Key, from: &Object, to: &Object) -> Statements {
    let mut statements = Vec::new();
    let differs = |name: &str| from.get(name) != to.get(name);
    if differs("comment") {
        statements.push(comment_on(key, to.get("comment")));
    }
    if differs("firing") {
        statements.push(firing(key, to));
    }
    if differs("target") {
        let target = to.get("target").unwrap_or("-1");
        statements.push(format!(
            "alter statistics {} set statistics {target}",
            key.name
        ));
    }
    if key.kind == Kind::Index {
        statements.extend(index_extras(key, &key.name, Some(from), to));
    } else if key.kind == Kind::Constraint && to.is("index_name") {
        let index = to.text("index_name");
        if differs("comment of the index") {
            statements.push(comment_on_index(index, to.get("comment of the index")));
        }
        statements.extend(index_extras(key, index, Some(from), to));
    }
    statements
}

/// Statements that look at what is there, and those that take it back.
pub(in crate::schema) fn validate(key: &Key, object: &Object) -> (Statements, Statements) {
    let what = if key.kind == Kind::DomainConstraint {
        "domain"
    } else {
        "table"
    };
    let mut again = vec![
        format!("alter {what} {} drop constraint {}", key.table(), key.name),
        add_constraint(key, object, " not valid"),
    ];
    again.extend(constraint_extras(key, object));
    (
        vec![format!(
            "alter {what} {} validate constraint {}",
            key.table(),
            key.name
        )],
        again,
    )
}

pub(in crate::schema) fn owner(name: &str, object: &Object) -> String {
    format!("alter sequence {name} owned by {}", object.text("owner"))
}
