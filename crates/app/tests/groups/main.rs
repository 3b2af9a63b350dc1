//! Changes that arrive together are made together, and each is answered as if it were alone: over
//! memory, which by way of the conformance suite stands for PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

mod answers;
mod failures;
mod posts;
mod stage;
mod store;

/// Both lanes are taken by changes that wait for the store.
const TAKEN: [u64; 2] = [1, 2];
