//! What is promised of the ratios of one run.

use std::fmt::Write as _;

use clap::ValueEnum as _;

use super::{CROWD, Further, ONE_BY_ONE, with_spread_by};
use crate::compare::arena::Shape;
use crate::compare::contender::Contender;
use crate::compare::run::Measured;
use crate::compare::window::Window;
use crate::load::workload::{Unit, Workload};
use crate::numbers::{Spread, float, short, verdict};

/// What is promised, and what was measured.
struct Promise {
    says: String,
    bound: Bound,
    measured: Option<Spread>,
}

#[derive(Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
    /// Nothing is promised, for that reason: it is there to be compared.
    None(&'static str),
}

impl Bound {
    fn says(self) -> String {
        match self {
            Self::AtLeast(bound) => format!("at least {bound}"),
            Self::AtMost(bound) => format!("at most {bound}"),
            Self::None(_) => "none".to_owned(),
        }
    }

    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bound) => value >= bound,
            Self::AtMost(bound) => value <= bound,
            Self::None(_) => true,
        }
    }

    /// With as many digits as it takes to see whether it is met.
    fn shows(self, number: f64) -> String {
        let rounded = short(number);
        let is_met = rounded.parse().is_ok_and(|rounded| self.is_met(rounded));
        if is_met == self.is_met(number) {
            rounded
        } else {
            format!("{number:.4}")
        }
    }

    /// What the median says, and whether all rounds say so.
    fn verdict(self, measured: Spread) -> &'static str {
        let Spread {
            least,
            median,
            most,
        } = measured;
        match self {
            Self::None(_) => "",
            Self::AtLeast(_) | Self::AtMost(_) => {
                verdict([least, median, most].map(|it| self.is_met(it)))
            }
        }
    }
}

/// By how much Byline is to be faster than others, or how near to a limit.
const FASTER: &[(Workload, Contender, Bound)] = &[
    (Workload::GetUser, Contender::Wire, Bound::AtLeast(0.6)),
    (Workload::GetUser, Contender::Rust, Bound::AtLeast(2.2)),
    (Workload::GetUser, Contender::SqlalchemyAlone, OF_PYTHON),
    (Workload::GetUser, Contender::Sqlalchemy, OF_PROCESSES),
    (Workload::GetUserPosts, Contender::Rust, Bound::AtLeast(1.5)),
    (
        Workload::GetUserPosts,
        Contender::SqlalchemyAlone,
        OF_PYTHON,
    ),
    (Workload::GetUserPosts, Contender::Sqlalchemy, OF_PROCESSES),
    (Workload::ListUsers, Contender::Rust, Bound::AtLeast(1.5)),
    (Workload::ListUsers, Contender::SqlalchemyAlone, OF_PYTHON),
    (Workload::ListUsers, Contender::Sqlalchemy, OF_PROCESSES),
    (
        Workload::CreatePost,
        Contender::Pgbench,
        Bound::AtLeast(1.0),
    ),
    (Workload::CreatePost, Contender::Rust, Bound::AtLeast(2.0)),
];

const OF_PYTHON: Bound = Bound::AtLeast(20.0);
const OF_PROCESSES: Bound = Bound::None(
    "The bound of SQLAlchemy is held against one process, since it was set where SQLAlchemy had a \
     fiftieth of\nthe limit of the wire, as one process has. That uses one processor, and Byline \
     all of them. The same bound was\nheld against a process for each processor before, which is \
     shown beside it, and was missed.",
);

/// The rows of batches by those of single calls, of a caller who makes one after another.
const BATCHED: f64 = 20.0;

/// The time of a deep page by that of the first.
const DEEPER: f64 = 1.2;

/// The most memory with [`CROWD`] calls in flight, in MiB, and the longest start, in seconds.
const MEMORY: f64 = 100.0;
const START: f64 = 1.0;

/// Adds the table.
pub(super) fn write(text: &mut String, measured: &Measured, further: &Further, shape: Shape) {
    text.push_str(
        "Of what was measured in every round: the median, and the least and the most in brackets.\n\n\
         | promise | bound | measured | |\n|---|--:|--:|---|\n",
    );
    let mut reasons = Vec::new();
    for promise in promises(measured, further, shape) {
        let Some(measured) = promise.measured else {
            continue;
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            promise.says,
            promise.bound.says(),
            with_spread_by(|number| promise.bound.shows(number), Some(measured)),
            promise.bound.verdict(measured),
        );
        if let Bound::None(reason) = promise.bound
            && !reasons.contains(&reason)
        {
            reasons.push(reason);
        }
    }
    for reason in reasons {
        let _ = writeln!(text, "\n{reason}");
    }
}

