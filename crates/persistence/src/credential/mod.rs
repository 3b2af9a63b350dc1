//! Credentials, and the failures that slow guessing down, in PostgreSQL.

mod reader;
mod repository;
mod row;
mod throttle;
