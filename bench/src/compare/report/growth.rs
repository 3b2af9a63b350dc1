//! How cost grows: with callers, and with rows.

use std::fmt::Write as _;

use super::plots;
use super::tables::mebibytes;
use super::{About, save, with_spread};
use crate::Failure;
use crate::compare::arena::Shape;
use crate::compare::contender::Contender;
use crate::compare::run::Measured;
use crate::load::workload::Workload;
use crate::numbers::{Spread, float, short, whole};
use crate::options::Options;
use crate::page::grouped;

/// One workload with more and more callers.
pub(crate) struct Callers {
    pub(crate) about: About,
    pub(crate) workload: Workload,
    /// What was measured with each number of callers.
    pub(crate) steps: Vec<(Shape, Measured)>,
}

impl Callers {
    /// Writes the part of the page and its plot.
    pub(crate) fn write(&self, options: &Options) -> Result<(), Failure> {
        let says = self.workload.says();
        let lines: Vec<_> = self
            .about
            .contenders
            .iter()
            .map(|it| (*it, self.rates(*it)))
            .collect();
        let title = format!("{says}: calls a second by calls in flight");
        let svg = plots::lines(&title, "calls in flight", "calls a second", &lines)?;
        let plot = save(&options.plots(), "callers.svg", &svg)?;
        let mut text = String::from("# Growth with callers\n\n");
        self.about.introduce(
            &mut text,
            &format!("makes {says} with more and more calls in flight, at most 64 on a connection"),
            "connections and calls in flight as each row says",
        );
        let _ = write!(
            text,
            "\n![Calls a second by calls in flight]({plot})\n\n{}",
            self.table()
        );
        options.write(&text)
    }

    /// The rate of a contender with each number of callers.
    fn rates(&self, contender: Contender) -> Vec<(f64, f64)> {
        let points = self.steps.iter().filter_map(|(shape, measured)| {
            let rate = Spread::of(measured.rates(self.workload, contender))?;
            Some((float(shape.callers() as u64), rate.median))
        });
        points.collect()
    }

    pub(crate) fn table(&self) -> String {
        let mut text = String::from(
            "| connections | in flight on each | in all | | calls/s | Byline / it | p50 | p99 | memory |\n\
             |--:|--:|--:|---|--:|--:|--:|--:|--:|\n",
        );
        for (shape, measured) in &self.steps {
            for contender in &self.about.contenders {
                let Some(all) = measured.all(self.workload, *contender) else {
                    continue;
                };
                let rate = Spread::of(measured.rates(self.workload, *contender));
                let ratio = if *contender == Contender::Byline {
                    String::new()
                } else {
                    with_spread(measured.ratio(self.workload, *contender))
                };
                let _ = writeln!(
                    text,
                    "| {} | {} | {} | {} | {} | {ratio} | {} | {} | {} |",
                    shape.connections,
                    shape.in_flight,
                    shape.callers(),
                    contender.says(),
                    rate.map_or_else(String::new, |rate| grouped(whole(rate.median))),
                    grouped(all.times.value_at_quantile(0.5)),
                    grouped(all.times.value_at_quantile(0.99)),
                    all.peak.map_or_else(|| "-".to_owned(), mebibytes),
                );
            }
        }
        text
    }
}

/// Some workloads over larger and larger databases.
pub(crate) struct Sizes {
    pub(crate) about: About,
    pub(crate) workloads: Vec<Workload>,
    /// The number of users, and what was measured with them.
    pub(crate) steps: Vec<(u32, Measured)>,
}

impl Sizes {
    /// Writes the part of the page.
    pub(crate) fn write(&self, options: &Options) -> Result<(), Failure> {
        let mut text = String::from("# Growth with rows\n\n");
        self.about.introduce(
            &mut text,
            "makes the same calls over larger and larger databases, each with five posts for a user",
            &self.about.shape.says(),
        );
        let _ = write!(
            text,
            "\nThe median time of a call in microseconds, and that of the largest database by that of the \
             smallest. A deep page is page 10,000, or one in the middle of a list that has none.\n\n{}",
            self.table()
        );
        options.write(&text)
    }

    pub(crate) fn table(&self) -> String {
        let mut text = String::from("| | |");
        for (users, _) in &self.steps {
            let _ = write!(text, " {} users |", grouped(u64::from(*users)));
        }
        text.push_str(" growth |\n|---|---|");
        text.push_str(&"--:|".repeat(self.steps.len() + 1));
        text.push('\n');
        for workload in &self.workloads {
            for contender in &self.about.contenders {
                let medians = self.medians(*workload, *contender);
                let _ = write!(text, "| {} | {} |", workload.says(), contender.says());
                for median in &medians {
                    let _ = write!(text, " {} |", grouped(*median));
                }
                let growth = medians.first().zip(medians.last());
                let growth = growth.map(|(first, last)| float(*last) / float(*first));
                let _ = writeln!(text, " {} |", growth.map_or_else(String::new, short));
            }
        }
        text
    }

    fn medians(&self, workload: Workload, contender: Contender) -> Vec<u64> {
        let steps = self.steps.iter();
        let all = steps.filter_map(|(_, measured)| measured.all(workload, contender));
        all.map(|all| all.times.value_at_quantile(0.5)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::report::one_by_one;
    use crate::compare::report::tests::measured;

    #[test]
    fn each_row_says_under_what_load_it_was_measured() {
        let step = |connections, in_flight, calls| {
            let shape = Shape {
                connections,
                in_flight,
                ..one_by_one(std::time::Duration::from_secs(1))
            };
            let measured = measured(&[(Workload::GetUser, Contender::Byline, calls)]);
            (shape, measured)
        };
        let callers = Callers {
            about: About {
                postgres_version: "15".to_owned(),
                users: 0,
                posts: 0,
                rounds: 1,
                shape: one_by_one(std::time::Duration::from_secs(1)),
                contenders: vec![Contender::Byline],
            },
            workload: Workload::GetUser,
            steps: vec![step(1, 1, &[900]), step(8, 64, &[12_000])],
        };
        let lines: Vec<_> = callers.table().lines().skip(2).map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "| 1 | 1 | 1 | Byline | 900 |  | 100 | 100 | 3 |",
                "| 8 | 64 | 512 | Byline | 12,000 |  | 100 | 100 | 3 |",
            ]
        );
        assert_eq!(
            callers.rates(Contender::Byline),
            [(1.0, 900.0), (512.0, 12_000.0)]
        );
    }
}
