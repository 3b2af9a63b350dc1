//! How often something may happen, for each of many whom nobody has counted: callers, addresses.
//! What is kept of them has a bound, however many there are.

mod lines;
mod store;

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Mutex;
use std::time::Duration;

use governor::RateLimiter;
use governor::clock::{Clock, DefaultClock, Reference};
use governor::middleware::NoOpMiddleware;

pub(crate) use governor::Quota;

pub(crate) use self::lines::Lines;
use self::store::Recent;

/// Of how many something is kept at once; those beyond share one state. 2 MiB.
const MOST: usize = 1 << 16;
/// How often those are forgotten who have used nothing up.
const SWEEP: Duration = Duration::from_secs(10);

/// Holds each to one quota.
pub(crate) struct Rates<C: Clock = DefaultClock> {
    limiter: RateLimiter<u64, Recent, C, NoOpMiddleware<C::Instant>>,
    /// Its keys are random, so that nobody finds two names of one state.
    hasher: RandomState,
    swept: Mutex<C::Instant>,
}

impl Rates {
    pub(crate) fn new(quota: Quota) -> Self {
        Self::by(quota, MOST, DefaultClock::default())
    }
}

impl<C: Clock> Rates<C> {
    fn by(quota: Quota, most: usize, clock: C) -> Self {
        Self {
            swept: Mutex::new(clock.now()),
            hasher: RandomState::new(),
            limiter: RateLimiter::new(quota, Recent::new(most), clock),
        }
    }

    /// Lets it happen once more for `key`; or says after which time it could, in whole
    /// milliseconds.
    pub(crate) fn take(&self, key: &(impl Hash + ?Sized)) -> Result<(), Duration> {
        self.sweep();
        let key = self.hasher.hash_one(key);
        self.limiter.check_key(&key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.limiter.clock().now());
            let ms = wait.as_nanos().div_ceil(1_000_000);
            Duration::from_millis(ms.try_into().unwrap_or(u64::MAX))
        })
    }

    fn sweep(&self) {
        // Whoever comes while another one looks has nothing to do.
        let Ok(mut swept) = self.swept.try_lock() else {
            return;
        };
        let now = self.limiter.clock().now();
        if now.duration_since(*swept) >= SWEEP.into() {
            *swept = now;
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use governor::clock::FakeRelativeClock;

    use super::*;

    /// Two a second, five at once, for `most`.
    fn rates(most: usize) -> (Rates<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let number = |number| NonZeroU32::new(number).unwrap();
        let quota = Quota::per_second(number(2)).allow_burst(number(5));
        (Rates::by(quota, most, clock.clone()), clock)
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn each_has_its_burst_and_then_its_rate() {
        let (rates, clock) = rates(MOST);
        for _ in 0..5 {
            rates.take("web").unwrap();
        }
        assert_eq!(rates.take("web"), Err(ms(500)));
        clock.advance(ms(300));
        assert_eq!(rates.take("web"), Err(ms(200)));
        // Nobody else is concerned, and to be refused costs nothing.
        rates.take("job").unwrap();
        clock.advance(Duration::from_nanos(199_000_001));
        assert_eq!(rates.take("web"), Err(ms(1)));
        clock.advance(ms(1));
        rates.take("web").unwrap();
        assert!(rates.take("web").is_err());
        clock.advance(Duration::from_hours(1));
        for _ in 0..5 {
            rates.take("web").unwrap();
        }
        assert!(rates.take("web").is_err());
    }

    #[test]
    fn those_who_have_used_nothing_up_are_forgotten_and_the_others_are_not() {
        let (rates, clock) = rates(MOST);
        for number in 0..1_000 {
            rates.take(&number).unwrap();
        }
        assert_eq!(rates.limiter.len(), 1_000);
        clock.advance(SWEEP.saturating_sub(ms(100)));
        for _ in 0..5 {
            rates.take("web").unwrap();
        }
        clock.advance(ms(100));
        assert_eq!(rates.take("web"), Err(ms(400)));
        assert_eq!(rates.limiter.len(), 1);
    }

    #[test]
    fn those_beyond_the_bound_share_one_state_until_there_is_room() {
        let (rates, clock) = rates(3);
        for number in 0..8 {
            rates.take(&number).unwrap();
        }
        assert_eq!(rates.limiter.len(), 3);
        assert_eq!(rates.take(&99), Err(ms(500)));
        // Those who are known have their own.
        for number in 0..3 {
            rates.take(&number).unwrap();
        }
        clock.advance(SWEEP);
        for _ in 0..5 {
            rates.take(&99).unwrap();
        }
        rates.take(&100).unwrap();
        assert_eq!(rates.limiter.len(), 2);
    }
}
