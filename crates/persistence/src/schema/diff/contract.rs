//! What programs before may miss: it goes last, in migrations that say so.

use std::collections::BTreeSet;

use super::super::catalog::{Catalog, Key, Kind};
use super::super::render;
use super::graph::{before, followers, reached};
use super::plan::Planner;
use super::step::Class;

impl Planner<'_> {
    /// Moves to the end what only takes away, and what nothing else waits for.
    pub(super) fn put_off(&mut self) {
        let mut waited_for = BTreeSet::new();
        let contract = self.drops.iter().filter(|(key, _)| {
            let is_kept = self.taken.values().any(|taken| taken == *key);
            !is_kept && !self.rebuilt.contains(key) && self.is_contract(key)
        });
        let mut late: BTreeSet<usize> = contract.map(|(_, place)| *place).collect();
        let missed = self.missed();
        for place in late.iter().chain(&missed) {
            let is_arbiter = self.is_arbiter(&self.steps[*place].key);
            let step = &mut self.steps[*place];
            step.breaks = step.class == Class::Quick || is_arbiter;
        }
        let mut again = self.made_again();
        again.extend(self.exchanged().map(|(drop, made)| (drop, vec![made])));
        let upstream = before(&self.steps, missed.iter().copied().collect());
        let downstream = reached(&followers(&self.steps), missed.iter().copied().collect());
        for (drop, made) in &again {
            let is_around = upstream.contains(drop)
                || made.iter().any(|made| downstream.contains(made))
                || late.contains(drop);
            if is_around {
                late.insert(*drop);
                late.extend(made);
            }
        }
        late.extend(missed);
        loop {
            for (place, step) in self.steps.iter().enumerate() {
                if !late.contains(&place) {
                    waited_for.extend(step.after.iter().copied());
                }
            }
            let before = late.len();
            late.retain(|place| !waited_for.contains(place));
            // It is not to be away for longer than a migration takes.
            for (drop, made) in &again {
                if !late.contains(drop) {
                    late.retain(|place| !made.contains(place));
                }
            }
            if late.len() == before {
                break;
            }
        }
        for place in late {
            let step = &mut self.steps[place];
            match step.class {
                Class::Concurrent => step.class = Class::ContractIndexes,
                Class::Quick | Class::Demand => step.class = Class::Contract,
                Class::Rename
                | Class::NewValues
                | Class::Fill
                | Class::Validate
                | Class::ContractIndexes
                | Class::Contract
                | Class::OldValues => {}
            }
        }
    }

    /// The steps by which things become what programs before them cannot use.
    fn missed(&self) -> BTreeSet<usize> {
        let drops = self.drops.iter();
        let drops = drops.filter(|(key, _)| self.rebuilt.contains(key));
        let alters = self.alters.iter().map(|(key, span)| (key, &span.first));
        let missed = drops.chain(alters).filter(|(key, _)| self.is_missed(key));
        missed.map(|(_, place)| *place).collect()
    }

    /// The steps by which things go, and those by which they come again, if nothing has to be
    /// built in between.
    fn made_again(&self) -> Vec<(usize, Vec<usize>)> {
        let again = self.rebuilt.iter().filter_map(|key| {
            let (drop, made) = (self.drops.get(key)?, self.creates.get(key)?);
            let is_built = |place: &usize| self.steps[*place].class == Class::Concurrent;
            let steps = (made.first..=made.last).filter(|place| !is_built(place));
            // What is swapped is built before.
            let is_one = !is_built(drop) && !(made.first..=made.last).any(|place| is_built(&place));
            (is_one || self.is_swapped(key)).then(|| (*drop, steps.collect()))
        });
        again.collect()
    }

    /// Triggers that go, each with one that comes on the same table for the same event, under
    /// another name: both would do it twice.
    pub(super) fn exchanged(&self) -> impl Iterator<Item = (usize, usize)> {
        let events = |catalog: &Catalog, key: &Key| -> BTreeSet<&'static str> {
            let definition = catalog
                .get(key)
                .map_or("", |object| object.text("definition"));
            let head = definition.split(" ON ").next().unwrap_or_default();
            let all = ["INSERT", "UPDATE", "DELETE", "TRUNCATE"].into_iter();
            all.filter(|event| head.contains(event)).collect()
        };
        let is_trigger = |key: &Key| key.kind == Kind::Trigger;
        let gone = self
            .drops
            .iter()
            .filter(|(key, _)| is_trigger(key) && !self.to.has(key));
        let mut pairs = Vec::new();
        for (gone, drop) in gone {
            let new = self.creates.iter();
            let new = new.filter(|(new, _)| {
                is_trigger(new)
                    && new.on == gone.on
                    && !self.from.has(new)
                    && !events(self.to, new).is_disjoint(&events(self.from, gone))
            });
            pairs.extend(new.map(|(_, made)| (*drop, made.first)));
        }
        pairs.into_iter()
    }

    /// Whether it is an index that ON CONFLICT may be about.
    fn is_arbiter(&self, key: &Key) -> bool {
        key.kind == Kind::Index && self.from.get(key).is_some_and(render::is_unique_index)
    }

    /// Whether a program may miss it.
    fn is_contract(&self, key: &Key) -> bool {
        if self.is_arbiter(key) {
            return true;
        }
        // Without a check, programs write what they wrote.
        let object = self.from.get(key);
        if key.kind == Kind::DomainConstraint
            || object.is_some_and(|object| object.text("type") == "c")
        {
            return false;
        }
        // They go when that goes which they are for.
        if matches!(key.kind, Kind::Index | Kind::Statistics) {
            let mut needed = self.from.needs(key).iter();
            return needed.any(|needed| !self.to.has(needed));
        }
        key.kind != Kind::Other
    }
}
