//! What tests of every layer share. Behind the features `reference` and `testing`, which only
//! development dependencies turn on.

#[cfg(feature = "testing")]
pub mod conformance;
pub mod filters;
pub mod fixtures;
pub mod memory;
#[cfg(feature = "testing")]
pub mod mocks;
