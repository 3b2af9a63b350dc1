//! What the role that the service runs as may do to Byline's tables and functions: what
//! stands here, and nothing else.

mod error;
mod give;
mod held;

pub use self::error::GrantError;
pub use self::give::{Granted, check_role, grant};
pub(crate) use self::held::differences;

/// What may be done to one table or function.
#[derive(Debug)]
pub struct Grant {
    /// Its name without its schema; of a function with its arguments, as
    /// PostgreSQL writes them.
    pub on: &'static str,
    /// Which of PostgreSQL's privileges, in small letters.
    pub privileges: &'static [&'static str],
}

const READ: &[&str] = &["select"];
const READ_AND_ADD: &[&str] = &["select", "insert"];
const READ_AND_WRITE: &[&str] = &["select", "insert", "update", "delete"];

const fn on(on: &'static str, privileges: &'static [&'static str]) -> Grant {
    Grant { on, privileges }
}

/// Every table, with what the service does to it. Locking rows needs the right to update them.
pub const TABLES: &[Grant] = &[
    on("_sqlx_migrations", READ),
    // Made and revoked by the owner, so that whoever gets hold of the service makes none.
    on("api_keys", READ),
    // Nobody changes or removes what was done; what has had its time goes by a function.
    on("audit_batches", READ_AND_ADD),
    on("audit_events", READ_AND_ADD),
    on("credentials", READ_AND_WRITE),
    on("posts", READ_AND_WRITE),
    on("request_records", READ_AND_WRITE),
    on("throttles", READ_AND_WRITE),
    on("users", READ_AND_WRITE),
];

/// Every function that is no trigger's. Those that no statement of the service calls have no
/// privilege here.
pub const FUNCTIONS: &[Grant] = &[
    // What is generated in a row of posts is so with the rights of whoever writes it.
    on("byline_words(text)", &["execute"]),
    on(
        "expire_audit_events(before timestamp with time zone, at_most integer)",
        &["execute"],
    ),
];
