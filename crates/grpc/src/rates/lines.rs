//! Lines of the log that strangers can cause: as many as somebody reads, and then their number.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Quota, Rates};

/// Of one host: as many at once, and one every `OF_A_HOST_EVERY` after that.
const OF_A_HOST: NonZeroU32 = NonZeroU32::new(10).expect("it is not 0");
const OF_A_HOST_EVERY: Duration = Duration::from_secs(10);
/// Of all hosts: as many at once, and `OF_ALL_A_SECOND` after that.
const OF_ALL: NonZeroU32 = NonZeroU32::new(50).expect("it is not 0");
const OF_ALL_A_SECOND: NonZeroU32 = NonZeroU32::new(5).expect("it is not 0");
/// How long it is counted what was left out, before that is told.
const TELLING: Duration = Duration::from_secs(5);

/// Bounds the lines of one kind. No host that causes many keeps those of others out, unless
/// many hosts do.
pub(crate) struct Lines {
    of_a_host: Rates,
    of_all: Rates,
    left_out: Arc<AtomicU64>,
    what: &'static str,
}

impl Lines {
    /// Of `what`, in the plural.
    pub(crate) fn new(what: &'static str) -> Self {
        let of_a_host = Quota::with_period(OF_A_HOST_EVERY).expect("it is some time");
        Self {
            of_a_host: Rates::new(of_a_host.allow_burst(OF_A_HOST)),
            of_all: Rates::new(Quota::per_second(OF_ALL_A_SECOND).allow_burst(OF_ALL)),
            left_out: Arc::default(),
            what,
        }
    }

    /// Has `line` write one that `host` has caused, or counts it. Within a runtime alone.
    pub(crate) fn write(&self, host: Option<IpAddr>, line: impl FnOnce()) {
        let may = self
            .of_a_host
            .take(&host)
            .and_then(|()| self.of_all.take(&()));
        if may.is_ok() {
            line();
        } else if self.left_out.fetch_add(1, Ordering::Relaxed) == 0 {
            // On a task, since none may come after it.
            let (left_out, what) = (Arc::clone(&self.left_out), self.what);
            tokio::spawn(async move {
                tokio::time::sleep(TELLING).await;
                let left_out = left_out.swap(0, Ordering::Relaxed);
                tracing::warn!(left_out, "not all {what} are logged");
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of those lines are written.
    fn written(lines: &Lines, hosts: impl IntoIterator<Item = [u8; 4]>) -> u32 {
        let mut written = 0;
        for host in hosts {
            lines.write(Some(host.into()), || written += 1);
        }
        written
    }

    #[tokio::test]
    async fn what_one_host_causes_keeps_nobody_elses_out() {
        let lines = Lines::new("lines");
        assert_eq!(written(&lines, [[192, 0, 2, 1]; 1_000]), OF_A_HOST.get());
        assert_eq!(written(&lines, [[192, 0, 2, 2]]), 1);
        assert_eq!(lines.left_out.load(Ordering::Relaxed), 990);
    }

    #[tokio::test]
    async fn many_hosts_cause_no_more_than_there_may_be() {
        let lines = Lines::new("lines");
        let hosts = (0..10_000_u32).map(|number| (number | 10 << 24).to_be_bytes());
        let written = written(&lines, hosts);
        // Some seconds may go by.
        assert!(
            (OF_ALL.get()..OF_ALL.get() * 3).contains(&written),
            "{written}"
        );
    }
}
