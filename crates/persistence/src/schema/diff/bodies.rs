//! What functions and triggers do when they are called, which PostgreSQL does not look into:
//! they come when everything is there that they may speak of.

use std::collections::BTreeSet;

use super::super::catalog::Kind;
use super::plan::{Planner, Span};
use super::step::Class;

impl Planner<'_> {
    /// Has functions and triggers come after tables, columns, keys and indexes, unless those
    /// need them.
    pub(super) fn put_bodies_last(&mut self) {
        let mut followers = vec![Vec::new(); self.steps.len()];
        for (place, step) in self.steps.iter().enumerate() {
            for before in &step.after {
                followers[*before].push(place);
            }
        }
        let is_harsh = |place: usize| {
            let step = &self.steps[place];
            step.breaks || !matches!(step.class, Class::Quick | Class::Concurrent)
        };
        let harsh = (0..self.steps.len()).filter(|place| is_harsh(*place));
        let harsh = reached(&followers, harsh.collect());
        let is_body = |kind: Kind| matches!(kind, Kind::Function | Kind::Procedure | Kind::Trigger);
        let is_spoken_of = |kind: Kind| {
            !is_body(kind) && !matches!(kind, Kind::Default | Kind::Ownership | Kind::Statistics)
        };
        let place_of = |kind: Kind, span: &Span| {
            let is_used_whole = matches!(kind, Kind::Index | Kind::Constraint);
            if is_used_whole { span.last } else { span.first }
        };
        let made = self.creates.iter();
        let made = made.filter(|(key, _)| is_spoken_of(key.kind));
        let spoken_of: BTreeSet<usize> = made
            .map(|(key, span)| place_of(key.kind, span))
            .filter(|place| !harsh.contains(place) && !self.steps[*place].is_whole)
            .collect();
        let bodies = self.creates.iter().chain(&self.alters);
        let bodies = bodies.filter(|(key, _)| is_body(key.kind));
        let bodies: BTreeSet<usize> = bodies
            .map(|(_, span)| span.first)
            .filter(|place| !harsh.contains(place) && !self.steps[*place].is_whole)
            .collect();
        for body in bodies {
            let needs_it = reached(&followers, vec![body]);
            for place in spoken_of.difference(&needs_it) {
                self.steps[body].after.insert(*place);
                followers[*place].push(body);
            }
        }
    }
}

/// Those, and whatever comes after them.
fn reached(followers: &[Vec<usize>], mut open: Vec<usize>) -> BTreeSet<usize> {
    let mut all = BTreeSet::new();
    while let Some(place) = open.pop() {
        if all.insert(place) {
            open.extend(&followers[place]);
        }
    }
    all
}
