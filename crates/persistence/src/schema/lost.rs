//! What rows lose on the way from one schema to another.

use std::collections::BTreeSet;

use super::catalog::{Catalog, Key, Kind, Object};
use super::render::text::last_part;

/// A table or a column whose values go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// What goes.
    pub object: Key,
    /// The rename, as [`revision`](super::revision()) takes it, by which its values would
    /// stay in what looks like it and is new. Nothing tells whether that is what is meant.
    pub rename: Option<String>,
}

/// All that is lost. Of a table that was renamed no further rename is told, since those
/// are said with the names that it had before.
pub(super) fn lost(before: &Catalog, from: &Catalog, to: &Catalog) -> Vec<Lost> {
    let mut taken = BTreeSet::new();
    let gone = from.objects.iter();
    let gone = gone.filter(|(key, object)| is_lost(from, key, object, to));
    let all = gone.map(|(key, _)| {
        let mut new = to.keys().filter(|new| !from.has(new));
        let alike = new.find(|new| !taken.contains(*new) && is_alike(from, key, to, new));
        let alike = alike.filter(|_| before.has(key) && !to.has(key));
        taken.extend(alike);
        Lost {
            object: key.clone(),
            rename: alike.map(|new| match &key.on {
                Some(on) => format!("{on}.{}:{}", key.name, new.name),
                None => format!("{}:{}", key.name, last_part(&new.name)),
            }),
        }
    });
    all.collect()
}

fn is_lost(from: &Catalog, key: &Key, object: &Object, to: &Catalog) -> bool {
    let table = Key::new(Kind::Table, key.on.as_deref().unwrap_or(&key.name));
    // The rows of a foreign table are elsewhere.
    let is_ours = from
        .get(&table)
        .is_some_and(|table| !table.is("foreign server"));
    let is_filled = |after: &Object| !after.is("generated");
    let is_gone = key.kind == Kind::Table && !to.has(key)
        || key.kind == Kind::Column
            && to.has(&table)
            && !object.is("generated")
            && !to.get(key).is_some_and(is_filled);
    is_ours && is_gone
}

/// Whether both are in one place and could be one thing: a column of the same type, or a
/// table of the same columns.
fn is_alike(from: &Catalog, old: &Key, to: &Catalog, new: &Key) -> bool {
    let place = |key: &Key| key.name[..key.name.len() - last_part(&key.name).len()].to_owned();
    if (old.kind, &old.on) != (new.kind, &new.on) || place(old) != place(new) {
        return false;
    }
    if old.kind == Kind::Table {
        let columns = columns(from, old);
        return !columns.is_empty() && columns == self::columns(to, new);
    }
    let kind = |catalog: &Catalog, key| {
        let column = catalog.get(key);
        column.map(|column| (column.text("type").to_owned(), column.is("generated")))
    };
    kind(from, old) == kind(to, new)
}

/// The columns of a table with their types.
fn columns<'a>(catalog: &'a Catalog, table: &Key) -> BTreeSet<(&'a str, &'a str)> {
    let all = catalog.objects.iter();
    let own = all.filter(|(key, _)| key.kind == Kind::Column && key.table() == table.name);
    own.map(|(key, column)| (key.name.as_str(), column.text("type")))
        .collect()
}
