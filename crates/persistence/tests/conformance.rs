//! The conformance suite on PostgreSQL.

use std::sync::Arc;

use byline_domain::conformance_suite;
use byline_domain::testing::conformance::Ports;
use byline_persistence::testing::TestDatabase;

async fn open() -> (Ports, TestDatabase) {
    let test = TestDatabase::of_any_time().await;
    let database = Arc::new(test.database());
    let ports = Ports {
        users: database.clone(),
        posts: database.clone(),
        units: database.clone(),
        sweeper: database.clone(),
        exporter: database.clone(),
        credentials: database.clone(),
        throttle: database.clone(),
        audit: database,
    };
    (ports, test)
}

conformance_suite!(open);
