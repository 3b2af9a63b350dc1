//! Which steps of one level are one migration.

use std::collections::BTreeSet;

use super::step::{Class, Step};

/// Steps with the table that they lock, if they lock any.
pub(super) type Part<'a> = (Option<&'a str>, Vec<usize>);

/// Splits steps of one level, in an order in which they can be taken, so that no migration
/// locks a table while it waits for another one. What is dropped and made again is away no
/// longer than that takes: it is in one with what comes in between.
pub(super) fn split<'a>(steps: &'a [Step], places: &[usize]) -> Vec<Part<'a>> {
    let has_transaction = |place: &usize| {
        matches!(
            steps[*place].class,
            Class::Rename | Class::Quick | Class::Demand | Class::Contract
        )
    };
    if !places.iter().all(has_transaction) {
        return vec![(None, places.to_vec())];
    }
    let is_whole = |place: &usize| steps[*place].is_whole;
    let (mut after, mut before) = (BTreeSet::new(), BTreeSet::new());
    for place in places {
        let waits = |other: &usize| after.contains(other) || is_whole(other);
        if steps[*place].after.iter().any(waits) {
            after.insert(*place);
        }
    }
    for place in places.iter().rev() {
        if is_whole(place) || before.contains(place) {
            before.extend(steps[*place].after.iter().copied());
        }
    }
    let is_between =
        |place: &usize| is_whole(place) || after.contains(place) && before.contains(place);
    let those = |wanted: &dyn Fn(&usize) -> bool| -> Vec<usize> {
        let places = places.iter().filter(|place| wanted(place));
        places.copied().collect()
    };
    let first = those(&|place| !is_between(place) && !after.contains(place));
    let last = those(&|place| !is_between(place) && after.contains(place));
    let mut parts = by_table(steps, first);
    parts.extend(wholes(steps, &those(&is_between)));
    parts.extend(by_table(steps, last));
    // What locks the same is together.
    let mut joined: Vec<Part<'_>> = Vec::new();
    for (table, places) in parts {
        match joined.last_mut() {
            Some((last, all)) if *last == table => all.extend(places),
            _ => joined.push((table, places)),
        }
    }
    joined
}

/// Those that wait for each other, directly or by way of others, are together.
fn wholes<'a>(steps: &'a [Step], places: &[usize]) -> Vec<Part<'a>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for place in places {
        let (with, without): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| {
            let mut group = group.iter();
            group.any(|other| steps[*place].after.contains(other))
        });
        let mut group = with.concat();
        group.push(*place);
        groups = without;
        groups.push(group);
    }
    let all = groups.into_iter().map(|mut group| {
        // In the order in which they can be taken.
        group.sort_by_key(|place| places.iter().position(|other| other == place));
        let mut tables = group
            .iter()
            .filter_map(|place| steps[*place].table.as_deref());
        (tables.next(), group)
    });
    all.collect()
}

fn by_table(steps: &[Step], mut open: Vec<usize>) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    while !open.is_empty() {
        let ready = |place: &usize| !open.iter().any(|other| steps[*place].after.contains(other));
        let last = parts.last().map(|(table, _)| *table);
        let fits = |place: usize| {
            let table = steps[place].table.as_deref();
            last.is_some_and(|last| table.is_none() || last.is_none() || last == table)
        };
        let all = open.iter().filter(|place| ready(place)).copied();
        let next = all.clone().find(|place| fits(*place));
        let next = next.or_else(|| all.clone().next()).unwrap_or(open[0]);
        if !fits(next) {
            parts.push((None, Vec::new()));
        }
        open.retain(|place| *place != next);
        if let Some((table, places)) = parts.last_mut() {
            *table = table.or(steps[next].table.as_deref());
            places.push(next);
        }
    }
    parts
}
