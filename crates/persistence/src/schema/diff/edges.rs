//! Which step has to be taken before which.

use std::collections::{BTreeMap, BTreeSet};

use super::super::catalog::{Catalog, Key, Kind, Object};
use super::graph;
use super::plan::{Planner, Span};
use super::step::Class;

impl Planner<'_> {
    /// Orders the steps by what depends on what, before and after.
    pub(super) fn connect(&mut self) {
        let mut edges: Vec<(usize, usize)> = Vec::new();
        for (key, drop) in &self.drops {
            // What depends on it goes first, or is changed so that it does not any more.
            for dependent in self.from.needed_by(key) {
                if let Some(other) = self.drops.get(dependent) {
                    edges.push((*other, *drop));
                } else if let Some(change) = self.alters.get(dependent) {
                    edges.push((change.first, *drop));
                }
            }
            if let Some(again) = self.creates.get(key) {
                // A foreign key that comes again would take what goes for what it needs.
                for needed in self.from.needs(key) {
                    let gone = self
                        .drops
                        .get(needed)
                        .filter(|_| needed.kind != Kind::Column);
                    edges.extend(gone.map(|gone| (*gone, again.first)));
                }
                if self.is_swapped(key) {
                    edges.push((*drop, again.last));
                } else {
                    edges.push((*drop, again.first));
                }
            }
        }
        for (key, made) in &self.creates {
            edges.extend(self.below(key).into_iter().map(|below| (below, made.first)));
        }
        for (key, change) in &self.alters {
            edges.extend(
                self.below(key)
                    .into_iter()
                    .map(|below| (below, change.first)),
            );
            // What the column is in the way of; a primary key keeps it NOT NULL.
            if key.kind == Kind::Column {
                let all = self.anew.contains(key);
                let primary = self.may_be_null(key);
                let around = self.from.needed_by(key).iter();
                let is_proof = |other: &Key| self.proofs.iter().any(|(_, check)| check == other);
                let around = around.filter(|other| {
                    all && !is_proof(other) || primary && self.is_primary_key(other)
                });
                edges.extend(
                    around.filter_map(|other| Some((*self.drops.get(other)?, change.first))),
                );
            }
            // A default is in the way of an identity and of an expression.
            let default = Key::of(Kind::Default, key.table(), &key.name);
            if let Some(drop) = self
                .drops
                .get(&default)
                .filter(|_| key.kind == Kind::Column)
            {
                edges.push((*drop, change.first));
            }
        }
        edges.extend(self.same_names());
        // A table has one primary key; until it goes, the index of the next one is built.
        for (gone, new) in self.primary_keys() {
            let (drop, made) = (self.drops[&gone], self.creates[&new]);
            edges.push((drop, made.last));
            if made.first != made.last {
                edges.push((made.first, drop));
            }
        }
        edges.extend(self.logging());
        edges.extend(self.exchanged());
        let proofs = self.proofs.iter();
        edges.extend(proofs.filter_map(|(step, check)| Some((*step, *self.drops.get(check)?))));
        for (before, after) in edges {
            if before != after {
                self.steps[after].after.insert(before);
            }
        }
        let mut better = self.built_before();
        better.extend(self.in_between());
        for (before, after) in better {
            if !graph::before(&self.steps, vec![before]).contains(&after) {
                self.steps[after].after.insert(before);
            }
        }
    }

    /// What goes and comes again stays until the indexes are built that it needs then, where
    /// it can.
    fn built_before(&self) -> Vec<(usize, usize)> {
        let mut edges = Vec::new();
        let is_built = |made: &&Span| self.steps[made.first].class == Class::Concurrent;
        for (key, made) in self.creates.iter().filter(|(_, made)| is_built(made)) {
            let namesake = self.namesake(key);
            let namesake = namesake.and_then(|gone| self.drops.get(&gone));
            let indexes = self.drops.iter().filter(|(gone, drop)| {
                let is_index = gone.kind == Kind::Index && gone.on == key.on;
                is_index && *gone != key && self.steps[**drop].class == Class::Concurrent
            });
            let before = indexes.map(|(_, drop)| drop).chain(namesake);
            edges.extend(before.map(|drop| (made.first, *drop)));
            // One key may do for what the other one kept apart.
            let is_key = |catalog: &Catalog, key: &Key| {
                let object = catalog.get(key);
                object.is_some_and(|object| matches!(object.text("type"), "p" | "u"))
            };
            let keys = self
                .drops
                .iter()
                .filter(|(gone, _)| gone.on == key.on && *gone != key && is_key(self.from, gone));
            let keys = keys.filter(|_| is_key(self.to, key));
            edges.extend(keys.map(|(_, drop)| (made.last, *drop)));
        }
        for key in &self.rebuilt {
            let Some(drop) = self.drops.get(key) else {
                continue;
            };
            let own = self.is_swapped(key).then_some(key);
            for needed in self.to.needs(key).iter().chain(own) {
                let built = self.creates.get(needed).filter(is_built);
                edges.extend(built.map(|built| (built.first, *drop)));
            }
        }
        edges
    }

    /// What comes again, such as a foreign key, would take what comes meanwhile for what it had,
    /// on the way back, if that was not in between; and a call would be one of two functions.
    fn in_between(&self) -> Vec<(usize, usize)> {
        let may_be_taken = |key: &&Key| {
            matches!(
                key.kind,
                Kind::Constraint | Kind::Index | Kind::Function | Kind::Procedure
            )
        };
        let mut edges = Vec::new();
        for key in &self.rebuilt {
            let gone = self
                .from
                .needs(key)
                .iter()
                .filter(may_be_taken)
                .chain([key]);
            let gone: Vec<usize> = gone
                .filter_map(|gone| self.drops.get(gone))
                .copied()
                .collect();
            let new = self.to.needs(key).iter().filter(may_be_taken);
            for made in new.filter_map(|needed| self.creates.get(needed)) {
                edges.extend(gone.iter().map(|drop| (*drop, made.last)));
            }
        }
        edges
    }

    /// The steps by which the things come about, or become what they are to be, that the
    /// object needs when all is done.
    fn below(&self, key: &Key) -> Vec<usize> {
        let is_primary = self
            .to
            .get(key)
            .is_some_and(|object| object.text("type") == "p");
        let mut steps = Vec::new();
        for needed in self.to.needs(key) {
            let table = Key::new(Kind::Table, needed.table());
            // What a column is to others is its type, to a primary key that it is NOT NULL, and to
            // its default that it is no identity.
            let is_felt = needed.kind != Kind::Column
                || is_primary
                || key.kind == Kind::Default
                || self.anew.contains(needed);
            let spans = [
                self.creates.get(needed),
                self.alters.get(needed).filter(|_| is_felt),
                self.alters.get(&table),
            ];
            for span in spans.into_iter().flatten() {
                // A primary key looks at no row if its columns are NOT NULL; a foreign
                // key needs the key that it refers to.
                let whole = is_primary || matches!(needed.kind, Kind::Constraint | Kind::Index);
                steps.push(if whole { span.last } else { span.first });
            }
        }
        steps
    }

    /// A table that is logged refers to no table that is not.
    fn logging(&self) -> Vec<(usize, usize)> {
        let changed = |key: &Key| {
            let value = |catalog: &Catalog| catalog.get(key).map(|table| table.is("persistence"));
            (value(self.from) != value(self.to))
                .then(|| self.alters.get(key))
                .flatten()
        };
        let mut edges = Vec::new();
        let foreign = |object: &Object| object.text("type") == "f";
        for (key, _) in self
            .from
            .objects
            .iter()
            .filter(|(_, object)| foreign(object))
        {
            let table = Key::new(Kind::Table, key.table());
            for needed in self
                .from
                .needs(key)
                .iter()
                .filter(|needed| needed.on != key.on)
            {
                let other = Key::new(Kind::Table, needed.table());
                if let Some(drop) = self.drops.get(key) {
                    let both = [changed(&table), changed(&other)].into_iter().flatten();
                    edges.extend(both.map(|change| (*drop, change.first)));
                } else if let (Some(one), Some(referred)) = (changed(&table), changed(&other)) {
                    let unlogged = self
                        .to
                        .get(&table)
                        .is_some_and(|table| table.is("persistence"));
                    edges.push(if unlogged {
                        (one.first, referred.first)
                    } else {
                        (referred.first, one.first)
                    });
                }
            }
        }
        edges
    }

    fn is_primary_key(&self, key: &Key) -> bool {
        let constraint = self.from.get(key);
        constraint.is_some_and(|constraint| constraint.text("type") == "p")
    }

    fn may_be_null(&self, key: &Key) -> bool {
        let value =
            |catalog: &Catalog| catalog.get(key).is_some_and(|column| column.is("not null"));
        value(self.from) && !value(self.to)
    }

    /// A name has to be free before something else gets it.
    fn same_names(&self) -> Vec<(usize, usize)> {
        let names = |key: &Key, catalog: &Catalog| -> BTreeSet<String> {
            let object = catalog.get(key);
            let index = object.and_then(|object| object.get("index_name"));
            let own = match (key.kind, &key.on) {
                (Kind::Constraint | Kind::Trigger | Kind::Column, Some(on)) => {
                    format!("{on}.{}", key.name)
                }
                _ => key.name.clone(),
            };
            let sequence = object.and_then(|object| object.get("sequence"));
            [
                Some(own),
                index.map(str::to_owned),
                sequence.map(str::to_owned),
            ]
            .into_iter()
            .flatten()
            .collect()
        };
        let mut edges = self.names_of_sequences(&names);
        for (gone, drop) in &self.drops {
            let taken = names(gone, self.from);
            for (new, made) in &self.creates {
                let apart = |key: &Key| matches!(key.kind, Kind::Default | Kind::Ownership);
                let is_like = |pairs: &BTreeMap<Key, Key>| pairs.get(new) == Some(gone);
                if gone == new && self.is_swapped(gone)
                    || is_like(&self.taken)
                    || is_like(&self.loosened)
                {
                    continue;
                }
                if self.namesake(new).as_ref() == Some(gone) {
                    edges.push((*drop, made.last));
                    continue;
                }
                if !apart(gone) && !apart(new) && !taken.is_disjoint(&names(new, self.to)) {
                    edges.push((*drop, made.first));
                }
            }
        }
        edges
    }

    /// The same of the sequence that a column brings when it becomes an identity, and loses
    /// when it is none any more.
    fn names_of_sequences(
        &self,
        names: &dyn Fn(&Key, &Catalog) -> BTreeSet<String>,
    ) -> Vec<(usize, usize)> {
        let sequence = |catalog: &Catalog, key: &Key| -> Option<String> {
            let column = catalog.get(key)?;
            column.get("sequence").map(str::to_owned)
        };
        let mut edges = Vec::new();
        for (key, change) in &self.alters {
            let (had, has) = (sequence(self.from, key), sequence(self.to, key));
            if had == has {
                continue;
            }
            if let Some(has) = has {
                let gone = self.drops.iter();
                let gone = gone.filter(|(gone, _)| names(gone, self.from).contains(&has));
                edges.extend(gone.map(|(_, drop)| (*drop, change.last)));
            }
            if let Some(had) = had {
                let new = self.creates.iter();
                let new = new.filter(|(new, _)| names(new, self.to).contains(&had));
                edges.extend(new.map(|(_, made)| (change.first, made.first)));
            }
        }
        edges
    }
}
