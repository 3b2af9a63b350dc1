//! Types of given values that get others.

use std::collections::BTreeSet;

use super::super::catalog::{Catalog, Key, Kind};
use super::super::diff::rebuild;
use super::again::{NOTE, again, grants};
use super::create::aside;
use super::text::split;
use super::{Impossible, Statements, comments, create_alone, drop};

/// The values of such a type, as SQL writes them, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::schema) struct Values(Vec<String>);

impl Values {
    pub(in crate::schema) fn of(catalog: &Catalog, key: &Key) -> Self {
        let text = catalog
            .get(key)
            .map(|object| object.text("values"))
            .unwrap_or_default();
        Self(split(text, ", ").into_iter().map(str::to_owned).collect())
    }

    /// These with those of the others that they lack, each behind the one that it is
    /// behind there.
    pub(in crate::schema) fn with(&self, others: &Self) -> Self {
        let mut all = self.0.clone();
        let mut place = 0;
        for value in &others.0 {
            if let Some(known) = all.iter().position(|known| known == value) {
                place = known + 1;
            } else {
                all.insert(place, value.clone());
                place += 1;
            }
        }
        Self(all)
    }

    fn are_in_order_in(&self, others: &Self) -> bool {
        let mut others = others.0.iter();
        self.0
            .iter()
            .all(|value| others.any(|other| other == value))
    }
}

/// Statements that give a type other values, while everything around it is as the
/// catalog says. If only some are added, nothing else is touched; otherwise a new type
/// takes its place.
pub(in crate::schema) fn change_values(
    catalog: &Catalog,
    key: &Key,
    from: &Values,
    to: &Values,
) -> Result<Statements, Impossible> {
    if from.are_in_order_in(to) {
        return Ok(add(key, from, to));
    }
    let (mut columns, mut around) = (BTreeSet::new(), BTreeSet::new());
    for dependent in catalog.needed_by(key) {
        let plain = catalog
            .get(dependent)
            .is_some_and(|object| !object.is("generated"));
        if dependent.kind == Kind::Column && plain {
            columns.insert(dependent.clone());
        } else {
            rebuild::whole(catalog, dependent, &mut around)?;
        }
    }
    for column in &columns {
        rebuild::retyped(catalog, column, &mut around)?;
        // Both sides of a foreign key get the new type, one after the other.
        for other in catalog.needed_by(column) {
            if catalog
                .get(other)
                .is_some_and(|object| object.text("type") == "f")
            {
                around.insert(other.clone());
            }
        }
    }
    let order = catalog.in_order(&around);
    let is_kept = from.0.iter().all(|value| to.0.contains(value));
    let note = if is_kept {
        "-- What is greater than what is another question afterwards."
    } else {
        "-- Fails where rows have a value that is taken away."
    };
    let mut statements = vec![note.to_owned()];
    for key in order.iter().rev() {
        statements.extend(drop(catalog, key));
    }
    let (name, (before, last)) = (&key.name, aside(&key.name));
    statements.push(format!("alter type {name} rename to {last}"));
    let values = to.0.join(", ");
    statements.push(format!("{NOTE}create type {name} as enum ({values})"));
    for column in &columns {
        let array = catalog
            .get(column)
            .is_some_and(|column| column.text("type").ends_with("[]"));
        let brackets = if array { "[]" } else { "" };
        let column_name = &column.name;
        statements.push(format!(
            "alter table {} alter column {column_name} type {name}{brackets}\n    using {column_name}::text{brackets}::{name}{brackets}",
            column.table()
        ));
    }
    statements.push(format!("drop type {before}"));
    if let Some(object) = catalog.get(key) {
        statements.extend(comments(key, object));
        statements.extend(grants(object));
    }
    for key in &order {
        statements.extend(again(catalog, key, create_alone(catalog, key)?));
    }
    // A comment is no statement of its own.
    let note = statements.remove(0);
    if let Some(first) = statements.first_mut() {
        *first = format!("{note}\n{first}");
    }
    Ok(statements)
}

fn add(key: &Key, from: &Values, to: &Values) -> Statements {
    let mut statements = Vec::new();
    let mut known = from.0.clone();
    for (place, value) in to.0.iter().enumerate() {
        if from.0.contains(value) {
            continue;
        }
        let head = format!("alter type {} add value {value}", key.name);
        statements.push(match place.checked_sub(1).map(|before| &to.0[before]) {
            Some(before) if known.last() == Some(before) => head,
            Some(before) => format!("{head} after {before}"),
            None => match known.first() {
                Some(next) => format!("{head} before {next}"),
                None => head,
            },
        });
        known.insert(place, value.clone());
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(list: &[&str]) -> Values {
        Values(list.iter().map(|value| format!("'{value}'")).collect())
    }

    #[test]
    fn values_are_added_at_their_place() {
        let key = Key::new(Kind::Enum, "mood");
        let added = add(
            &key,
            &values(&["b", "d"]),
            &values(&["a", "b", "c", "d", "e"]),
        );
        let expected = [
            "alter type mood add value 'a' before 'b'",
            "alter type mood add value 'c' after 'b'",
            "alter type mood add value 'e'",
        ];
        assert_eq!(added, expected);
    }

    #[test]
    fn both_lists_are_in_what_holds_them_together() {
        let (one, other) = (values(&["a", "b", "c"]), values(&["a", "x", "c", "y"]));
        let all = one.with(&other);
        assert_eq!(all, values(&["a", "x", "b", "c", "y"]));
        assert!(one.are_in_order_in(&all) && other.are_in_order_in(&all));
        assert!(!values(&["c", "a"]).are_in_order_in(&all));
    }
}
