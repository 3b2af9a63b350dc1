//! Unique indexes that become constraints, and constraints that become unique indexes: what
//! keeps the rows apart is there all the way.

use std::collections::{BTreeMap, BTreeSet};

use super::super::catalog::{Catalog, Key, Kind, Object};
use super::super::render::{self, Impossible, Statements, create, drop};
use super::plan::{Planner, Span};
use super::rebuild;
use super::step::Class;

impl Planner<'_> {
    /// Constraints that come, each with the index that goes for it, and indexes that come,
    /// each with the constraint that goes for it.
    pub(super) fn pair_off(&mut self) {
        self.taken = self.same(Kind::Constraint, Kind::Index);
        self.loosened = self.same(Kind::Index, Kind::Constraint);
    }

    fn same(&self, new: Kind, gone: Kind) -> BTreeMap<Key, Key> {
        let only = |catalog: &'_ Catalog, other: &Catalog, kind| -> Vec<Key> {
            let keys = catalog.keys();
            keys.filter(|key| key.kind == kind && !other.has(key))
                .cloned()
                .collect()
        };
        let mut free: BTreeSet<Key> = only(self.from, self.to, gone).into_iter().collect();
        let mut pairs = BTreeMap::new();
        for key in only(self.to, self.from, new) {
            let is_it = |other: &&Key| {
                let index = |catalog: &Catalog, key| catalog.get(key).and_then(nameless);
                let wanted = index(self.to, &key);
                other.on == key.on && wanted.is_some() && wanted == index(self.from, other)
            };
            if let Some(found) = free.iter().find(is_it).cloned()
                && self.stays(&key)
            {
                free.remove(&found);
                pairs.insert(key, found);
            }
        }
        pairs
    }

    /// A foreign key hangs on one index, though another one may do for it as well.
    pub(super) fn free_keys(&mut self) {
        let gone = self
            .from
            .keys()
            .filter(|key| matches!(key.kind, Kind::Constraint | Kind::Index) && !self.to.has(key));
        let mut around = BTreeSet::new();
        for key in gone {
            if let Err(Impossible(why)) = rebuild::dependents(self.from, key, &mut around) {
                self.impossible.push(why);
            }
        }
        self.rebuilt.extend(around);
    }

    /// A constraint that takes an index that is there.
    pub(super) fn take_index(&mut self, key: &Key, object: &Object, index: &Key) -> Span {
        let mut down = drop(self.to, key);
        let down = create(self.from, index, std::slice::from_ref(index)).map(|made| {
            down.extend(made);
            down
        });
        let before = self.from.get(index).cloned().unwrap_or_default();
        let up = render::take_index(key, object, index, &before);
        let span = self.one(key, Class::Quick, Ok(up), down);
        // ON CONFLICT cannot be about what is deferrable.
        self.steps[span.first].breaks = object.is("deferrable");
        self.drops.insert(index.clone(), span.first);
        span
    }

    /// An index that is built before the constraint goes whose own is the same.
    pub(super) fn loosen(
        &mut self,
        key: &Key,
        object: &Object,
        constraint: &Key,
        made: Result<Statements, Impossible>,
    ) -> Span {
        let (built, full) = self.build_aside(key, object);
        let mut up = drop(self.from, constraint);
        let up = made.map(|made| {
            up.push(render::rename_index(&full, &key.name));
            up.extend(made.into_iter().skip(1));
            up
        });
        let before = self.from.get(constraint).cloned().unwrap_or_default();
        let down = render::take_index(constraint, &before, key, object);
        let last = self.step(key, Class::Quick, up, Ok(down));
        let aside = render::text::last_part(&full);
        let again = render::index_called(object, aside);
        self.steps[last].down_last.push(again);
        self.steps[last].removes = true;
        self.steps[last].after.insert(built);
        self.drops.insert(constraint.clone(), last);
        Span { first: built, last }
    }

    /// An index that takes the place of one of the same name.
    pub(super) fn swap_index(
        &mut self,
        key: &Key,
        object: &Object,
        made: Result<Statements, Impossible>,
    ) -> Span {
        let (first, full) = self.build_aside(key, object);
        let up = made.map(|made| {
            let renamed = render::rename_index(&full, &key.name);
            std::iter::once(renamed)
                .chain(made.into_iter().skip(1))
                .collect()
        });
        let down = vec![render::rename_index(&key.name, &full)];
        let last = self.step(key, Class::Quick, up, Ok(down));
        Span { first, last }
    }

    /// Builds the index under a name that it has until its own is free.
    fn build_aside(&mut self, key: &Key, object: &Object) -> (usize, String) {
        let aside = render::until_then(render::text::last_part(&key.name));
        let full = render::text::with_last_part(&key.name, &aside);
        let up = vec![render::concurrently(&render::index_called(object, &aside))];
        let down = vec![render::drop_index(&full)];
        (self.step(key, Class::Concurrent, Ok(up), Ok(down)), full)
    }
}

/// What makes the unique index, whatever its name.
fn nameless(object: &Object) -> Option<String> {
    let is_kept = matches!(object.text("type"), "p" | "u");
    (is_kept || render::is_unique_index(object)).then(|| render::index_called(object, ""))
}
