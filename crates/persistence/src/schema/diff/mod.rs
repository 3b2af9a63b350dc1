//! What is different between two catalogs, and how to get from one to the other.

mod bodies;
mod collect;
mod contract;
mod difference;
mod edges;
mod gentle;
mod graph;
mod group;
mod keep;
mod not_null;
mod plan;
pub(super) mod rebuild;
mod rename;
mod split;
mod step;
mod taken;

pub(super) use self::difference::differences;
pub use self::difference::{Change, Difference};
pub(super) use self::plan::plan;
pub(super) use self::rename::{Rename, statements};
pub(super) use self::step::Phase;
