//! Steps that keep a table that is in use out of nobody's way: what looks at every row is
//! apart from what locks the table.

use super::super::catalog::{Key, Kind, Object};
use super::super::render::{self, drop};
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
                let name = object.text("index_name");
                let full = if self.comes_aside(key) {
                    self.free_index(name)
                } else {
                    name.to_owned()
                };
                let built = self.build_index(key, object, &full);
                let name = render::text::last_part(&full);
                let up = render::use_index(key, object, name);
                let used = self.step(key, Class::Quick, Ok(up), Ok(down));
                self.build_on_way_back(used, object, name);
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
                let mut up = render::constraint(key, &not_yet);
                if let ("c", Some(first)) = (kind, up.first_mut()) {
                    first.insert_str(
                        0,
                        "-- Rows that do not keep to it cannot be changed from here on.\n",
                    );
                }
                let added = self.step(key, Class::Quick, Ok(up), Ok(down));
                let (mut validate, again) = render::validate(key, object);
                if let Some(first) = validate.first_mut() {
                    first.insert_str(0, "-- Fails where rows do not keep to it.\n");
                }
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
        let up = self.with_what_is_redone(key, render::alter(key, before, &now, false));
        let down = self.with_what_is_redone(key, render::alter(key, &now, before, false));
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
