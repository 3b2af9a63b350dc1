//! Writes the counts down, and says what they come to.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::side::Round;
use super::verdict::Verdict;
use crate::load::workload::Workload;
use crate::numbers::{Spread, whole};
use crate::page::grouped;
use crate::{Failure, machine};

/// What is measured of a build.
#[derive(Default)]
pub(crate) struct Counts {
    /// What it was built of.
    pub(crate) says: String,
    /// What it does by itself, in instructions a second, round by round.
    idle: Vec<f64>,
    /// In instructions a call, round by round.
    calls: BTreeMap<Workload, Vec<f64>>,
}

impl Counts {
    pub(crate) fn of(says: String) -> Self {
        Self {
            says,
            ..Self::default()
        }
    }

    /// Adds the next round.
    pub(crate) fn add(&mut self, round: Round) {
        self.idle.push(round.idle);
        for (workload, each) in round.calls {
            self.calls.entry(workload).or_default().push(each);
        }
    }
}

/// Everything that one run measured.
pub(crate) struct Report {
    pub(crate) base: Counts,
    pub(crate) change: Counts,
    /// A part of one.
    pub(crate) tolerance: f64,
    /// By what it was counted.
    pub(crate) valgrind: String,
    /// Of what, in a sentence.
    pub(crate) how: String,
}

/// What a workload takes of both.
struct Line {
    workload: Workload,
    base: Spread,
    change: Spread,
    ratio: Spread,
    verdict: Verdict,
}

impl Report {
    /// The part of a page, which is good for a terminal too.
    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "# Instructions of calls\n\n\
             | | |\n|---|---|\n| base | {} |\n| change | {} |\n| counted by | callgrind of {}, on {} |\n\
             | how | {} |\n\n\
             | instructions a call | base | change | change / base | least | most | |\n\
             |---|--:|--:|--:|--:|--:|---|\n",
            self.base.says,
            self.change.says,
            self.valgrind,
            machine::today(),
            self.how,
        );
        for line in self.lines() {
            let Spread {
                median,
                least,
                most,
            } = line.ratio;
            let _ = writeln!(
                text,
                "| {} | {} | {} | {median:.4} | {least:.4} | {most:.4} | {} |",
                line.workload.says(),
                grouped(whole(line.base.median)),
                grouped(whole(line.change.median)),
                line.verdict.says(),
            );
        }
        let idle = |counts: &Counts| {
            let idle = Spread::of(counts.idle.iter().copied());
            idle.map_or_else(String::new, |it| grouped(whole(it.median)))
        };
        let _ = write!(
            text,
            "\nMedians of the rounds; a ratio is of two counts of one round. What the servers do by themselves is \
             taken off: {} instructions a second of the base, {} of the change. What a call takes of \
             PostgreSQL and of the kernel is not counted.\n",
            idle(&self.base),
            idle(&self.change),
        );
        text
    }

    /// Fails if calls take more instructions than they did.
    pub(crate) fn verdict(&self) -> Result<(), Failure> {
        let lines = self.lines().into_iter();
        let more = lines.filter(|it| it.verdict == Verdict::More);
        let more: Vec<_> = more
            .map(|it| {
                format!(
                    "{} ({:+.1} %)",
                    it.workload.says(),
                    percent(it.ratio.median)
                )
            })
            .collect();
        if more.is_empty() {
            return Ok(());
        }
        Err(format!(
            "the change takes more instructions than {} % above its base, and than rounds differ: {}",
            100.0 * self.tolerance,
            more.join(", ")
        )
        .into())
    }

    fn lines(&self) -> Vec<Line> {
        let workloads = self.base.calls.iter();
        let lines = workloads.filter_map(|(workload, base)| {
            let change = self.change.calls.get(workload)?;
            let ratio = Spread::of_ratios(change, base)?;
            Some(Line {
                workload: *workload,
                base: Spread::of(base.iter().copied())?,
                change: Spread::of(change.iter().copied())?,
                ratio,
                verdict: Verdict::of(ratio, self.tolerance),
            })
        });
        lines.collect()
    }
}

/// What a ratio is above one, in per cent.
fn percent(ratio: f64) -> f64 {
    100.0 * (ratio - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(says: &str, rounds: &[(f64, f64)]) -> Counts {
        let mut counts = Counts::of(says.to_owned());
        for (get, list) in rounds.iter().copied() {
            counts.add(Round {
                idle: 1_000.4,
                calls: [(Workload::GetUser, get), (Workload::ListUsers, list)].into(),
            });
        }
        counts
    }

    fn report(change: &[(f64, f64)]) -> Report {
        Report {
            base: counts("one", &[(1_000.0, 50_000.0), (1_010.0, 50_000.0)]),
            change: counts("other", change),
            tolerance: 0.02,
            valgrind: "valgrind-3".to_owned(),
            how: "by test".to_owned(),
        }
    }

    #[test]
    fn what_takes_more_is_named_and_fails() {
        let report = report(&[(1_000.0, 60_000.0), (1_010.0, 60_100.0)]);
        let text = report.text();
        let line = "| GetUser | 1,005 | 1,005 | 1.0000 | 1.0000 | 1.0000 |  |\n";
        assert!(text.contains(line), "{text}");
        let line =
            "| ListUsers, 50, first page | 50,000 | 60,050 | 1.2010 | 1.2000 | 1.2020 | more |\n";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("1,000 instructions a second"), "{text}");
        let message = report.verdict().unwrap_err().to_string();
        assert!(
            message.ends_with(": ListUsers, 50, first page (+20.1 %)"),
            "{message}"
        );
    }

    #[test]
    fn what_takes_as_many_or_fewer_is_fine() {
        let report = report(&[(1_001.0, 40_000.0), (1_012.0, 40_000.0)]);
        assert!(report.text().contains("| 0.8000 | fewer |"));
        assert!(report.verdict().is_ok());
    }
}
