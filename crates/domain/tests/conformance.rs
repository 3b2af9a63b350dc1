//! The conformance suite on the in-memory adapter: what tests of use cases run
//! on keeps the same promises as the database does.

use std::future::{Ready, ready};
use std::sync::Arc;

use byline_domain::conformance_suite;
use byline_domain::testing::conformance::Ports;
use byline_domain::testing::memory::MemoryStore;

fn open() -> Ready<(Ports, ())> {
    let store = Arc::new(MemoryStore::new());
    let ports = Ports {
        users: store.clone(),
        posts: store.clone(),
        units: store.clone(),
        sweeper: store.clone(),
        exporter: store.clone(),
        credentials: store.clone(),
        throttle: store.clone(),
        audit: store,
    };
    ready((ports, ()))
}

conformance_suite!(open);
