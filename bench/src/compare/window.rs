//! What is measured in one go: a workload on a contender for some seconds.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::Failure;
use crate::load::workload::Unit;
use crate::load::{self, Counted};
use crate::numbers::float;
use crate::usage::Processes;

/// What came of a window, and what it took.
pub(crate) struct Window {
    pub(crate) calls: u64,
    pub(crate) rows: u64,
    pub(crate) elapsed: Duration,
    /// How long calls took, in microseconds.
    pub(crate) times: Histogram<u64>,
    /// The processor's time of the server, if there is one.
    pub(crate) server: Option<Duration>,
    /// That of PostgreSQL.
    pub(crate) database: Duration,
    /// The most memory of the server in the window, in bytes.
    pub(crate) peak: Option<u64>,
}

impl Window {
    pub(crate) fn of(counted: Counted, spent: &Spent) -> Self {
        Self {
            calls: counted.calls,
            rows: counted.rows,
            elapsed: counted.elapsed,
            times: counted.times,
            server: spent.server,
            database: spent.database,
            peak: spent.peak,
        }
    }

    /// In a second.
    pub(crate) fn rate(&self, unit: Unit) -> f64 {
        let count = match unit {
            Unit::Calls => self.calls,
            Unit::Rows => self.rows,
        };
        float(count) / self.elapsed.as_secs_f64()
    }

    /// One of several, which are taken for one long one.
    pub(crate) fn all<'a>(windows: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let mut windows = windows.into_iter();
        let first = windows.next()?;
        let mut all = Self {
            times: load::times(),
            ..*first
        };
        all.times += &first.times;
        for it in windows {
            all.calls += it.calls;
            all.rows += it.rows;
            all.elapsed += it.elapsed;
            all.times += &it.times;
            all.server = all.server.zip(it.server).map(|(all, it)| all + it);
            all.database += it.database;
            all.peak = all.peak.max(it.peak);
        }
        Some(all)
    }
}

/// What was spent on something.
pub(crate) struct Spent {
    server: Option<Duration>,
    database: Duration,
    peak: Option<u64>,
}

/// Looks at what is spent from its start.
pub(crate) struct Meter {
    server: Option<Processes>,
    database: Processes,
    before: (Option<Duration>, Duration),
}

impl Meter {
    pub(crate) fn start(server: Option<Processes>, database: Processes) -> Result<Self, Failure> {
        if let Some(server) = server {
            server.forget_peak()?;
        }
        Ok(Self {
            before: (server.map(Processes::time), database.time()),
            server,
            database,
        })
    }

    pub(crate) fn stop(self) -> Spent {
        let (server, database) = self.before;
        let spent = |processes: Processes, before| processes.time().saturating_sub(before);
        Spent {
            server: self
                .server
                .zip(server)
                .map(|(it, before)| spent(it, before)),
            database: spent(self.database, database),
            peak: self.server.map(Processes::peak),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(calls: u64, micros: u64, peak: u64) -> Window {
        let mut times = load::times();
        times.record_n(micros, calls).unwrap();
        Window {
            calls,
            rows: 2 * calls,
            elapsed: Duration::from_secs(2),
            times,
            server: Some(Duration::from_secs(1)),
            database: Duration::from_secs(1),
            peak: Some(peak),
        }
    }

    #[test]
    fn several_windows_are_one_long_one() {
        let windows = [window(300, 100, 7), window(100, 900, 5)];
        let all = Window::all(&windows).unwrap();
        assert_eq!((all.calls, all.rows, all.peak), (400, 800, Some(7)));
        assert_eq!(all.server, Some(Duration::from_secs(2)));
        assert_eq!(all.times.value_at_quantile(0.5), 100);
        assert_eq!(all.times.value_at_quantile(0.99), 900);
        assert!(Window::all([]).is_none());
    }

    #[test]
    fn a_rate_is_of_calls_or_of_rows() {
        let window = window(300, 100, 7);
        assert!((window.rate(Unit::Calls) - 150.0).abs() < 1e-9);
        assert!((window.rate(Unit::Rows) - 300.0).abs() < 1e-9);
    }
}
