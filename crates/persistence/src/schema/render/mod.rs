//! Statements that make, change and remove objects, written to be read by people.

mod again;
mod alter;
mod cast;
mod column;
mod create;
mod loss;
mod parts;
mod retype;
mod sequence;
mod table;
pub(super) mod text;

pub(super) use self::again::{
    again, is_missed, is_replaced, is_unique_index, without_looking_at_bodies,
};
pub(super) use self::alter::{Strategy, alter, strategy};
pub(super) use self::cast::{is_resized, is_stored_alike};
pub(super) use self::column::{Adding, add_column, fill, has_quick_default};
pub(super) use self::create::{create, create_alone};
pub(super) use self::parts::{
    concurrently, constraint, drop_index, index_called, rename_index, take_index, until_then,
    use_index, validate,
};
pub(super) use self::retype::{Values, change_values};
pub(super) use self::sequence::go_on;
pub(super) use self::table::STRANGE;

use super::catalog::{Catalog, Key, Kind, Object};

/// Why there is no statement for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Impossible(pub(super) String);

/// Statements without their semicolons; each may begin with lines of comments.
pub(super) type Statements = Vec<String>;

/// Says of what is dropped that it comes again.
pub(super) const MADE_AGAIN: &str = "-- Made again below, as it was.";

/// The same of what has all that programs name, and another definition.
pub(super) const MADE_OTHERWISE: &str = "-- Made again below, by another definition.";

/// The same of what has come already.
pub(super) const MADE_BEFORE: &str = "-- Made before, by another name.";

/// What a unique index is refused for.
pub(super) const ALIKE: &str = "-- Fails where rows are alike in it.\n";

/// What an object is called in `comment on` and `drop`.
pub(super) fn subject(key: &Key) -> String {
    let words = key.kind.words();
    let name = &key.name;
    match (&key.on, key.kind) {
        (Some(on), Kind::Column) => format!("{words} {on}.{name}"),
        (Some(on), Kind::DomainConstraint) => format!("{words} {name} on domain {on}"),
        (Some(on), Kind::Constraint | Kind::Trigger) => format!("{words} {name} on {on}"),
        _ => format!("{words} {name}"),
    }
}

/// Statements that remove the object, all of its parts included.
pub(super) fn drop(catalog: &Catalog, key: &Key) -> Statements {
    let (name, on) = (&key.name, key.table());
    let loses = |what: &str| format!("-- Loses what is in it.\n{what}");
    vec![match key.kind {
        Kind::Table => loses(&if catalog
            .get(key)
            .is_some_and(|table| table.is("foreign server"))
        {
            format!("drop foreign table {name}")
        } else {
            format!("drop table {name}")
        }),
        Kind::Column => {
            let sql = format!("alter table {on} drop column {name}");
            // What is generated can be generated again.
            if catalog
                .get(key)
                .is_some_and(|column| column.is("generated"))
            {
                sql
            } else {
                loses(&sql)
            }
        }
        Kind::Default => format!("alter table {on} alter column {name} drop default"),
        Kind::Sequence => format!("-- Loses where it is.\ndrop sequence {name}"),
        Kind::Ownership => format!("alter sequence {name} owned by none"),
        Kind::Constraint => format!("alter table {on} drop constraint {name}"),
        Kind::DomainConstraint => format!("alter domain {on} drop constraint {name}"),
        Kind::Trigger => format!("drop trigger {name} on {on}"),
        Kind::Schema
        | Kind::Extension
        | Kind::Enum
        | Kind::Domain
        | Kind::Composite
        | Kind::Function
        | Kind::Procedure
        | Kind::TextSearchConfiguration
        | Kind::View
        | Kind::MaterializedView
        | Kind::Index
        | Kind::Statistics
        | Kind::Other => format!("drop {} {name}", key.kind.words()),
    }]
}

/// Statements that give it the comment that it has, if any.
fn comments(key: &Key, object: &Object) -> Statements {
    let mut statements: Statements = object
        .get("comment")
        .map(|comment| comment_on(key, Some(comment)))
        .into_iter()
        .collect();
    statements.extend(comments_of_columns(key, None, object));
    statements
}

fn comment_on(key: &Key, comment: Option<&str>) -> String {
    let text = comment.map_or_else(|| "null".to_owned(), text::literal);
    text::wrapped_comment(&subject(key), &text)
}

/// Of a view or a composite type, whose columns are no objects of their own.
fn comments_of_columns(key: &Key, before: Option<&Object>, after: &Object) -> Statements {
    let list = |object: Option<&Object>| -> Vec<(String, String)> {
        let text = object
            .map(|object| object.text("comments of columns"))
            .unwrap_or_default();
        let pairs = text::split(text, ", ").into_iter();
        pairs
            .filter_map(|pair| match text::split(pair, ": ")[..] {
                [name, comment] => Some((name.to_owned(), comment.to_owned())),
                _ => None,
            })
            .collect()
    };
    let has = |name: &str| {
        let mut all = text::split(after.text("attributes"), ", ").into_iter();
        key.kind != Kind::Composite || all.any(|attribute| text::split(attribute, " ")[0] == name)
    };
    let (before, after) = (list(before), list(Some(after)));
    let gone = before
        .iter()
        .filter(|(name, _)| has(name) && !after.iter().any(|(other, _)| other == name))
        .map(|(name, _)| (name, "null"));
    let new = after
        .iter()
        .filter(|pair| !before.contains(pair))
        .map(|(name, comment)| (name, comment.as_str()));
    gone.chain(new)
        .map(|(name, comment)| format!("comment on column {}.{name} is {comment}", key.name))
        .collect()
}
