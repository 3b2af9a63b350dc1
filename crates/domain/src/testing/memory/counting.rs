//! Counts apart by a value.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::count::{Counts, Group, MAX_GROUPS};
use crate::filter::Value;

/// How often each key occurs, the most frequent first.
pub(super) fn count_each<K: Ord>(
    keys: impl Iterator<Item = K>,
    value: impl Fn(K) -> Value,
) -> Counts {
    let mut counted: BTreeMap<K, u64> = BTreeMap::new();
    for key in keys {
        *counted.entry(key).or_default() += 1;
    }
    let total = counted.values().sum();
    let mut counted: Vec<_> = counted.into_iter().collect();
    // Stable: equals stay in the order of their keys.
    counted.sort_by_key(|(_, count)| Reverse(*count));
    counted.truncate(MAX_GROUPS);
    let groups = counted.into_iter().map(|(key, count)| Group {
        key: value(key),
        count,
    });
    Counts {
        total,
        groups: groups.collect(),
    }
}
