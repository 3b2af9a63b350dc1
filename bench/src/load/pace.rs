//! When calls begin.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How late the runtime's timer may be without anybody being busy.
const TICK: Duration = Duration::from_millis(1);

/// When the calls of a load begin.
#[derive(Debug)]
pub(super) struct Pace {
    began: Instant,
    /// The time from one call to the next, in seconds; as soon as a caller is free if `None`.
    apart: Option<f64>,
}

impl Pace {
    /// So many calls a second.
    pub(super) fn new(rate: Option<f64>) -> Self {
        Self {
            began: Instant::now(),
            apart: rate.map(f64::recip),
        }
    }

    /// Waits until a call is to begin, and answers from when on it is to be counted. That is in
    /// the past when no caller was free in time: a slow answer holds up the calls after it, and
    /// what they wait is a part of what they take. That the timer is late is none.
    pub(super) async fn begin(&self, number: u64) -> Instant {
        let now = Instant::now();
        let Some(apart) = self.apart else {
            return now;
        };
        let intended = self.began + Duration::from_secs_f64(apart * crate::numbers::float(number));
        if intended <= now {
            return intended;
        }
        sleep_until(intended).await;
        Instant::now().min(intended + TICK)
    }
}
