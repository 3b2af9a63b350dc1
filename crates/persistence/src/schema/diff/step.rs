//! Steps from one schema to another, and the migrations that they are put into.

use std::collections::{BTreeMap, BTreeSet};

use super::super::catalog::Key;
use super::super::render::Statements;

/// How long a step takes, and what it may be put together with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// Names are changed before anything else is.
    Rename,
    /// A new value of a type can be used in the next transaction only.
    NewValues,
    /// Takes no time that depends on how many rows there are, unless it says so.
    Quick,
    /// Demands of rows what a program before does not write, after what it is about came.
    Demand,
    /// Goes on beside others, and cannot be in a transaction.
    Concurrent,
    /// Looks at every row, and lets others write meanwhile.
    Validate,
    /// As concurrent, of indexes over what goes next.
    ContractIndexes,
    /// Takes away what programs before may use.
    Contract,
    /// A type loses values when nothing has them for a default any more.
    OldValues,
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) key: Key,
    pub(super) class: Class,
    pub(super) up: Statements,
    pub(super) down: Statements,
    /// The places of the steps that come before it.
    pub(super) after: BTreeSet<usize>,
    /// Whether it removes something, which comes before making things.
    pub(super) removes: bool,
    /// Whether programs may miss what it takes away.
    pub(super) breaks: bool,
}

/// Statements that are one migration, and how they are taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::schema) struct Phase {
    /// Whether programs may miss what it takes away.
    pub(in crate::schema) breaks: bool,
    /// What it is among several, such as `indexes`; empty for the one that the others go with.
    pub(in crate::schema) part: &'static str,
    pub(in crate::schema) no_transaction: bool,
    pub(in crate::schema) up: Statements,
    pub(in crate::schema) down: Statements,
}

const CONTRACT: usize = 1_000;

/// Puts steps in an order in which they can be taken, in as few migrations as that takes.
/// None if they need each other, which the keys say.
pub(super) fn phases(steps: &[Step]) -> Result<Vec<Phase>, Vec<Key>> {
    let order = order(steps)?;
    let first_values = steps.iter().any(|step| step.class == Class::NewValues);
    let mut levels = vec![0_usize; steps.len()];
    let mut by_level: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for place in order {
        let step = &steps[place];
        let least = step
            .after
            .iter()
            .map(|before| levels[*before])
            .max()
            .unwrap_or_default();
        // From 2 on, what is quick, concurrent, or validates comes by turns.
        let turn_from = |least: usize, which: usize| least + (which + 3 - least % 3) % 3;
        let turn = |which: usize| turn_from(least.max(2), which);
        levels[place] = match step.class {
            Class::Rename if first_values => 0,
            Class::NewValues => 1,
            Class::Rename | Class::Quick => turn(2),
            // Rows can be filled between both.
            Class::Demand => turn_from(least.max(2) + 1, 2),
            Class::Concurrent => turn(0),
            Class::Validate => turn(1),
            Class::ContractIndexes => CONTRACT - 1,
            Class::Contract => CONTRACT,
            Class::OldValues => CONTRACT + 1,
        };
        by_level.entry(levels[place]).or_default().push(place);
    }
    let phases = by_level.into_iter().map(|(level, places)| {
        let steps = places.iter().map(|place| &steps[*place]);
        let has = |class| steps.clone().any(|step| step.class == class);
        let breaks = level >= CONTRACT - 1 || steps.clone().any(|step| step.breaks);
        Phase {
            breaks,
            part: match level {
                0 => "names",
                1 | 1_001 => "values",
                2 | CONTRACT => "",
                level if level % 3 == 0 => "indexes",
                level if level % 3 == 1 => "validate",
                _ if has(Class::Demand) => "demand",
                _ => "finish",
            },
            no_transaction: has(Class::Concurrent) || has(Class::ContractIndexes),
            up: steps.clone().flat_map(|step| step.up.clone()).collect(),
            down: steps.rev().flat_map(|step| step.down.clone()).collect(),
        }
    });
    let mut phases: Vec<Phase> = phases.collect();
    // A migration that is alone needs no name of its own.
    if let [phase] = &mut phases[..] {
        phase.part = "";
    }
    Ok(phases)
}

/// Removing first, and otherwise by kind and name, as far as steps do not wait for others.
fn order(steps: &[Step]) -> Result<Vec<usize>, Vec<Key>> {
    let mut waiting: BTreeMap<usize, BTreeSet<usize>> = steps
        .iter()
        .enumerate()
        .map(|(place, step)| (place, step.after.clone()))
        .collect();
    let mut order = Vec::with_capacity(steps.len());
    let rank = |place: &usize| {
        let step = &steps[*place];
        (step.class, !step.removes, step.key.kind, *place)
    };
    while !waiting.is_empty() {
        let ready = waiting
            .iter()
            .filter(|(_, after)| after.is_empty())
            .map(|(place, _)| *place);
        let Some(next) = ready.min_by_key(rank) else {
            return Err(waiting
                .keys()
                .map(|place| steps[*place].key.clone())
                .collect());
        };
        waiting.remove(&next);
        for after in waiting.values_mut() {
            after.remove(&next);
        }
        order.push(next);
    }
    Ok(order)
}
