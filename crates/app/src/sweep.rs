//! Removing what has had its time, without being in anybody's way.

use std::sync::Arc;

use byline_domain::audit::AuditRetention;
use byline_domain::clock::Clock;
use byline_domain::error::RepositoryError;
use byline_domain::pause::Pause;
use byline_domain::sweep::{Expired, MAX_SWEPT, Sweeper};
use chrono::TimeDelta;

/// Tells how busy the process is.
pub trait Load: Send + Sync {
    /// Whether callers need what there is.
    fn is_high(&self) -> bool;
}

/// Nobody else is there.
pub struct NoLoad;

impl Load for NoLoad {
    fn is_high(&self) -> bool {
        false
    }
}

/// Rests so many times as long as each batch took: a sweep takes a fifth of one connection.
const REST: i32 = 4;
/// It rests no longer than that, or one slow batch would end sweeping for hours.
const MAX_REST: TimeDelta = TimeDelta::minutes(1);
/// How long it waits while the load is high, before it looks again.
const WAIT: TimeDelta = TimeDelta::seconds(1);
/// It waits no longer than that for a batch, or a server that is busy for good would keep everything
/// for good.
const MAX_WAIT: TimeDelta = TimeDelta::minutes(1);

/// What was removed in a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Posts.
    pub posts: u64,
    /// Users.
    pub users: u64,
    /// Records of requests.
    pub requests: u64,
    /// Counts of failures that are forgotten.
    pub throttles: u64,
    /// Events of the audit log.
    pub audit_events: u64,
    /// Whether the round ended early because another process is sweeping.
    pub yielded: bool,
}

impl Swept {
    fn of(&mut self, what: Expired) -> &mut u64 {
        match what {
            Expired::Posts => &mut self.posts,
            Expired::Users => &mut self.users,
            Expired::Requests => &mut self.requests,
            Expired::Throttles => &mut self.throttles,
            Expired::AuditEvents => &mut self.audit_events,
        }
    }

    /// Whether nothing was there to be removed.
    pub fn is_nothing(&self) -> bool {
        self.posts + self.users + self.requests + self.throttles + self.audit_events == 0
    }
}

/// Removes what has had its time, in batches of at most [`MAX_SWEPT`], each in a
/// transaction of its own.
pub struct Sweep {
    sweeper: Arc<dyn Sweeper>,
    clock: Arc<dyn Clock>,
    pause: Arc<dyn Pause>,
    load: Arc<dyn Load>,
    audit_retention: AuditRetention,
}

impl Sweep {
    /// Sweeps through these ports. Events of the audit log are kept for `audit_retention`.
    pub fn new(
        sweeper: Arc<dyn Sweeper>,
        clock: Arc<dyn Clock>,
        pause: Arc<dyn Pause>,
        load: Arc<dyn Load>,
        audit_retention: AuditRetention,
    ) -> Self {
        Self {
            sweeper,
            clock,
            pause,
            load,
            audit_retention,
        }
    }

    /// Removes all that is due now. Waits while the load is high, but no longer than a minute
    /// before each batch, rests after it, and leaves the rest to another process if one is
    /// sweeping.
    pub async fn round(&self) -> Result<Swept, RepositoryError> {
        let mut swept = Swept::default();
        for what in Expired::ALL {
            loop {
                self.wait().await;
                let began = self.clock.now();
                let Some(count) = self
                    .sweeper
                    .sweep(what, what.due_by(began, self.audit_retention), MAX_SWEPT)
                    .await?
                else {
                    swept.yielded = true;
                    return Ok(swept);
                };
                *swept.of(what) += count;
                if count < u64::from(MAX_SWEPT) {
                    break;
                }
                let rest = (self.clock.now() - began) * REST;
                self.pause.rest(rest.min(MAX_REST)).await;
            }
        }
        Ok(swept)
    }

    /// Until the load is not high, or for as long as it waits at most.
    async fn wait(&self) {
        let mut waited = TimeDelta::zero();
        while waited < MAX_WAIT && self.load.is_high() {
            self.pause.rest(WAIT).await;
            waited += WAIT;
        }
    }

