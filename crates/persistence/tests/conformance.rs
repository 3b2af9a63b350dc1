//! The conformance suite on PostgreSQL, through the loaders that a server reads through.

use std::sync::Arc;

use byline_domain::conformance_suite;
use byline_domain::testing::conformance::Ports;
use byline_persistence::testing::TestDatabase;
use byline_persistence::{CoalescingPosts, CoalescingUsers};

async fn open() -> (Ports, TestDatabase) {
    let test = TestDatabase::of_any_time().await;
    let database = Arc::new(test.database());
    // The reads of a case come one after another: so that they come by the queue too.
    let ports = Ports {
        users: Arc::new(CoalescingUsers::queued(database.clone())),
        posts: Arc::new(CoalescingPosts::queued(database.clone())),
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
