//! Schemas as PostgreSQL has them: what is different, and migrations that are generated.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

mod breaking;
mod casts;
mod columns;
mod constraints;
mod functions;
mod gaps;
mod indexes;
mod kept;
mod keys;
mod names;
mod programs;
mod random;
mod reading;
mod relations;
mod support;
mod types;
