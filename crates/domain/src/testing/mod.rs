//! What tests of every layer share. Behind the feature `testing`, which only
//! development dependencies turn on.

pub mod conformance;
pub mod filters;
pub mod fixtures;
pub mod memory;
pub mod mocks;
