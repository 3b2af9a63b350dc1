//! Makes load: as many callers at once as are asked for, each of which makes one call after
//! another, either as soon as the last one was answered (a closed loop) or at times that were set
//! before (an open loop).

mod pace;
pub(crate) mod pool;
pub(crate) mod requests;
pub(crate) mod transfers;
pub(crate) mod workload;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use self::pace::Pace;
use crate::Failure;

/// A window is longer than it was to be until so many calls have ended in it, or [`PATIENCE`] has.
const FEWEST: u64 = 20;
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest time that is told from longer ones, in microseconds.
const LONGEST: u64 = 60_000_000;

/// Makes calls, one after another.
pub(crate) trait Caller: Send + 'static {
    /// Makes the call of that number, and fails unless it is answered as it is to be. Answers how
    /// many rows came or went.
    fn call(&mut self, number: u64) -> impl Future<Output = Result<u64, Failure>> + Send;
}

/// What came of a window.
pub(crate) struct Counted {
    pub(crate) calls: u64,
    pub(crate) rows: u64,
    pub(crate) elapsed: Duration,
    /// How long calls took, in microseconds.
    pub(crate) times: Histogram<u64>,
}

/// No times yet.
pub(crate) fn times() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 3).expect("the bounds are in order")
}

/// As a [`Histogram`] takes it.
pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Load that is being made.
pub(crate) struct Load {
    shared: Arc<Shared>,
    callers: JoinSet<Result<(Histogram<u64>, u64), Failure>>,
}

struct Shared {
    pace: Pace,
    phase: AtomicU8,
    next: AtomicU64,
    /// The calls that have ended while it is measured.
    ended: AtomicU64,
}

const WARMING_UP: u8 = 0;
const MEASURED: u8 = 1;
const OVER: u8 = 2;

impl Load {
    /// Begins. With a rate, so many calls a second are begun by all callers together.
    pub(crate) fn start<C: Caller>(
        callers: impl IntoIterator<Item = C>,
        rate: Option<f64>,
    ) -> Self {
        let shared = Arc::new(Shared {
            pace: Pace::new(rate),
            phase: AtomicU8::new(WARMING_UP),
            next: AtomicU64::new(0),
            ended: AtomicU64::new(0),
        });
        let mut running = JoinSet::new();
        for caller in callers {
            running.spawn(make(caller, shared.clone()));
        }
        Self {
            shared,
            callers: running,
        }
    }

    /// Leaves it running for some time. Fails as soon as a call does.
    pub(crate) async fn run_for(&mut self, time: Duration) -> Result<(), Failure> {
        tokio::select! {
            () = sleep(time) => Ok(()),
            Some(ended) = self.callers.join_next() => match ended? {
                Ok(_) => Err("a caller has ended by itself".into()),
                Err(failure) => Err(failure),
            },
        }
    }

    /// Counts what ends from now on until that time has passed, and ends.
    pub(crate) async fn measure(&mut self, length: Duration) -> Result<Counted, Failure> {
        let began = Instant::now();
        self.shared.phase.store(MEASURED, Ordering::Relaxed);
        self.run_for(length).await?;
        while self.shared.ended.load(Ordering::Relaxed) < FEWEST && began.elapsed() < PATIENCE {
            self.run_for(Duration::from_millis(50)).await?;
        }
        self.shared.phase.store(OVER, Ordering::Relaxed);
        let elapsed = began.elapsed();
        let (mut all, mut all_rows) = (times(), 0);
        while let Some(ended) = self.callers.join_next().await {
            let (times, rows) = ended??;
            all.add(times)?;
            all_rows += rows;
        }
        Ok(Counted {
            calls: all.len(),
            rows: all_rows,
            elapsed,
            times: all,
        })
    }
}

/// Makes calls until it is over. Answers how long those took that were measured, and their rows.
async fn make<C: Caller>(
    mut caller: C,
    shared: Arc<Shared>,
) -> Result<(Histogram<u64>, u64), Failure> {
    let (mut times, mut all_rows) = (times(), 0);
    loop {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        let began = shared.pace.begin(number).await;
        if shared.phase.load(Ordering::Relaxed) == OVER {
            return Ok((times, all_rows));
        }
        let rows = caller.call(number).await?;
        let took = began.elapsed();
        if shared.phase.load(Ordering::Relaxed) == MEASURED {
            times.saturating_record(micros(took).max(1));
            all_rows += rows;
            shared.ended.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
