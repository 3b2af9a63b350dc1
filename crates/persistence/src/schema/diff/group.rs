//! Which parts are made along with their table, view or domain, and go with it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::catalog::{Catalog, Key, Kind};

/// Objects that are made, or go, by one step: the first one and its parts.
pub(super) type Group = Vec<Key>;

/// Brings the objects together, as far as no group is left to need another one that needs
/// it: of two tables that refer to each other, one gets its foreign key later.
pub(super) fn groups(catalog: &Catalog, objects: &BTreeSet<Key>) -> Vec<Group> {
    let mut root_of: BTreeMap<&Key, &Key> = objects.iter().map(|key| (key, key)).collect();
    let mut members: BTreeMap<&Key, Group> =
        objects.iter().map(|key| (key, vec![key.clone()])).collect();
    let mut parts: Vec<(&Key, &Key)> = objects
        .iter()
        .filter_map(|part| root(part, objects).map(|root| (part, root)))
        .collect();
    // What is least likely to need others comes first.
    parts.sort_by_key(|(part, _)| {
        let object = catalog.get(part);
        let foreign = object.is_some_and(|object| object.text("type") == "f");
        (
            part.kind,
            foreign,
            object.map(|object| object.text("position")),
        )
    });
    for (part, root) in parts {
        let root = root_of[root];
        let apart = catalog
            .needs(part)
            .iter()
            .filter_map(|needed| root_of.get(needed).copied())
            .any(|needed| needed != root && reaches(catalog, needed, root, &root_of, &members));
        if !apart {
            let joined = members.remove(part).unwrap_or_default();
            for key in &joined {
                if let Some((key, _)) = root_of.get_key_value(key) {
                    let key = *key;
                    root_of.insert(key, root);
                }
            }
            members.entry(root).or_default().extend(joined);
        }
    }
    members.into_values().collect()
}

/// What it can be made along with.
fn root<'a>(part: &Key, objects: &'a BTreeSet<Key>) -> Option<&'a Key> {
    let on = part.table();
    let of = |key: Key| objects.get(&key);
    if part.kind == Kind::DomainConstraint {
        return of(Key::new(Kind::Domain, on));
    }
    if !part.kind.is_part() {
        return None;
    }
    let column = || of(Key::of(Kind::Column, on, &part.name));
    of(Key::new(Kind::Table, on))
        .or_else(|| of(Key::new(Kind::View, on)))
        .or_else(|| of(Key::new(Kind::MaterializedView, on)))
        .or_else(|| column().filter(|_| part.kind == Kind::Default))
}

fn reaches(
    catalog: &Catalog,
    from: &Key,
    to: &Key,
    root_of: &BTreeMap<&Key, &Key>,
    members: &BTreeMap<&Key, Group>,
) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(group) = open.pop() {
        if group == to {
            return true;
        }
        if seen.insert(group) {
            let all = members.get(group).into_iter().flatten();
            let needed = all.flat_map(|member| catalog.needs(member));
            open.extend(needed.filter_map(|key| root_of.get(key).copied()));
        }
    }
    false
}
