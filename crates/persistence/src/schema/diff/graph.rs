//! Steps by what waits for what.

use std::collections::BTreeSet;

use super::step::Step;

/// For each step those that wait for it.
pub(super) fn followers(steps: &[Step]) -> Vec<Vec<usize>> {
    let mut followers = vec![Vec::new(); steps.len()];
    for (place, step) in steps.iter().enumerate() {
        for before in &step.after {
            followers[*before].push(place);
        }
    }
    followers
}

/// Those, and whatever waits for them, directly or by way of others.
pub(super) fn reached(followers: &[Vec<usize>], mut open: Vec<usize>) -> BTreeSet<usize> {
    let mut all = BTreeSet::new();
    while let Some(place) = open.pop() {
        if all.insert(place) {
            open.extend(&followers[place]);
        }
    }
    all
}

/// Those, and whatever they wait for.
pub(super) fn before(steps: &[Step], mut open: Vec<usize>) -> BTreeSet<usize> {
    let mut all = BTreeSet::new();
    while let Some(place) = open.pop() {
        if all.insert(place) {
            open.extend(&steps[place].after);
        }
    }
    all
}
