//! Steps that keep a table that is in use out of nobody's way: what looks at every row is
//! apart from what locks the table.

use super::super::catalog::{Catalog, Key, Kind, Object};
use super::super::render::{self, Statements, drop};
use super::plan::{Planner, Span};
use super::step::Class;

impl Planner<'_> {
    /// A column that is new on a table that was there before.
    pub(super) fn make_column(&mut self, key: &Key, column: &Object, group: &[Key]) -> Span {
        let demanded = column.is("not null");
        // A default that cannot be there as early as the column comes by itself.
        let with_default = group.len() > 1;
        let at_once = column.is("generated")
            || column.is("identity")
            || self.rebuilt.contains(key)
            || (demanded && with_default && render::has_quick_default(self.to, key));
        let how = if at_once {
            render::Adding::AtOnce
        } else {
            render::Adding::InSteps
        };
        let mut statements = render::add_column(self.to, key, how, with_default);
        if self.rebuilt.contains(key) {
            statements = render::again(self.from, key, statements);
        }
        let span = self.one(key, Class::Quick, Ok(statements), Ok(drop(self.to, key)));
        if at_once || !demanded {
            return span;
        }
        let fill = self.step(
            key,
            Class::Fill,
            Ok(vec![render::fill(key, with_default)]),
            Ok(vec![
                "-- What was filled in goes with the column.\nselect".to_owned(),
            ]),
        );
        self.steps[fill].after.insert(span.first);
        Span {
            first: span.first,
            last: self.demand_value(key, fill, Some(!with_default), (Vec::new(), Vec::new())),
        }
    }

    /// NOT NULL by way of a check that is validated beside others, and what comes after it, both
    /// ways. If the column is new, it may be that it `breaks` programs before, which write no value
    /// yet. Returns the last step.
    fn demand_value(
        &mut self,
        key: &Key,
        begin: usize,
        breaks: Option<bool>,
        (up, down): (Statements, Statements),
    ) -> usize {
        let (on, name) = (key.table(), &key.name);
        let (check, condition) = render::not_null_check(key);
        let add = format!("alter table {on} add constraint {check} {condition} not valid");
        let remove = format!("alter table {on} drop constraint {check}");
        let said = format!(
            "-- Rows that have none cannot be changed from here on, and fail when it is validated.\n{add}"
        );
        let class = breaks.map_or(Class::Quick, |_| Class::Demand);
        let added = self.step(key, class, Ok(vec![said]), Ok(vec![remove.clone()]));
        self.steps[added].after.insert(begin);
        self.steps[added].breaks = breaks == Some(true);
        let validated = self.step(
            key,
            Class::Validate,
            Ok(vec![format!(
                "alter table {on} validate constraint {check}"
            )]),
            Ok(vec![remove.clone(), add.clone()]),
        );
        self.steps[validated].after.insert(added);
        let mut last_up = vec![
            format!("alter table {on} alter column {name} set not null"),
            remove,
        ];
        last_up.extend(up);
        let mut last_down = down;
        last_down.push(format!(
            "alter table {on} alter column {name} drop not null"
        ));
        last_down.push(add);
        let last = self.step(key, Class::Quick, Ok(last_up), Ok(last_down));
        self.steps[last].after.insert(validated);
        last
    }

    /// Whether the index that keeps it is built before the one of the same name goes, so
    /// that nothing gets in that neither allows.
    pub(super) fn is_swapped(&self, key: &Key) -> bool {
        let is_unique = |catalog: &Catalog| {
            catalog.get(key).is_some_and(|object| {
                matches!(object.text("type"), "p" | "u")
                    || key.kind == Kind::Index
                        && object.text("definition").starts_with("CREATE UNIQUE")
            })
        };
        let both = is_unique(self.from) && is_unique(self.to);
        // Foreign keys would take the one for the other on the way back.
        let catalogs = [self.from, self.to];
        let is_referred_to = key.kind == Kind::Index
            && catalogs
                .iter()
                .any(|catalog| !catalog.needed_by(key).is_empty());
        both && !is_referred_to && self.rebuilt.contains(key) && self.stays(key)
    }

    /// A constraint that is new on a table, or a domain, that was there before.
    pub(super) fn make_constraint(&mut self, key: &Key, object: &Object) -> Span {
        let up = render::constraint(key, object);
        let down = drop(self.to, key);
        let kind = object.text("type");
        if !self.stays(key) {
            return self.one(key, Class::Quick, Ok(up), Ok(down));
        }
        if let Some(index) = self.taken.get(key).cloned() {
            return self.take_index(key, object, &index);
        }
        match kind {
            "p" | "u" => {
                let mut name = render::text::last_part(object.text("index_name")).to_owned();
                if self.is_swapped(key) {
                    name = render::until_then(&name);
                }
                let index = render::index_called(object, &name);
                let full = render::text::with_last_part(object.text("index_name"), &name);
                let dropped = vec![render::drop_index(&full)];
                let up = vec![render::concurrently(&index)];
                let built = self.step(key, Class::Concurrent, Ok(up), Ok(dropped));
                let up = render::use_index(key, object, &name);
                let used = self.step(key, Class::Quick, Ok(up), Ok(down));
                // Foreign keys that come again would take it for the one that they had.
                self.steps[used].down_last.push(index);
                self.steps[used].after.insert(built);
                Span {
                    first: built,
                    last: used,
                }
            }
            "x" => {
                let mut up = up;
                if let Some(first) = up.first_mut() {
                    first.insert_str(0, "-- Holds up writes until all rows are in its index.\n");
                }
                self.one(key, Class::Quick, Ok(up), Ok(down))
            }
            _ if object.is("validity") => self.one(key, Class::Quick, Ok(up), Ok(down)),
            _ => {
                let mut not_yet = object.clone();
                not_yet
                    .attributes
                    .insert("validity".to_owned(), "not valid".to_owned());
                let up = render::constraint(key, &not_yet);
                let added = self.step(key, Class::Quick, Ok(up), Ok(down));
                let (validate, again) = render::validate(key, object);
                let validated = self.step(key, Class::Validate, Ok(validate), Ok(again));
                self.steps[validated].after.insert(added);
                Span {
                    first: added,
                    last: validated,
                }
            }
        }
    }

    /// What is changed where it is.
    pub(super) fn change_in_place(&mut self, key: &Key, before: &Object, after: &Object) -> Span {
        if key.kind == Kind::Column {
            return self.change_column(key, before, after);
        }
        let is_constraint = matches!(key.kind, Kind::Constraint | Kind::DomainConstraint);
        let validity = before.get("validity") != after.get("validity");
        let mut up = render::alter(key, before, after, false);
        let mut down = render::alter(key, after, before, false);
        up.extend(self.go_on(key, self.to, self.from));
        down.extend(self.go_on(key, self.from, self.to));
        if before.get("definition") != after.get("definition") {
            (up, down) = (self.note_stored(key, up), self.note_stored(key, down));
        }
        if !is_constraint || !validity {
            return self.one(key, Class::Quick, Ok(up), Ok(down));
        }
        let again = |object: &Object| {
            let mut statements = drop(self.to, key);
            statements.extend(render::constraint(key, object));
            statements
        };
        let (to_after, to_before) = (again(after), again(before));
        if after.is("validity") {
            return self.one(key, Class::Quick, Ok(to_after), Ok(to_before));
        }
        let (mut validate, _) = render::validate(key, after);
        validate.extend(up);
        self.one(key, Class::Validate, Ok(validate), Ok(to_before))
    }

    fn change_column(&mut self, key: &Key, before: &Object, after: &Object) -> Span {
        let replaced = before.get("generated") != after.get("generated")
            || before.get("generation") != after.get("generation");
        let waits = !before.is("not null") && after.is("not null") && !replaced;
        let mut now = after.clone();
        if waits {
            // An identity needs NOT NULL, which comes at the end.
            for name in ["identity", "identity options", "identity sequence"] {
                move_attribute(&mut now, before, name);
            }
            now.attributes.remove("not null");
        }
        let up = render::alter(key, before, &now, false);
        let down = render::alter(key, &now, before, false);
        let span = self.one(key, Class::Quick, Ok(up), Ok(down));
        if !waits {
            return span;
        }
        let last_up = render::alter(key, &now, after, true);
        let last_down = render::alter(key, after, &now, true);
        Span {
            first: span.first,
            last: self.demand_value(key, span.first, None, (last_up, last_down)),
        }
    }
}

/// Gives the one what the other has of that name.
fn move_attribute(to: &mut Object, from: &Object, name: &str) {
    if let Some(value) = from.attributes.get(name) {
        to.attributes.insert(name.to_owned(), value.clone());
    } else {
        to.attributes.remove(name);
    }
}
