//! The program as its callers meet it: the built binary, a real client, a real
//! PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

mod errors;
mod lists;
mod outage;
mod posts;
mod process;
mod support;
mod users;
