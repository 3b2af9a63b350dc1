//! The system's clock and source of identifiers, the only ones there are.

use byline_domain::clock::Clock;
use byline_domain::ids::IdGenerator;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The system's clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the port's adapter")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// Time-ordered UUIDs (version 7).
pub(crate) struct SystemIds;

impl IdGenerator for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "this is the port's adapter")]
    fn generate(&self) -> Uuid {
        Uuid::now_v7()
    }
}
