//! The program as its callers meet it: the built binary, a real client, a real
//! PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

mod batches;
mod changes;
mod commands;
mod counts;
mod deadlocks;
mod errors;
mod exports;
mod exports_bounded;
mod filters;
mod heavy;
mod imports;
mod imports_again;
mod imports_bounded;
mod lists;
mod lost_commits;
mod masks;
mod model;
mod orders;
mod outage;
mod posts;
mod process;
mod proxy;
mod retries;
mod searches;
mod statements;
mod support;
mod sweeping;
mod tokens;
mod transactions;
mod trash;
mod trying_out;
mod updates_at_once;
mod users;
mod wire;
