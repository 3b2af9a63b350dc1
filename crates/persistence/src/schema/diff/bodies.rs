//! What functions and triggers do when they are called, which PostgreSQL does not look into:
//! they come when everything is there that they may speak of. And what goes and comes again
//! is away no longer than it has to be.

use std::collections::BTreeSet;

use super::super::catalog::Kind;
use super::graph::{before, followers, reached};
use super::plan::{Planner, Span};
use super::step::Class;

impl Planner<'_> {
    /// Has functions and triggers come after tables, columns, keys and indexes, unless those
    /// need them.
    pub(super) fn put_bodies_last(&mut self) {
        let mut followers = followers(&self.steps);
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
        let gaps: Vec<_> = self.come_again().collect();
        let gaps: Vec<(usize, BTreeSet<usize>)> = gaps
            .into_iter()
            .map(|(drop, made)| (made, reached(&followers, vec![drop])))
            .collect();
        for body in bodies {
            let needs_it = reached(&followers, vec![body]);
            // What comes again with it is not to wait for what has to wait until it has gone.
            let apart = gaps.iter().filter(|(made, _)| needs_it.contains(made));
            let apart: BTreeSet<usize> = apart.flat_map(|(_, gap)| gap).copied().collect();
            let all = spoken_of.difference(&needs_it);
            for place in all.filter(|place| !apart.contains(place)) {
                self.steps[body].after.insert(*place);
                followers[*place].push(body);
            }
        }
        self.fill_after_triggers(&mut followers);
    }

    /// A trigger may write the column that is filled, for the rows that come meanwhile.
    fn fill_after_triggers(&mut self, followers: &mut [Vec<usize>]) {
        let triggers = self.creates.iter();
        let triggers = triggers.filter(|(key, _)| key.kind == Kind::Trigger);
        for (trigger, made) in triggers {
            let fills = self.steps.iter().enumerate();
            let fills =
                fills.filter(|(_, step)| step.class == Class::Fill && step.key.on == trigger.on);
            let fills: Vec<usize> = fills.map(|(place, _)| place).collect();
            let before = before(&self.steps, vec![made.first]);
            for fill in fills {
                let is_late = self.steps[made.first].class != Class::Quick;
                if !is_late && !before.contains(&fill) {
                    self.steps[fill].after.insert(made.first);
                    followers[made.first].push(fill);
                }
            }
        }
    }

    /// The steps by which things go, each with the one by which it has come again.
    fn come_again(&self) -> impl Iterator<Item = (usize, usize)> {
        let again = self.rebuilt.iter().filter_map(|key| {
            let (drop, made) = (self.drops.get(key)?, self.creates.get(key)?);
            Some((*drop, made.last))
        });
        again.chain(self.exchanged())
    }

    /// Has what goes and comes again go as late as it can: all that the coming waits for, and
    /// that does not wait for the going, is done before.
    pub(super) fn close_gaps(&mut self) {
        let mut followers = followers(&self.steps);
        let again: Vec<_> = self.come_again().collect();
        for (drop, made) in again {
            let in_between = reached(&followers, vec![drop]);
            for place in before(&self.steps, vec![made]).difference(&in_between) {
                if self.steps[drop].after.insert(*place) {
                    followers[*place].push(drop);
                }
            }
        }
    }
}