const OF_BATCHES_IN_FLIGHT: Bound = Bound::None(
    "With many calls in flight nothing is promised of batches: single calls that arrive together \
     share\nstatements and commits already, so that batches spare less there.",
);

fn promises(measured: &Measured, further: &Further, shape: Shape) -> Vec<Promise> {
    let once = |value| Spread::of([value]);
    let mut promises: Vec<_> = FASTER
        .iter()
        .map(|(workload, other, bound)| Promise {
            says: format!("{}: Byline / {}", workload.says(), other.says()),
            bound: *bound,
            measured: measured.ratio(*workload, *other),
        })
        .collect();
    promises.extend(further.level.as_ref().map(|level| Promise {
        says: format!(
            "{}: p99 of Byline / {}",
            level.says(),
            Contender::Rust.says()
        ),
        bound: Bound::AtMost(1.0),
        measured: level.p99(),
    }));
    let [pages, batches] = ONE_BY_ONE;
    promises.push(Promise {
        says: "ListUsers, one call after another: mean time of the deep page / the first"
            .to_owned(),
        bound: Bound::AtMost(DEEPER),
        measured: second_by_first(&further.one_by_one, pages, |it| it.times.mean()),
    });
    let rows = |it: &Window| it.rate(Unit::Rows);
    let [of_one, of_batch] = batches.map(|it| shape.of(it).callers());
    promises.push(Promise {
        says: format!("{ROWS}, by one caller, one call after another"),
        bound: Bound::AtLeast(BATCHED),
        measured: second_by_first(&further.one_by_one, batches, rows),
    });
    promises.push(Promise {
        says: format!("{ROWS}, with {of_batch} / {of_one} of them in flight"),
        bound: OF_BATCHES_IN_FLIGHT,
        measured: second_by_first(measured, batches, rows),
    });
    promises.extend(slowest(measured));
    promises.push(Promise {
        says: format!("Memory with {} calls in flight, MiB", CROWD.callers()),
        bound: Bound::AtMost(MEMORY),
        measured: once(float(further.crowd_peak) / (1_024.0 * 1_024.0)),
    });
    promises.push(Promise {
        says: "From the start to the first answer, seconds".to_owned(),
        bound: Bound::AtMost(START),
        measured: once(further.first_answer),
    });
    promises
}

const ROWS: &str = "Rows of BatchCreatePosts / of CreatePost";

/// A number of Byline's of the second workload by that of the first.
fn second_by_first(
    measured: &Measured,
    pair: [Workload; 2],
    number: impl Fn(&Window) -> f64,
) -> Option<Spread> {
    let [first, second] = pair.map(|it| (it, Contender::Byline));
    measured.ratio_of([second, first], number)
}

/// That no workload is slower than the usual Rust, of the one that is the slowest beside it.
fn slowest(measured: &Measured) -> Option<Promise> {
    let ratio = |it: &Workload| Some((*it, measured.ratio(*it, Contender::Rust)?));
    let ratios = Workload::value_variants().iter().filter_map(ratio);
    let mut ratios: Vec<_> = ratios.collect();
    ratios.sort_by(|(_, one), (_, other)| one.median.total_cmp(&other.median));
    let (workload, spread) = *ratios.first()?;
    let bound = Bound::AtLeast(1.0);
    let slower = ratios.iter().filter(|(_, it)| !bound.is_met(it.median));
    let slower: Vec<_> = slower
        .map(|(workload, it)| format!("{} ({})", workload.says(), bound.shows(it.median)))
        .collect();
    let which = match &*slower {
        [] => format!("the nearest, {}", workload.says()),
        [slowest] => format!("the slowest, {slowest}"),
        [slowest, others @ ..] => {
            format!("the slowest, {slowest}; slower too, {}", others.join("; "))
        }
    };
    Some(Promise {
        says: format!(
            "No workload slower than {}: {which}",
            Contender::Rust.says()
        ),
        bound,
        measured: Some(spread),
    })
}

#[cfg(test)]
mod tests;
