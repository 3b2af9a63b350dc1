//! The system's clock, source of identifiers and way to wait, the only ones there are.

use std::time::Duration;

use async_trait::async_trait;
use byline_domain::clock::Clock;
use byline_domain::ids::IdGenerator;
use byline_domain::pause::Pause;
use chrono::{DateTime, TimeDelta, Utc};
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

/// A number at random, at least 0 and below 1.
pub(crate) fn fraction() -> f64 {
    // The last bits of a UUID are random.
    f64::from(SystemIds.generate().as_bytes()[15]) / 256.0
}

/// Waits at random, up to twice as long each time, from 20 ms on.
pub(crate) struct RandomPause;

impl RandomPause {
    const FIRST: Duration = Duration::from_millis(20);

    /// At most so long before that retry.
    fn longest(retry: u32) -> Duration {
        Self::FIRST * 2_u32.saturating_pow(retry.saturating_sub(1).min(6))
    }
}

#[async_trait]
impl Pause for RandomPause {
    async fn before(&self, retry: u32) {
        tokio::time::sleep(Self::longest(retry).mul_f64(fraction())).await;
    }

    async fn rest(&self, span: TimeDelta) {
        tokio::time::sleep(span.to_std().unwrap_or_default()).await;
    }
}
