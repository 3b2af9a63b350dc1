//! What is promised of the ratios of one run.

use std::fmt::Write as _;

use clap::ValueEnum as _;

use super::{Alone, CROWD};
use crate::compare::contender::Contender;
use crate::compare::run::Measured;
use crate::load::workload::{Unit, Workload};
use crate::numbers::{Spread, float, short};

/// What is promised, and what was measured.
struct Promise {
    says: String,
    bound: Bound,
    measured: Option<f64>,
}

#[derive(Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// By how much Byline is to be faster than others, or how near to a limit.
const FASTER: &[(Workload, Contender, f64)] = &[
    (Workload::GetUser, Contender::Wire, 0.6),
    (Workload::GetUser, Contender::Rust, 2.2),
    (Workload::GetUser, Contender::Sqlalchemy, 20.0),
    (Workload::GetUserPosts, Contender::Rust, 1.5),
    (Workload::GetUserPosts, Contender::Sqlalchemy, 20.0),
    (Workload::ListUsers, Contender::Rust, 1.5),
    (Workload::ListUsers, Contender::Sqlalchemy, 20.0),
    (Workload::CreatePost, Contender::Pgbench, 1.0),
    (Workload::CreatePost, Contender::Rust, 2.0),
];

/// The rows of a batch by those of single calls.
const BATCHED: f64 = 20.0;

/// The time of a deep page by that of the first.
const DEEPER: f64 = 1.2;

/// The most memory with [`CROWD`] calls in flight, in MiB, and the longest start, in seconds.
const MEMORY: f64 = 100.0;
const START: f64 = 1.0;

/// Adds the table.
pub(super) fn write(text: &mut String, measured: &Measured, alone: &Alone) {
    text.push_str("| promise | bound | measured | |\n|---|--:|--:|---|\n");
    for promise in promises(measured, alone) {
        let Some(value) = promise.measured else {
            continue;
        };
        let (bound, met) = match promise.bound {
            Bound::AtLeast(bound) => (format!("at least {bound}"), value >= bound),
            Bound::AtMost(bound) => (format!("at most {bound}"), value <= bound),
        };
        let verdict = if met { "met" } else { "**not met**" };
        let _ = writeln!(
            text,
            "| {} | {bound} | {} | {verdict} |",
            promise.says,
            short(value)
        );
    }
}

fn promises(measured: &Measured, alone: &Alone) -> Vec<Promise> {
    let byline = |workload| measured.all(workload, Contender::Byline);
    let mut promises: Vec<_> = FASTER
        .iter()
        .map(|(workload, other, bound)| Promise {
            says: format!("{}: Byline / {}", workload.says(), other.says()),
            bound: Bound::AtLeast(*bound),
            measured: measured.ratio(*workload, *other).map(|it| it.median),
        })
        .collect();
    let p99 = |contender| {
        let all = measured.all(Workload::GetUser, contender)?;
        Some(float(all.times.value_at_quantile(0.99)))
    };
    promises.push(Promise {
        says: format!("GetUser: p99 of Byline / {}", Contender::Rust.says()),
        bound: Bound::AtMost(1.0),
        measured: p99(Contender::Byline)
            .zip(p99(Contender::Rust))
            .map(|(it, other)| it / other),
    });
    promises.push(Promise {
        says: "ListUsers, one call after another: mean time of the deep page / the first"
            .to_owned(),
        bound: Bound::AtMost(DEEPER),
        measured: alone.deeper,
    });
    let batched = byline(Workload::BatchCreatePosts).zip(byline(Workload::CreatePost));
    promises.push(Promise {
        says: "Rows of BatchCreatePosts / of CreatePost".to_owned(),
        bound: Bound::AtLeast(BATCHED),
        measured: batched.map(|(batch, one)| batch.rate(Unit::Rows) / one.rate(Unit::Rows)),
    });
    promises.extend(slowest(measured));
    promises.push(Promise {
        says: format!("Memory with {} calls in flight, MiB", CROWD.callers()),
        bound: Bound::AtMost(MEMORY),
        measured: Some(float(alone.crowd_peak) / (1_024.0 * 1_024.0)),
    });
    promises.push(Promise {
        says: "From the start to the first answer, seconds".to_owned(),
        bound: Bound::AtMost(START),
        measured: Some(alone.first_answer),
    });
    promises
}

/// That no workload is slower than the usual Rust, of the one that comes nearest to it.
fn slowest(measured: &Measured) -> Option<Promise> {
    let ratio = |it: &Workload| Some((*it, measured.ratio(*it, Contender::Rust)?));
    let ratios = Workload::value_variants().iter().filter_map(ratio);
    let by_median = |one: &(Workload, Spread), other: &(Workload, Spread)| {
        one.1.median.total_cmp(&other.1.median)
    };
    let (workload, spread) = ratios.min_by(by_median)?;
    Some(Promise {
        says: format!(
            "No workload slower than {}: the nearest, {}",
            Contender::Rust.says(),
            workload.says()
        ),
        bound: Bound::AtLeast(1.0),
        measured: Some(spread.median),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::report::tests::measured;

    const ALONE: Alone = Alone {
        first_answer: 0.5,
        crowd_peak: 200 * 1_024 * 1_024,
        deeper: None,
    };

    fn lines(of: &[(Workload, Contender, &[u64])]) -> Vec<String> {
        let mut text = String::new();
        write(&mut text, &measured(of), &ALONE);
        text.lines().skip(2).map(str::to_owned).collect()
    }

    #[test]
    fn what_was_not_measured_is_left_out() {
        assert_eq!(
            lines(&[]),
            [
                "| Memory with 1000 calls in flight, MiB | at most 100 | 200 | **not met** |",
                "| From the start to the first answer, seconds | at most 1 | 0.50 | met |",
            ]
        );
    }

    #[test]
    fn the_verdict_follows_from_the_median_of_the_ratios() {
        let of = |rust: &'static [u64]| {
            lines(&[
                (Workload::GetUser, Contender::Byline, &[2_200, 2_200, 2_200]),
                (Workload::GetUser, Contender::Rust, rust),
            ])
        };
        let met = of(&[1_000, 900, 2_200]);
        assert_eq!(
            met[0],
            "| GetUser: Byline / tonic + sqlx | at least 2.2 | 2.20 | met |"
        );
        let not_met = of(&[1_000, 2_300, 2_300]);
        assert_eq!(
            not_met[0],
            "| GetUser: Byline / tonic + sqlx | at least 2.2 | 0.96 | **not met** |"
        );
        assert_eq!(
            not_met[2],
            "| No workload slower than tonic + sqlx: the nearest, GetUser | at least 1 | 0.96 | \
             **not met** |"
        );
    }

    #[test]
    fn a_deep_page_is_measured_where_nobody_shares_it() {
        let (mut text, alone) = (
            String::new(),
            Alone {
                deeper: Some(1.25),
                ..ALONE
            },
        );
        write(&mut text, &measured(&[]), &alone);
        let line = "| ListUsers, one call after another: mean time of the deep page / the first \
                    | at most 1.2 | 1.25 | **not met** |";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn a_batch_is_measured_by_its_rows() {
        let lines = lines(&[
            (Workload::CreatePost, Contender::Byline, &[1_000]),
            (Workload::BatchCreatePosts, Contender::Byline, &[30_000]),
        ]);
        assert_eq!(
            lines[0],
            "| Rows of BatchCreatePosts / of CreatePost | at least 20 | 30.0 | met |"
        );
    }
}
