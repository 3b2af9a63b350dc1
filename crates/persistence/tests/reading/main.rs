//! Reads, where PostgreSQL's own behaviour matters: broad searches, estimates, and
//! columns that are left alone.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

mod broad_searches;
mod columns;
mod estimates;
mod hostile_searches;
mod searches_of_posts;
mod snippets;
mod words;
