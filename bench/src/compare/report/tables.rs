//! The table of a workload.

use std::fmt::Write as _;
use std::time::Duration;

use super::with_spread;
use crate::compare::contender::Contender;
use crate::compare::run::Measured;
use crate::compare::window::Window;
use crate::load::workload::{Unit, Workload};
use crate::numbers::{Spread, float, whole};
use crate::page::grouped;

pub(super) const LEGEND: &str = "\
Rates are medians of the rounds. A ratio is of two rates of one round: its median, its least and its
most. Percentiles are of all rounds together, in microseconds; of what streams, of whole streams.
CPU is the time of the processors, in milliseconds for 1,000 calls or rows: of the server, and of
PostgreSQL. Memory is the most that the server's processes had, added up, in MiB; what they share
is counted for each of them.

";

/// Adds the table of a workload.
pub(super) fn write(
    text: &mut String,
    measured: &Measured,
    workload: Workload,
    contenders: &[Contender],
) {
    let unit = match workload.unit() {
        Unit::Calls => "calls/s",
        Unit::Rows => "rows/s",
    };
    let _ = write!(
        text,
        "### {}\n\nAsked for: {}.\n\n\
         | | {unit} | Byline / it | p50 | p99 | p99.9 | CPU server | CPU database | memory |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        workload.says(),
        workload.explains(),
    );
    for contender in contenders {
        let Some(window) = measured.all(workload, *contender) else {
            continue;
        };
        let ratio = if *contender == Contender::Byline {
            String::new()
        } else {
            with_spread(measured.ratio(workload, *contender))
        };
        let rate = Spread::of(measured.rates(workload, *contender));
        let _ = writeln!(
            text,
            "| {} | {} | {ratio} | {} |",
            contender.says(),
            rate.map_or_else(String::new, |rate| grouped(whole(rate.median))),
            cells(&window, workload.unit()).join(" | "),
        );
    }
    text.push('\n');
}

/// Percentiles, time of processors, and memory.
fn cells(window: &Window, unit: Unit) -> [String; 6] {
    let percentile = |quantile| grouped(window.times.value_at_quantile(quantile));
    let count = match unit {
        Unit::Calls => window.calls,
        Unit::Rows => window.rows,
    };
    // Milliseconds of one in a thousand.
    let each = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1e6 / float(count.max(1)));
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        percentile(0.5),
        percentile(0.99),
        percentile(0.999),
        or_none(window.server.map(each)),
        each(window.database),
        or_none(window.peak.map(mebibytes)),
    ]
}

/// Of so many bytes, rounded up.
pub(super) fn mebibytes(bytes: u64) -> String {
    grouped(bytes.div_ceil(1_024 * 1_024))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::report::tests::{measured, window};

    #[test]
    fn a_table_has_a_line_for_each_that_was_measured() {
        let measured = measured(&[
            (Workload::GetUser, Contender::Byline, &[2_000, 2_400]),
            (Workload::GetUser, Contender::Rust, &[1_000, 1_000]),
        ]);
        let mut text = String::new();
        let contenders = [Contender::Byline, Contender::Rust, Contender::Node];
        write(&mut text, &measured, Workload::GetUser, &contenders);
        let lines: Vec<_> = text.lines().skip(6).collect();
        assert_eq!(
            lines,
            [
                "| Byline | 2,200 |  | 100 | 100 | 100 | 454.5 | 227.3 | 3 |",
                "| tonic + sqlx | 1,000 | 2.20 (2.00 to 2.40) | 100 | 100 | 100 | 1000.0 | 500.0 | 3 |",
                "",
            ]
        );
    }

    #[test]
    fn what_is_no_server_has_no_memory() {
        let mut window = window(1_000);
        (window.server, window.peak) = (None, None);
        let [.., server, database, memory] = cells(&window, Unit::Calls);
        assert_eq!([&*server, &*database, &*memory], ["-", "500.0", "-"]);
    }
}
