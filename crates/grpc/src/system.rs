//! The system's clock, source of identifiers and way to wait, the only ones there are.

use std::time::Duration;

use async_trait::async_trait;
use byline_domain::clock::Clock;
use byline_domain::ids::IdGenerator;
use byline_domain::pause::Pause;
use chacha20poly1305::aead::Generate;
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

/// Bytes that nobody can guess.
///
/// # Panics
/// If the operating system has no random numbers to give.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    <[u8; N]>::generate()
}

/// A number at random, at least 0 and below 1.
pub(crate) fn fraction() -> f64 {
    // The last bits of a UUID are random.
    f64::from(SystemIds.generate().as_bytes()[15]) / 256.0
}

/// Waits at random, up to twice as long each time, from 20 ms to 1280.
pub(crate) struct RandomPause;

impl RandomPause {
    const FIRST: Duration = Duration::from_millis(20);

    /// At most so long before that retry.
    fn longest(retry: u32) -> Duration {
        Self::FIRST * 2_u32.saturating_pow(retry.saturating_sub(1).min(6))
    }

    /// So long before that retry.
    fn wait(retry: u32) -> Duration {
        Self::longest(retry).mul_f64(fraction())
    }
}

#[async_trait]
impl Pause for RandomPause {
    async fn before(&self, retry: u32) {
        tokio::time::sleep(Self::wait(retry)).await;
    }

    async fn rest(&self, span: TimeDelta) {
        tokio::time::sleep(span.to_std().unwrap_or_default()).await;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_fraction_is_anywhere_from_0_to_1() {
        let mut eighths = [0; 8];
        for _ in 0..4_000 {
            let fraction = fraction();
            assert!((0.0..1.0).contains(&fraction), "{fraction}");
            let below = (1..8).filter(|n| f64::from(*n) / 8.0 <= fraction);
            eighths[below.count()] += 1;
        }
        // 500 in each, and seven standard deviations to either side.
        assert!(
            eighths.iter().all(|many| (350..650).contains(many)),
            "{eighths:?}"
        );
    }

    #[test]
    fn a_retry_waits_at_random_up_to_twice_as_long_each_time_and_1280_ms_at_last() {
        for (retry, most) in [
            (1, 20),
            (2, 40),
            (3, 80),
            (7, 1_280),
            (8, 1_280),
            (u32::MAX, 1_280),
        ] {
            let waits: BTreeSet<_> = (0..200).map(|_| RandomPause::wait(retry)).collect();
            let most = Duration::from_millis(most);
            let (least, longest) = (waits.first().copied(), waits.last().copied());
            assert!(longest < Some(most), "{longest:?} before retry {retry}");
            assert!(longest > Some(most * 3 / 4), "{longest:?} before {retry}");
            assert!(least < Some(most / 4), "{least:?} before retry {retry}");
            // Whoever met does not meet again.
            assert!(waits.len() > 20, "{waits:?} before retry {retry}");
        }
    }
}
