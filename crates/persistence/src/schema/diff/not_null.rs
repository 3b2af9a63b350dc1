//! NOT NULL on a column of a table that is in use: by way of a check that is validated beside
//! others.

use super::super::catalog::{Key, Kind, Object};
use super::super::render::{self, Statements};
use super::plan::Planner;
use super::step::Class;

impl Planner<'_> {
    /// Has the column be NOT NULL, with what comes after that, both ways. If the column is new, it
    /// may be that it `breaks` programs before, which write no value yet. Returns the last step.
    pub(super) fn demand_value(
        &mut self,
        key: &Key,
        begin: usize,
        breaks: Option<bool>,
        after: (Statements, Statements),
    ) -> usize {
        if let Some(check) = self.proof(key) {
            let last = self.set_not_null(key, after, (Vec::new(), Vec::new()));
            self.steps[last].after.insert(begin);
            self.proofs.push((last, check));
            return last;
        }
        let on = key.table();
        let check = self.free_check(key);
        let condition = format!("check ({} is not null)", key.name);
        let add = format!("alter table {on} add constraint {check} {condition} not valid");
        let remove = format!("alter table {on} drop constraint {check}");
        let said = format!(
            "-- Rows that have none cannot be changed from here on, and fail when it is validated.\n{add}"
        );
        let class = breaks.map_or(Class::Quick, |_| Class::Demand);
        let added = self.step(key, class, Ok(vec![said]), Ok(vec![remove.clone()]));
        self.steps[added].after.insert(begin);
        self.steps[added].breaks = breaks == Some(true);
        let up = vec![format!("alter table {on} validate constraint {check}")];
        let down = vec![remove.clone(), add.clone()];
        let validated = self.step(key, Class::Validate, Ok(up), Ok(down));
        self.steps[validated].after.insert(added);
        let last = self.set_not_null(key, after, (vec![remove], vec![add]));
        self.steps[last].after.insert(validated);
        last
    }

    fn set_not_null(
        &mut self,
        key: &Key,
        (up, down): (Statements, Statements),
        (remove, add): (Statements, Statements),
    ) -> usize {
        let column = format!("alter table {} alter column {}", key.table(), key.name);
        let set = vec![format!("{column} set not null")];
        let unset = vec![format!("{column} drop not null")];
        let up = [set, remove, up].concat();
        let down = [down, unset, add].concat();
        self.step(key, Class::Quick, Ok(up), Ok(down))
    }

    /// A valid check that is there already and says it.
    fn proof(&self, key: &Key) -> Option<Key> {
        let wanted = format!("CHECK ({} IS NOT NULL)", key.name);
        let says_it = |check: &Object| !check.is("validity") && check.text("definition") == wanted;
        let mut all = self.from.objects.iter();
        let found = all.find(|(check, object)| {
            check.kind == Kind::Constraint && check.on == key.on && says_it(object)
        });
        found.map(|(check, _)| check.clone())
    }

    /// A name for a check that none of the table has.
    fn free_check(&mut self, key: &Key) -> String {
        let mut names = (0..).map(|number| {
            let number = if number == 0 {
                String::new()
            } else {
                number.to_string()
            };
            render::text::name_with(&[key.table(), &key.name], &format!("_not_null{number}"))
        });
        let is_free = |name: &String| {
            let check = Key::of(Kind::Constraint, key.table(), name);
            !self.from.has(&check) && !self.to.has(&check) && !self.checks.contains(&check)
        };
        let name = names.find(is_free).unwrap_or_default();
        self.checks
            .insert(Key::of(Kind::Constraint, key.table(), &name));
        name
    }
}
