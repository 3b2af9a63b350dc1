//! What is to be called otherwise. Nothing tells a new name from a new thing but who asks.

use super::super::catalog::{Catalog, Key, Kind};
use super::super::render::text::{last_part, with_last_part};

/// `old:new`, or `table.old:new` for what lies on a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::schema) struct Rename {
    old: String,
    new: String,
}

impl Rename {
    pub(in crate::schema) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some((old, new)) if !old.is_empty() && !new.is_empty() => Ok(Self {
                old: old.to_owned(),
                new: new.to_owned(),
            }),
            _ => Err(format!(
                "`{text}` does not name what is renamed and to what, as in `old:new`"
            )),
        }
    }

    /// The same with the new name alone, which may have been said with the place that it
    /// stays in.
    fn of(&self, key: &Key) -> Result<Self, String> {
        let new = last_part(&self.new);
        let place = self.new[..self.new.len() - new.len()].trim_end_matches('.');
        let (own, whole) = match &key.on {
            Some(on) if key.kind != Kind::Index => (on.as_str(), "table"),
            _ => (schema_of(key), "schema"),
        };
        if place.is_empty() || in_public(place) == own {
            return Ok(Self {
                old: self.old.clone(),
                new: new.to_owned(),
            });
        }
        Err(format!(
            "`{}:{}`: a rename cannot move {key} to another {whole}",
            self.old, self.new
        ))
    }
}

/// A name, or the place of one, as it is written where `public` comes first.
fn in_public(name: &str) -> &str {
    if name == "public" {
        return "";
    }
    name.strip_prefix("public.").unwrap_or(name)
}

/// Nothing for `public`.
fn schema_of(key: &Key) -> &str {
    let name = key.name.split('(').next().unwrap_or_default();
    name[..name.len() - last_part(name).len()].trim_end_matches('.')
}

/// The statements that give new names, each with the one that takes it back, in an order
/// in which all old names are those before.
pub(in crate::schema) fn statements(
    from: &Catalog,
    to: &Catalog,
    renames: &[Rename],
) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    for rename in renames {
        let key = find(from, &rename.old)?;
        let rename = rename.of(&key)?;
        found.push((key, rename));
    }
    found.extend(sequences(from, to, &found));
    // A table is renamed after what lies on it.
    found.sort_by_key(|(key, _)| !key.kind.is_part() || key.kind == Kind::Index);
    let new_name_of = |table: &str| {
        let other = found
            .iter()
            .find(|(key, _)| key.on.is_none() && key.name == table);
        other.map_or_else(
            || table.to_owned(),
            |(key, rename)| with_last_part(&key.name, &rename.new),
        )
    };
    let mut statements = Vec::new();
    for (key, rename) in &found {
        let new = Key {
            kind: key.kind,
            on: key.on.as_deref().map(new_name_of),
            name: if key.on.is_some() && key.kind != Kind::Index {
                rename.new.clone()
            } else if let (Kind::Function | Kind::Procedure, Some(at)) =
                (key.kind, key.name.find('('))
            {
                format!(
                    "{}{}",
                    with_last_part(&key.name[..at], &rename.new),
                    &key.name[at..]
                )
            } else {
                with_last_part(&key.name, &rename.new)
            },
        };
        if !to.has(&new) {
            return Err(format!("there is no {new} in the schema that is wanted"));
        }
        if from.has(&new) {
            return Err(format!("there is a {new} already"));
        }
        if to.has(key) {
            return Err(format!("{key} is still in the schema that is wanted"));
        }
        // Taken back while the table has its old name again or still has it.
        let back = Key {
            on: key.on.clone(),
            ..new
        };
        statements.push((statement(key, &rename.new), statement(&back, last(key))));
    }
    Ok(statements)
}