    /// How much is due now.
    pub async fn due(&self) -> Result<Swept, RepositoryError> {
        let now = self.clock.now();
        let mut due = Swept::default();
        for what in Expired::ALL {
            let by = what.due_by(now, self.audit_retention);
            *due.of(what) = self.sweeper.count_due(what, by).await?;
        }
        Ok(due)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use byline_domain::testing::fixtures::{TickingClock, time};
    use byline_domain::testing::mocks::{MockPause, MockSweeper};
    use chrono::{DateTime, Utc};
    use mockall::Sequence;
    use mockall::predicate::{always, eq};

    use super::*;

    /// High as often as it says, then not.
    struct Busy(Mutex<u32>);

    impl Load for Busy {
        fn is_high(&self) -> bool {
            let mut left = self.0.lock().expect("no test panicked here");
            let high = *left > 0;
            *left = left.saturating_sub(1);
            high
        }
    }

    /// An hour later at each look.
    #[derive(Default)]
    struct SlowClock(Mutex<i64>);

    impl Clock for SlowClock {
        fn now(&self) -> DateTime<Utc> {
            let mut hours = self.0.lock().expect("no test panicked here");
            *hours += 1;
            time(0) + TimeDelta::hours(*hours)
        }
    }

    fn sweep(sweeper: MockSweeper, pause: MockPause, busy: u32) -> Sweep {
        Sweep::new(
            Arc::new(sweeper),
            Arc::new(TickingClock::default()),
            Arc::new(pause),
            Arc::new(Busy(Mutex::new(busy))),
            AuditRetention::DEFAULT,
        )
    }

    /// Answers these in turn.
    fn sweeps(batches: &[(Expired, Option<u64>)]) -> MockSweeper {
        let (mut sweeper, mut order) = (MockSweeper::new(), Sequence::new());
        for (what, count) in batches.iter().copied() {
            sweeper
                .expect_sweep()
                .with(eq(what), always(), eq(MAX_SWEPT))
                .once()
                .in_sequence(&mut order)
                .returning(move |_, _, _| Ok(count));
        }
        sweeper
    }

    #[tokio::test]
    async fn posts_go_before_users_and_each_kind_until_a_batch_is_not_full() {
        let sweeper = sweeps(&[
            (Expired::Posts, Some(1_000)),
            (Expired::Posts, Some(3)),
            (Expired::Users, Some(2)),
            (Expired::Requests, Some(0)),
            (Expired::Throttles, Some(5)),
            (Expired::AuditEvents, Some(0)),
        ]);
        let mut pause = MockPause::new();
        // The clock ticks a second a look: a batch takes one, and the rest four.
        pause
            .expect_rest()
            .with(eq(TimeDelta::seconds(4)))
            .once()
            .returning(|_| ());
        let swept = sweep(sweeper, pause, 0).round().await.expect("swept");
        let expected = Swept {
            posts: 1_003,
            users: 2,
            requests: 0,
            throttles: 5,
            audit_events: 0,
            yielded: false,
        };
        assert_eq!(swept, expected);
    }

    #[tokio::test]
    async fn it_waits_while_the_load_is_high() {
        let sweeper = sweeps(&Expired::ALL.map(|what| (what, Some(0))));
        let mut pause = MockPause::new();
        pause
            .expect_rest()
            .with(eq(TimeDelta::seconds(1)))
            .times(3)
            .returning(|_| ());
        let swept = sweep(sweeper, pause, 3).round().await.expect("swept");
        assert!(swept.is_nothing());
    }

    #[tokio::test]
    async fn on_a_server_that_stays_busy_each_batch_waits_for_a_minute() {
        let full = (Expired::Posts, u64::from(MAX_SWEPT));
        let rest = Expired::ALL.map(|what| (what, 0));
        let (mut sweeper, mut pause) = (MockSweeper::new(), MockPause::new());
        let mut order = Sequence::new();
        for (what, count) in [full].into_iter().chain(rest) {
            pause
                .expect_rest()
                .with(eq(TimeDelta::seconds(1)))
                .times(60)
                .in_sequence(&mut order)
                .returning(|_| ());
            sweeper
                .expect_sweep()
                .with(eq(what), always(), eq(MAX_SWEPT))
                .once()
                .in_sequence(&mut order)
                .returning(move |_, _, _| Ok(Some(count)));
            if count > 0 {
                // And rests after one that was full.
                pause
                    .expect_rest()
                    .with(eq(TimeDelta::seconds(4)))
                    .once()
                    .in_sequence(&mut order)
                    .returning(|_| ());
            }
        }
        let swept = sweep(sweeper, pause, u32::MAX)
            .round()
            .await
            .expect("swept");
        assert_eq!(swept.posts, u64::from(MAX_SWEPT));
    }

    #[tokio::test]
    async fn a_batch_that_took_an_hour_does_not_end_sweeping_for_four() {
        let full = (Expired::Posts, Some(u64::from(MAX_SWEPT)));
        let rest = Expired::ALL.map(|what| (what, Some(0)));
        let mut pause = MockPause::new();
        pause
            .expect_rest()
            .with(eq(TimeDelta::minutes(1)))
            .once()
            .returning(|_| ());
        let slow = Sweep {
            clock: Arc::new(SlowClock::default()),
            ..sweep(sweeps(&[&[full], &rest[..]].concat()), pause, 0)
        };
        slow.round().await.expect("swept");
    }

    #[tokio::test]
    async fn it_gives_way_to_another_process() {
        let sweeper = sweeps(&[(Expired::Posts, Some(7)), (Expired::Users, None)]);
        let swept = sweep(sweeper, MockPause::new(), 0).round().await;
        let swept = swept.expect("swept");
        assert_eq!((swept.posts, swept.yielded), (7, true));
    }

    #[tokio::test]
    async fn a_database_that_is_away_ends_the_round() {
        let mut sweeper = MockSweeper::new();
        sweeper
            .expect_sweep()
            .once()
            .returning(|_, _, _| Err(crate::testing::unavailable()));
        let failed = sweep(sweeper, MockPause::new(), 0).round().await;
        assert!(matches!(failed, Err(RepositoryError::Unavailable(_))));
    }
}
