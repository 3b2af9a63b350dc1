//! The role that the service runs as: what it may do, what it may not, and what tells whether
//! that is so. That it may do all it has to is what every other test shows, whose adapters
//! connect as it.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

mod doctor;
mod exact;
mod forbidden;
mod granting;

use byline_persistence::PgConnectOptions;
use byline_persistence::testing::{Connection, TestDatabase, execute, rows};

/// The name of a role that belongs to one database, and whom a test may change.
const ROLE_OF_ITS_OWN: &str = "do $$ begin
    execute format('create role %I login', current_database() || '_service');
end $$";

/// A migrated database, and the name of a role that has no rights in it.
async fn with_a_role() -> (TestDatabase, Connection, String) {
    let test = TestDatabase::new().await;
    let mut admin = test.connection().await;
    execute(&mut admin, ROLE_OF_ITS_OWN).await;
    let name = rows(&mut admin, "select current_database() || '_service'").await;
    (test, admin, name.into_iter().next().unwrap())
}

/// How a role connects.
fn as_role(test: &TestDatabase, role: &str) -> PgConnectOptions {
    test.connect_options().username(role)
}

/// Runs what is made up as a test goes.
async fn run(connection: &mut Connection, sql: &str) {
    execute(connection, sql.to_owned().leak()).await;
}
