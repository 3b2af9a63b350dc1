//! What programs before may miss: it goes last, in migrations that say so.

use std::collections::BTreeSet;

use super::super::catalog::{Key, Kind};
use super::super::render;
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
        let again = self.made_again();
        if !missed.is_empty() {
            late.extend(missed);
            late.extend(again.iter().flat_map(|(drop, made)| [*drop, *made]));
        }
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
                    late.remove(made);
                }
            }
            if late.len() == before {
                break;
            }
        }
        for place in late {
            let step = &mut self.steps[place];
            step.class = if step.class == Class::Concurrent {
                Class::ContractIndexes
            } else {
                Class::Contract
            };
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

    /// The steps by which things go and come again that nothing has to be built for.
    fn made_again(&self) -> Vec<(usize, usize)> {
        let again = self.rebuilt.iter().filter_map(|key| {
            let (drop, made) = (self.drops.get(key)?, self.creates.get(key)?);
            let quick = |place: usize| self.steps[place].class == Class::Quick;
            let is_one = made.first == made.last && quick(*drop);
            // What is swapped is built before.
            (quick(made.last) && (is_one || self.is_swapped(key))).then_some((*drop, made.last))
        });
        again.collect()
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
