//! Counting: all, and apart by a value.

use crate::filter::Value;

/// How exactly resources are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CountMode {
    /// To the last one, at the cost of looking at each.
    Exact,
    /// Exact below [`ESTIMATE_FROM`]; from there on an estimate of bounded cost,
    /// never less than [`ESTIMATE_FROM`].
    Estimate,
}

/// The count from which [`CountMode::Estimate`] need not be exact.
pub const ESTIMATE_FROM: u64 = 10_000;

/// How many groups a count names at most: the most frequent ones.
pub const MAX_GROUPS: usize = 1_000;

/// A count, all together and apart by a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All together.
    pub total: u64,
    /// The most frequent values, at most [`MAX_GROUPS`], the most frequent first and
    /// then by the value.
    pub groups: Vec<Group>,
}

/// How many share a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The value.
    pub key: Value,
    /// How many share it; at least 1.
    pub count: u64,
}
