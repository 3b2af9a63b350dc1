//! The program as its callers meet it: the built binary, a real client, a real
//! PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

mod counts;
mod errors;
mod filters;
mod heavy;
mod lists;
mod masks;
mod orders;
mod outage;
mod posts;
mod process;
mod searches;
mod statements;
mod support;
mod tokens;
mod users;
