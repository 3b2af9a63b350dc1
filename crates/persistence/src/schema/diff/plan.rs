//! Steps that make one schema of another one.

use std::collections::{BTreeMap, BTreeSet};

use super::super::catalog::{Catalog, Key, Kind, Object};
use super::super::render::{self, Impossible, Strategy, Values, change_values, create, drop};
use super::step::{Class, Phase, Step, phases};

/// The first and the last step of what is made or changed.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) first: usize,
    pub(super) last: usize,
}

/// What is known while steps are collected.
pub(super) struct Planner<'a> {
    pub(super) from: &'a Catalog,
    pub(super) to: &'a Catalog,
    pub(super) steps: Vec<Step>,
    pub(super) impossible: Vec<String>,
    /// What is dropped and made again though it is in both.
    pub(super) rebuilt: BTreeSet<Key>,
    /// Columns whose rows are written anew, or that are there for a part of the way only.
    pub(super) unsettled: BTreeSet<Key>,
    /// Columns that get another type or expression, so that what lies on them is in the way.
    pub(super) anew: BTreeSet<Key>,
    /// Steps that look at no row as long as the check is there.
    pub(super) proofs: Vec<(usize, Key)>,
    /// Checks that are there for a part of the way.
    pub(super) checks: BTreeSet<Key>,
    /// Constraints that come, with the indexes that they take.
    pub(super) taken: BTreeMap<Key, Key>,
    /// Indexes that come, with the constraints that go for them.
    pub(super) loosened: BTreeMap<Key, Key>,
    pub(super) drops: BTreeMap<Key, usize>,
    pub(super) creates: BTreeMap<Key, Span>,
    pub(super) alters: BTreeMap<Key, Span>,
}

/// The steps from one catalog to another, as migrations; what there is no way for, if
/// there is any.
pub(in crate::schema) fn plan(
    from: &Catalog,
    to: &Catalog,
    renames: &[(String, String)],
) -> Result<Vec<Phase>, Vec<String>> {
    let mut planner = Planner {
        from,
        to,
        steps: Vec::new(),
        impossible: Vec::new(),
        rebuilt: BTreeSet::new(),
        unsettled: BTreeSet::new(),
        anew: BTreeSet::new(),
        proofs: Vec::new(),
        checks: BTreeSet::new(),
        taken: BTreeMap::new(),
        loosened: BTreeMap::new(),
        drops: BTreeMap::new(),
        creates: BTreeMap::new(),
        alters: BTreeMap::new(),
    };
    planner.collect();
    planner.refuse_renamed_keys();
    planner.connect();
    planner.put_off();
    planner.put_bodies_last();
    planner.close_gaps();
    planner.rename(renames);
    if !planner.impossible.is_empty() {
        planner.impossible.sort();
        planner.impossible.dedup();
        return Err(planner.impossible);
    }
    let mut phases = phases(&planner.steps).map_err(|keys| {
        let names: Vec<_> = keys.iter().map(Key::to_string).collect();
        vec![format!(
            "these need each other, so that none can be made first: {}",
            names.join(", ")
        )]
    })?;
    for phase in phases.iter_mut().filter(|phase| !phase.no_transaction) {
        render::without_looking_at_bodies(&mut phase.up);
        render::without_looking_at_bodies(&mut phase.down);
    }
    Ok(phases)
}

