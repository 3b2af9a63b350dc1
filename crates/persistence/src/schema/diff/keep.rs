//! What has to stay as it is while things change: where sequences are, and names that
//! nobody asked to change.

use super::super::catalog::{Catalog, Key, Kind, Object};
use super::super::render::{self, Statements};
use super::plan::Planner;

impl Planner<'_> {
    /// Whether programs before it may miss what it was.
    pub(super) fn is_missed(&self, key: &Key) -> bool {
        match (self.from.get(key), self.to.get(key)) {
            (Some(before), Some(after)) => render::is_missed(key, before, after),
            _ => false,
        }
    }

    /// The statement by which a sequence goes on behind the values of a column that was
    /// there before it, if the object is the default that takes from it.
    pub(super) fn go_on(&self, key: &Key, after: &Catalog, before: &Catalog) -> Option<String> {
        let column = Key::of(Kind::Column, key.table(), &key.name);
        let whole = ["smallint", "integer", "bigint", "numeric"];
        let is_filled = before.has(&column)
            && after.get(&column).is_some_and(|column| {
                whole.contains(&column.text("element")) && !column.is("array")
            });
        if key.kind != Kind::Default || !is_filled || self.rebuilt.contains(key) {
            return None;
        }
        let value = after.get(key)?.text("value");
        let name = value
            .strip_prefix("nextval('")?
            .strip_suffix("'::regclass)")?
            .replace("''", "'");
        let sequence = Key::new(Kind::Sequence, &name);
        let options = after.get(&sequence)?.text("options");
        (!before.has(&sequence)).then(|| render::go_on(&name, options, &column))
    }

    /// Says of a function that is computed otherwise what is stored as it was computed.
    pub(super) fn note_stored(&self, key: &Key, mut statements: Statements) -> Statements {
        let stored = |other: &&Key| {
            let generated = |column: &Object| column.is("generated");
            other.kind == Kind::Index || self.from.get(other).is_some_and(generated)
        };
        let is_routine = matches!(key.kind, Kind::Function | Kind::Procedure);
        let stored = self.from.needed_by(key).iter().filter(stored);
        let stored: Vec<String> = stored.map(Key::to_string).collect();
        if let (true, false, Some(first)) = (is_routine, stored.is_empty(), statements.first_mut())
        {
            let stored = stored.join(", ");
            first.insert_str(
                0,
                &format!("-- What it was stored for stays as it was computed: {stored}.\n"),
            );
        }
        statements
    }

    /// Says of a column that gets another type without being written anew what PostgreSQL makes
    /// again for it.
    pub(super) fn with_what_is_redone(&self, key: &Key, mut statements: Statements) -> Statements {
        let (Some(before), Some(after)) = (self.from.get(key), self.to.get(key)) else {
            return statements;
        };
        let is_sorted_otherwise = before.get("collation") != after.get("collation");
        let is_kept =
            before.get("type") != after.get("type") && render::is_stored_alike(before, after);
        let redone = self.from.needed_by(key).iter().filter(|other| {
            let object = self.from.get(other);
            let definition = object.map_or("", |object| object.text("definition"));
            let computes = definition.matches('(').count() > 1;
            other.kind == Kind::Index && (is_sorted_otherwise || computes)
                || other.kind == Kind::Constraint
                    && (is_sorted_otherwise || definition.starts_with("CHECK"))
        });
        let redone: Vec<String> = redone.map(Key::to_string).collect();
        if let (true, false, Some(first)) = (
            is_kept || is_sorted_otherwise,
            redone.is_empty(),
            statements.first_mut(),
        ) {
            let redone = redone.join(", ");
            first.insert_str(
                0,
                &format!("-- Nobody uses the table until these are made anew: {redone}.\n"),
            );
        }
        statements
    }

    /// The primary key of a table is one, whatever its name: it is not built twice for a
    /// name.
    pub(super) fn refuse_renamed_keys(&mut self) {
        let mut told = Vec::new();
        for (gone, new) in self.primary_keys() {
            let same = |name: &str| {
                let value = |catalog: &Catalog, key| {
                    catalog.get(key).map(|object| object.text(name).to_owned())
                };
                value(self.from, &gone) == value(self.to, &new)
            };
            if same("definition") {
                told.push(format!(
                    "{gone}: only its name is another one: say --rename {}:{}",
                    gone.name, new.name
                ));
            }
        }
        self.impossible.extend(told);
    }

    /// Primary keys that go, each with that of another name which its table gets.
    pub(super) fn primary_keys(&self) -> Vec<(Key, Key)> {
        let is_primary = |catalog: &Catalog, key: &Key| {
            catalog
                .get(key)
                .is_some_and(|object| object.text("type") == "p")
        };
        let gone = self.drops.keys().filter(|key| is_primary(self.from, key));
        gone.filter_map(|gone| {
            let new = self.creates.keys().find(|new| {
                new.on == gone.on && new.name != gone.name && is_primary(self.to, new)
            })?;
            Some((gone.clone(), new.clone()))
        })
        .collect()
    }
}
