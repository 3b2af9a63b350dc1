use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::*;

/// Is answered after that time, and fails at a number.
#[derive(Clone, Copy)]
struct Fake {
    takes: Duration,
    fails_at: u64,
}

impl Fake {
    fn taking(millis: u64) -> Self {
        Self {
            takes: Duration::from_millis(millis),
            fails_at: u64::MAX,
        }
    }
}

impl Caller for Fake {
    async fn call(&mut self, number: u64) -> Result<u64, Failure> {
        sleep(self.takes).await;
        if number >= self.fails_at {
            return Err("the fake was told to fail".into());
        }
        Ok(2)
    }
}

fn is_about(value: u64, expected: u64) -> bool {
    // As exact as times are kept, and a tick.
    value.abs_diff(expected) <= expected / 500 + 1_000
}

async fn measured(callers: usize, takes: u64, rate: Option<f64>) -> Counted {
    let mut load = Load::start(vec![Fake::taking(takes); callers], rate);
    load.run_for(Duration::from_secs(1)).await.unwrap();
    load.measure(Duration::from_secs(10)).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_closed_loop_calls_as_soon_as_it_was_answered() {
    let counted = measured(4, 100, None).await;
    assert_eq!(counted.elapsed, Duration::from_secs(10));
    assert!((396..=404).contains(&counted.calls), "{}", counted.calls);
    assert_eq!(counted.rows, 2 * counted.calls);
    assert!(is_about(counted.times.max(), 100_000));
}

#[tokio::test(start_paused = true)]
async fn an_open_loop_that_is_not_held_up_takes_what_calls_take() {
    let counted = measured(4, 100, Some(20.0)).await;
    assert!((199..=201).contains(&counted.calls), "{}", counted.calls);
    assert!(
        is_about(counted.times.max(), 100_000),
        "{}",
        counted.times.max()
    );
}

#[tokio::test(start_paused = true)]
async fn an_open_loop_counts_what_calls_wait() {
    // One caller is answered 10 times a second, and 20 calls a second are to be made: a call that
    // ends after 11 seconds was to begin when half of these had passed.
    let counted = measured(1, 100, Some(20.0)).await;
    assert!((99..=101).contains(&counted.calls), "{}", counted.calls);
    let (shortest, longest) = (counted.times.min(), counted.times.max());
    assert!((500_000..=700_000).contains(&shortest), "{shortest}");
    assert!((5_400_000..=5_600_000).contains(&longest), "{longest}");
}

#[tokio::test(start_paused = true)]
async fn a_window_is_longer_where_calls_take_long() {
    let began = Instant::now();
    let mut load = Load::start(vec![Fake::taking(2_000); 2], None);
    let counted = load.measure(Duration::from_secs(1)).await.unwrap();
    assert!(
        (FEWEST..FEWEST + 3).contains(&counted.calls),
        "{}",
        counted.calls
    );
    assert!(began.elapsed() < PATIENCE);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_ends_the_load() {
    let fake = Fake {
        fails_at: 5,
        ..Fake::taking(10)
    };
    let mut load = Load::start(vec![fake; 2], None);
    let failed = load.measure(Duration::from_mins(1)).await.err();
    assert_eq!(
        failed.map(|it| it.to_string()).as_deref(),
        Some("the fake was told to fail")
    );
}
