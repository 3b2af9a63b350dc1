//! The schema's way up and down: what is PostgreSQL's own, and how what goes wrong ends.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

mod batches;
mod embedded;
mod hazards;
mod hostile;
mod ledgers;
mod locks;
mod running;
mod scripts;
mod support;
