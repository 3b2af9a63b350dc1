//! What of the objects is dropped, made, made again, or changed where it is.

use std::collections::{BTreeMap, BTreeSet};

use super::super::catalog::{Catalog, Key, Kind, Object};
use super::super::render::{self, Impossible, Strategy, strategy};
use super::plan::Planner;
use super::{group, rebuild};

impl Planner<'_> {
    /// Collects the steps, in no order yet.
    pub(super) fn collect(&mut self) {
        let mut changed = BTreeMap::new();
        for (key, before) in &self.from.objects {
            let Some(after) = self.to.get(key) else {
                self.unsettled.insert(key.clone());
                continue;
            };
            if before.attributes == after.attributes {
                continue;
            }
            let how = self.strategy(key, before, after);
            let mut around = BTreeSet::new();
            let spread = match how {
                Strategy::Recreate => rebuild::whole(self.from, key, &mut around),
                Strategy::Replace => rebuild::dependents(self.from, key, &mut around),
                Strategy::Retype if render::is_resized(before, after) => {
                    rebuild::retyped(self.from, key, &mut around)
                        .map(|()| around.retain(|key| key.kind != Kind::Default))
                }
                Strategy::Retype => rebuild::retyped(self.from, key, &mut around)
                    .and_then(|()| self.part(key, before, after, &mut around)),
                Strategy::Alter | Strategy::Values => Ok(()),
                Strategy::Impossible(ref why) => Err(Impossible(why.clone())),
            };
            if let Err(Impossible(why)) = spread {
                self.impossible.push(why);
            }
            if matches!(how, Strategy::Replace | Strategy::Retype) {
                self.anew.insert(key.clone());
                if how == Strategy::Replace || !render::is_stored_alike(before, after) {
                    self.unsettled.insert(key.clone());
                }
            }
            self.rebuilt.extend(around);
            if how != Strategy::Recreate {
                changed.insert(key.clone(), how);
            }
        }
        self.unsettled.extend(self.rebuilt.iter().cloned());
        self.pair_off();
        self.free_dependents();
        self.rebuilt.retain(|key| self.to.has(key));
        changed.retain(|key, _| !self.rebuilt.contains(key));

        let gone = self.from.keys().filter(|key| !self.to.has(key)).cloned();
        let mut gone: BTreeSet<Key> = gone.chain(self.rebuilt.iter().cloned()).collect();
        for other in self.taken.values().chain(self.loosened.values()) {
            gone.remove(other);
        }
        let new = self.to.keys().filter(|key| !self.from.has(key)).cloned();
        let new: BTreeSet<Key> = new.chain(self.rebuilt.iter().cloned()).collect();
        for group in group::groups(self.from, &gone) {
            self.remove(&group);
        }
        for group in group::groups(self.to, &new) {
            self.make(&group);
        }
        for (key, how) in changed {
            self.change(&key, &how);
        }
    }

    /// Foreign keys between columns whose types compare no longer go before the one changes and
    /// come after the other one did.
    fn part(
        &self,
        key: &Key,
        before: &Object,
        after: &Object,
        around: &mut BTreeSet<Key>,
    ) -> Result<(), Impossible> {
        let compares = |all: &[&str]| {
            let is_of = |column: &Object| all.contains(&column.text("element"));
            is_of(before) && is_of(after)
        };
        if compares(&["smallint", "integer", "bigint"]) || compares(&["text", "character varying"])
        {
            return Ok(());
        }
        let foreign = |other: &&Key| {
            let object = self.from.get(other);
            object.is_some_and(|object| object.text("type") == "f")
        };
        let mut all = self.from.needed_by(key).iter().filter(foreign);
        all.try_for_each(|other| rebuild::whole(self.from, other, around))
    }

    /// As [`strategy`], but that what nothing lies on need not be made again if it can be
    /// replaced one way.
    fn strategy(&self, key: &Key, before: &Object, after: &Object) -> Strategy {
        let is_free = |catalog: &Catalog| catalog.needed_by(key).is_empty();
        let how = strategy(key, before, after);
        let is_replaced = how == Strategy::Recreate
            && render::is_replaced(key, before, after)
            && (render::is_replaced(key, after, before) || is_free(self.from) && is_free(self.to));
        if is_replaced { Strategy::Alter } else { how }
    }
}
