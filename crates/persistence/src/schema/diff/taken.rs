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

    /// A foreign key hangs on one index, though another one may do for it as well; what calls a
    /// function is written the same for another one that takes more.
    pub(super) fn free_dependents(&mut self) {
        let hangs_on = [
            Kind::Constraint,
            Kind::Index,
            Kind::Function,
            Kind::Procedure,
        ];
        let gone = self.from.keys();
        let gone = gone.filter(|key| hangs_on.contains(&key.kind) && !self.to.has(key));
        let mut around = BTreeSet::new();
        for other in gone.flat_map(|key| self.from.needed_by(key)) {
            let attributes = |catalog: &Catalog| Some(catalog.get(other)?.attributes.clone());
            let is_same = attributes(self.from) == attributes(self.to);
            if is_same && let Err(Impossible(why)) = rebuild::whole(self.from, other, &mut around) {
                self.impossible.push(why);
            }
        }
        self.rebuilt.extend(around);
    }

    /// Whether the index that keeps it is built before the one of the same name goes, so
    /// that nothing gets in that neither allows, and nobody is without one.
    pub(super) fn is_swapped(&self, key: &Key) -> bool {
        let is_kept = |catalog: &Catalog| {
            let object = catalog.get(key);
            key.kind == Kind::Index
                || object.is_some_and(|object| matches!(object.text("type"), "p" | "u"))
        };
        let both = is_kept(self.from) && is_kept(self.to);
        // Foreign keys would take the one for the other on the way back.
        let catalogs = [self.from, self.to];
        let is_referred_to = key.kind == Kind::Index
            && catalogs
                .iter()
                .any(|catalog| !catalog.needed_by(key).is_empty());
        both && !is_referred_to
            && self.rebuilt.contains(key)
            && self.stays(key)
            && self.needs_the_same(key)
    }

    /// Whether it is built and dropped beside others.
    pub(super) fn is_beside(&self, key: &Key) -> bool {
        self.stays(key) && (!self.rebuilt.contains(key) || self.needs_the_same(key))
    }

    /// Whether nothing but columns changes of what it needs. A function may come that takes the
    /// place of another one only when that has gone.
    fn needs_the_same(&self, key: &Key) -> bool {
        let is_kept = |other: &&Key| {
            let is_there = self.from.has(other) && self.to.has(other);
            other.kind == Kind::Column || is_there && !self.rebuilt.contains(other)
        };
        let before = self.from.needs(key).iter();
        before
            .chain(self.to.needs(key))
            .all(|other| is_kept(&other))
    }

    /// Whether its index is built under another name, until its own is free.
    pub(super) fn comes_aside(&self, key: &Key) -> bool {
        self.is_swapped(key) || self.namesake(key).is_some()
    }

    /// The constraint that goes whose index has the name of the new index, or the other way
    /// round.
    pub(super) fn namesake(&self, key: &Key) -> Option<Key> {
        let other = if key.kind == Kind::Index {
            Key::of(
                Kind::Constraint,
                key.table(),
                render::text::last_part(&key.name),
            )
        } else if key.kind == Kind::Constraint {
            let object = self.to.get(key)?;
            Key::of(Kind::Index, key.table(), object.get("index_name")?)
        } else {
            return None;
        };
        let object = self.from.get(&other)?;
        let has_name = other.kind == Kind::Index || object.text("index_name") == key.name;
        let is_paired = self.taken.contains_key(key) || self.loosened.contains_key(key);
        let is_it = has_name && !is_paired && !self.to.has(&other) && !self.from.has(key);
        (is_it && self.stays(key)).then_some(other)
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
        self.build_on_way_back(last, object, render::text::last_part(&full));
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
        let full = self.free_index(&key.name);
        (self.build_index(key, object, &full), full)
    }

    /// Builds an index of that name beside others.
    pub(super) fn build_index(&mut self, key: &Key, object: &Object, full: &str) -> usize {
        let index = render::index_called(object, render::text::last_part(full));
        let mut up = render::concurrently(&index);
        if index.starts_with("create unique ") {
            up.insert_str(0, render::ALIKE);
        }
        let down = vec![render::drop_index(full)];
        self.step(key, Class::Concurrent, Ok(vec![up]), Ok(down))
    }

    /// Builds an index again at the end of the way back over that step, so that the step can be
    /// taken again. Foreign keys that come again before would take it for the one that they had.
    pub(super) fn build_on_way_back(&mut self, step: usize, object: &Object, name: &str) {
        let index = render::index_called(object, name);
        self.steps[step].down_last.push(format!(
            "-- For the next try, as the migration before left it; nobody uses the table meanwhile.\n{index}"
        ));
    }

    /// A name for an index that nothing in its schema has, until its own is free.
    pub(super) fn free_index(&self, index: &str) -> String {
        let is_taken = |name: &str| {
            let kinds = [
                Kind::Table,
                Kind::View,
                Kind::MaterializedView,
                Kind::Sequence,
            ];
            [self.from, self.to].iter().any(|catalog| {
                kinds.iter().any(|kind| catalog.has(&Key::new(*kind, name)))
                    || catalog.objects.iter().any(|(key, object)| {
                        key.kind == Kind::Index && key.name == name
                            || object.text("index_name") == name
                    })
            })
        };
        let mut names = (1..).map(|number| {
            let aside = render::until_then(render::text::last_part(index), number);
            render::text::with_last_part(index, &aside)
        });
        names.find(|name| !is_taken(name)).unwrap_or_default()
    }
}

/// What makes the unique index, whatever its name.
fn nameless(object: &Object) -> Option<String> {
    let is_kept = matches!(object.text("type"), "p" | "u");
    (is_kept || render::is_unique_index(object)).then(|| render::index_called(object, ""))
}