/// The sequences of columns that get another name, or whose tables do: what such a
/// sequence is called follows from both, and where it is has to stay.
fn sequences(from: &Catalog, to: &Catalog, found: &[(Key, Rename)]) -> Vec<(Key, Rename)> {
    let renamed = |key: &Key| {
        let rename = found.iter().find(|(other, _)| other == key);
        rename.map(|(_, rename)| rename.new.as_str())
    };
    let owner = |catalog: &Catalog, sequence: &str| {
        let key = Key::new(Kind::Ownership, sequence);
        catalog
            .get(&key)
            .map(|object| object.text("owner").to_owned())
    };
    let columns = from.keys().filter(|key| key.kind == Kind::Column);
    let moved = columns.filter_map(|column| {
        let table = renamed(&Key::new(Kind::Table, column.table()));
        let name = renamed(column);
        let is_moved = table.is_some() || name.is_some();
        let table = table.map_or_else(
            || column.table().to_owned(),
            |new| with_last_part(column.table(), new),
        );
        let now = format!("{table}.{}", name.unwrap_or(&column.name));
        is_moved.then(|| (format!("{}.{}", column.table(), column.name), now))
    });
    let mut sequences = Vec::new();
    for (before, now) in moved {
        let of = |catalog: &Catalog, column: &str| -> Vec<Key> {
            let all = catalog.keys().filter(|key| key.kind == Kind::Sequence);
            all.filter(|key| owner(catalog, &key.name).as_deref() == Some(column))
                .cloned()
                .collect()
        };
        if let ([old], [new]) = (&of(from, &before)[..], &of(to, &now)[..])
            && !to.has(old)
            && !from.has(new)
            && renamed(old).is_none()
        {
            let rename = Rename {
                old: old.name.clone(),
                new: super::super::render::text::last_part(&new.name).to_owned(),
            };
            sequences.push((old.clone(), rename));
        }
    }
    sequences
}

fn last(key: &Key) -> &str {
    let name = key.name.split('(').next().unwrap_or_default();
    last_part(name)
}

fn find(from: &Catalog, name: &str) -> Result<Key, String> {
    let name = in_public(name);
    let fits = |key: &&Key| match (key.kind, &key.on) {
        (Kind::Default | Kind::Ownership | Kind::Other | Kind::Extension, _) => false,
        (Kind::Column, Some(on)) => format!("{on}.{}", key.name) == name,
        (Kind::Constraint | Kind::DomainConstraint | Kind::Trigger, Some(on)) => {
            key.name == name || format!("{on}.{}", key.name) == name
        }
        (Kind::Function | Kind::Procedure, _) => {
            key.name == name || key.name.split('(').next() == Some(name)
        }
        _ => key.name == name,
    };
    let found: Vec<&Key> = from.keys().filter(fits).collect();
    match found[..] {
        [key] => Ok(key.clone()),
        [] if is_inside(from, name) => Err(format!(
            "{name} is inside of something that has no rename of its own: rename the values of an \
             enum, the attributes of a type and the columns of a view by hand"
        )),
        [] => Err(format!(
            "there is no {name} in the schema that the migrations make"
        )),
        _ => {
            let names: Vec<_> = found.iter().map(ToString::to_string).collect();
            Err(format!(
                "{name} is not the name of one thing alone: {}",
                names.join(", ")
            ))
        }
    }
}

/// Whether the name is that of a part of a type or view.
fn is_inside(from: &Catalog, name: &str) -> bool {
    let part = last_part(name);
    let whole = name[..name.len() - part.len()].trim_end_matches('.');
    let kinds = [
        Kind::Enum,
        Kind::Composite,
        Kind::View,
        Kind::MaterializedView,
    ];
    kinds
        .into_iter()
        .any(|kind| from.has(&Key::new(kind, whole)))
}

fn statement(key: &Key, new: &str) -> String {
    let (name, on, words) = (&key.name, key.table(), key.kind.words());
    if matches!(key.kind, Kind::Column | Kind::Constraint) {
        format!("alter table {on} rename {words} {name} to {new}")
    } else if key.kind == Kind::DomainConstraint {
        format!("alter domain {on} rename constraint {name} to {new}")
    } else if key.kind == Kind::Trigger {
        format!("alter trigger {name} on {on} rename to {new}")
    } else {
        format!("alter {words} {name} rename to {new}")
    }
}