impl Planner<'_> {
    /// Adds a step. Statements that there are none for are remembered.
    pub(super) fn step(
        &mut self,
        key: &Key,
        class: Class,
        up: Result<Vec<String>, Impossible>,
        down: Result<Vec<String>, Impossible>,
    ) -> usize {
        let mut text = |statements: Result<Vec<String>, Impossible>| {
            statements.unwrap_or_else(|Impossible(why)| {
                self.impossible.push(why);
                Vec::new()
            })
        };
        let (up, down) = (text(up), text(down));
        self.steps.push(Step {
            key: key.clone(),
            class,
            up,
            down,
            after: BTreeSet::new(),
            down_last: Vec::new(),
            table: self.locked_table(key),
            is_whole: self.rebuilt.contains(key),
            removes: false,
            breaks: class == Class::Rename,
        });
        self.steps.len() - 1
    }

    /// The table in use that a step keeps others out of.
    fn locked_table(&self, key: &Key) -> Option<String> {
        let table = if key.kind == Kind::Table {
            &key.name
        } else if key.kind.is_part() {
            key.table()
        } else {
            return None;
        };
        let is_used = self.from.has(&Key::new(Kind::Table, table));
        is_used.then(|| table.to_owned())
    }

    pub(super) fn remove(&mut self, group: &[Key]) {
        let Some(key) = group.first() else {
            return;
        };
        self.refuse_strange(key, self.from);
        let mut down = create(self.from, key, group);
        if self.rebuilt.contains(key) {
            down = down.map(|down| render::again(self.from, key, down));
        } else if let Ok(down) = &mut down {
            down.extend(self.go_on(key, self.from, self.to));
        }
        let place = if key.kind == Kind::Index && self.is_beside(key) {
            let mut sql = render::drop_index(&key.name);
            if self.is_swapped(key) && !self.is_missed(key) {
                sql.insert_str(0, &format!("{}\n", render::MADE_BEFORE));
            }
            let up = Ok(vec![sql]);
            self.step(key, Class::Concurrent, up, down.map(first_concurrently))
        } else {
            let mut up = drop(self.from, key);
            if self.rebuilt.contains(key)
                && !self.is_missed(key)
                && let Some(first) = up.first_mut()
            {
                let attributes = |catalog: &Catalog| Some(catalog.get(key)?.attributes.clone());
                let is_same = attributes(self.from) == attributes(self.to);
                let note = if is_same {
                    render::MADE_AGAIN
                } else {
                    render::MADE_OTHERWISE
                };
                first.insert_str(0, &format!("{note}\n"));
            }
            self.step(key, Class::Quick, Ok(up), down)
        };
        self.steps[place].removes = true;
        if key.kind == Kind::Other {
            self.impossible
                .push(format!("{key}: no statement is made that drops it"));
        }
        self.drops
            .extend(group.iter().map(|key| (key.clone(), place)));
    }

    pub(super) fn make(&mut self, group: &[Key]) {
        let Some(key) = group.first() else {
            return;
        };
        self.refuse_strange(key, self.to);
        let object = self.to.get(key);
        let span = match (key.kind, object) {
            (Kind::Index, Some(index)) if self.comes_aside(key) => {
                let made = create(self.to, key, group);
                self.swap_index(key, index, made)
            }
            (Kind::Index, Some(index)) if self.loosened.contains_key(key) => {
                let made = create(self.to, key, group);
                let constraint = self.loosened[key].clone();
                self.loosen(key, index, &constraint, made)
            }
            (Kind::Index, Some(index)) if self.is_beside(key) => {
                let mut up = create(self.to, key, group).map(first_concurrently);
                if let (true, Ok([first, ..])) = (render::is_unique_index(index), up.as_deref_mut())
                {
                    first.insert_str(0, render::ALIKE);
                }
                self.one(
                    key,
                    Class::Concurrent,
                    up,
                    Ok(vec![render::drop_index(&key.name)]),
                )
            }
            (Kind::Column, Some(column)) => self.make_column(key, column, group),
            (Kind::Constraint | Kind::DomainConstraint, Some(object)) => {
                self.make_constraint(key, object)
            }
            _ => {
                let mut up = create(self.to, key, group);
                if self.rebuilt.contains(key) {
                    up = up.map(|up| render::again(self.from, key, up));
                    if let (Kind::Index, Ok([first, ..])) = (key.kind, up.as_deref_mut()) {
                        first.insert_str(0, "-- Nobody writes to the table until it is built.\n");
                    }
                } else if let Ok(up) = &mut up {
                    up.extend(self.go_on(key, self.to, self.from));
                }
                self.one(key, Class::Quick, up, Ok(drop(self.to, key)))
            }
        };
        self.creates
            .extend(group.iter().map(|key| (key.clone(), span)));
    }

    pub(super) fn one(
        &mut self,
        key: &Key,
        class: Class,
        up: Result<Vec<String>, Impossible>,
        down: Result<Vec<String>, Impossible>,
    ) -> Span {
        let place = self.step(key, class, up, down);
        Span {
            first: place,
            last: place,
        }
    }

    pub(super) fn change(&mut self, key: &Key, how: &Strategy) {
        let (Some(before), Some(after)) = (self.from.get(key), self.to.get(key)) else {
            return;
        };
        self.refuse_strange(key, self.from);
        match how {
            Strategy::Values => self.change_values(key),
            Strategy::Alter | Strategy::Retype | Strategy::Replace => {
                let span = self.change_in_place(key, before, after);
                self.alters.insert(key.clone(), span);
            }
            Strategy::Recreate | Strategy::Impossible(_) => {}
        }
    }

    /// Values come first, and go last: in between a type has all.
    fn change_values(&mut self, key: &Key) {
        let (before, after) = (Values::of(self.from, key), Values::of(self.to, key));
        let all = before.with(&after);
        if all != before {
            let up = change_values(self.from, key, &before, &all);
            let down = change_values(self.from, key, &all, &before);
            let place = self.step(key, Class::NewValues, up, down);
            self.alters.insert(
                key.clone(),
                Span {
                    first: place,
                    last: place,
                },
            );
        }
        if all != after {
            let up = change_values(self.to, key, &all, &after);
            let down = change_values(self.to, key, &after, &all);
            self.step(key, Class::OldValues, up, down);
        }
        let comments = |from: &Object, to: &Object| {
            let mut to = to.clone();
            to.attributes.remove("values");
            let mut from = from.clone();
            from.attributes.remove("values");
            render::alter(key, &from, &to, false)
        };
        if let (Some(before), Some(after)) = (self.from.get(key), self.to.get(key)) {
            let up = comments(before, after);
            let down = comments(after, before);
            if !up.is_empty() {
                self.step(key, Class::Quick, Ok(up), Ok(down));
            }
        }
    }

    /// Of a table that others inherit from and the like, nothing is generated.
    fn refuse_strange(&mut self, key: &Key, catalog: &Catalog) {
        let table = Key::new(Kind::Table, key.on.as_deref().unwrap_or(&key.name));
        let is_relation = key.kind.is_part() || key.kind == Kind::Table;
        if let Some(object) = catalog.get(&table).filter(|_| is_relation)
            && let Some(name) = render::STRANGE.iter().find(|name| object.is(name))
        {
            let value = object.text(name);
            self.impossible.push(format!(
                "{key}: {table} has {name} ({value}), for which nothing is generated"
            ));
        }
    }

    /// Whether what it lies on is there all the way, and nothing shuts it anyway.
    pub(super) fn stays(&self, key: &Key) -> bool {
        let on = key.table();
        let wholes = [
            Key::new(Kind::Table, on),
            Key::new(Kind::MaterializedView, on),
            Key::new(Kind::Domain, on),
        ];
        let there = |whole: &Key| {
            self.from.has(whole) && self.to.has(whole) && !self.rebuilt.contains(whole)
        };
        wholes.iter().any(there)
            && !self
                .from
                .needs(key)
                .iter()
                .chain(self.to.needs(key))
                .any(|needed| {
                    needed.kind == Kind::Column
                        && self.to.has(needed)
                        && self.unsettled.contains(needed)
                })
    }

    fn rename(&mut self, renames: &[(String, String)]) {
        if renames.is_empty() {
            return;
        }
        let key = Key::new(Kind::Other, "names");
        let up = renames.iter().map(|(up, _)| up.clone()).collect();
        let down = renames.iter().rev().map(|(_, down)| down.clone()).collect();
        let place = self.step(&key, Class::Rename, Ok(up), Ok(down));
        for step in &mut self.steps[..place] {
            step.after.insert(place);
        }
    }
}

/// The first statement builds an index.
fn first_concurrently(mut statements: Vec<String>) -> Vec<String> {
    if let Some(first) = statements.first_mut() {
        *first = render::concurrently(first);
    }
    statements
}
