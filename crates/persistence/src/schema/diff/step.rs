//! Steps from one schema to another, and the migrations that they are put into.

use std::collections::{BTreeMap, BTreeSet};

use super::super::catalog::Key;
use super::super::render::Statements;
use super::super::render::text::last_part;
use super::split::split;
use crate::migrate::write::slug;

/// How long a step takes, and what it may be put together with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// Names are changed before anything else is.
    Rename,
    /// A new value of a type can be used in the next transaction only.
    NewValues,
    /// Takes no time that depends on how many rows there are, unless it says so.
    Quick,
    /// What nothing can generate is written there, in batches, before it is demanded.
    Fill,
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
    /// What comes after everything else of its migration on the way back.
    pub(super) down_last: Statements,
    /// The places of the steps that come before it.
    pub(super) after: BTreeSet<usize>,
    /// The table in use that it keeps others out of.
    pub(super) table: Option<String>,
    /// Whether what it is about is dropped and made again, and not to be away for longer
    /// than a migration takes.
    pub(super) is_whole: bool,
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
    pub(in crate::schema) part: String,
    pub(in crate::schema) no_transaction: bool,
    pub(in crate::schema) up: Statements,
    pub(in crate::schema) down: Statements,
}

/// How many levels come by turns, and some that are higher than what comes before them.
const TURNS: usize = 4;
const CONTRACT_INDEXES: usize = 999;
const CONTRACT: usize = 1_002;
const LAST: usize = 2_001;

/// Puts steps in an order in which they can be taken, in as few migrations as that takes.
/// None if they need each other, which the keys say.
pub(super) fn phases(steps: &[Step]) -> Result<Vec<Phase>, Vec<Key>> {
    let order = order(steps)?;
    let first_values = steps.iter().any(|step| step.class == Class::NewValues);
    let mut levels = vec![0_usize; steps.len()];
    let mut by_level: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for place in order {
        let step = &steps[place];
        let before = step.after.iter().map(|before| levels[*before]);
        let least = before.max().unwrap_or_default().max(2);
        // From 2 on, what is quick, concurrent, validates, or fills comes by turns.
        let turn = |which: usize| least + (which + TURNS - least % TURNS) % TURNS;
        levels[place] = match step.class {
            Class::Rename if first_values => 0,
            Class::NewValues => 1,
            Class::Rename | Class::Quick | Class::Demand => turn(2),
            Class::Concurrent => turn(3),
            Class::Validate => turn(0),
            Class::Fill => turn(1),
            Class::ContractIndexes => turn(3).max(CONTRACT_INDEXES),
            Class::Contract => turn(2).max(CONTRACT),
            Class::OldValues => turn(1).max(LAST),
        };
        by_level.entry(levels[place]).or_default().push(place);
    }
    let mut phases = Vec::new();
    for (level, places) in by_level {
        let parts = split(steps, &places);
        let is_one = parts.len() == 1;
        phases.extend(parts.into_iter().map(|(table, places)| {
            let places = places.into_iter().map(|place| &steps[place]);
            let table = table.filter(|_| !is_one);
            phase(level, table, &places.collect::<Vec<_>>())
        }));
    }
    // A migration that is alone needs no name of its own.
    if let [phase] = &mut phases[..] {
        phase.part = String::new();
    }
    Ok(phases)
}

fn phase(level: usize, table: Option<&str>, steps: &[&Step]) -> Phase {
    let has = |class| steps.iter().any(|step| step.class == class);
    let part = match level {
        0 => "names",
        1 | LAST => "values",
        2 | CONTRACT => "",
        _ if has(Class::Concurrent) || has(Class::ContractIndexes) => "indexes",
        _ if has(Class::Validate) => "validate",
        _ if has(Class::Fill) => "fill",
        _ if has(Class::Demand) => "demand",
        _ => "finish",
    };
    // What no file can be called has a number that says enough.
    let table = table.and_then(|table| slug(last_part(table)).ok());
    let words = [Some(part.to_owned()), table].into_iter().flatten();
    let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    Phase {
        breaks: [Class::ContractIndexes, Class::Contract, Class::OldValues]
            .into_iter()
            .any(has)
            || steps.iter().any(|step| step.breaks),
        part: words.join("_"),
        no_transaction: [Class::Concurrent, Class::ContractIndexes, Class::Fill]
            .into_iter()
            .any(has),
        up: steps.iter().flat_map(|step| step.up.clone()).collect(),
        down: steps
            .iter()
            .rev()
            .map(|step| &step.down)
            .chain(steps.iter().rev().map(|step| &step.down_last))
            .flatten()
            .cloned()
            .collect(),
    }
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
