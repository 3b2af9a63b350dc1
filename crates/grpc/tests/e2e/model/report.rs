//! What an import is answered.

use byline_grpc::pb;

use crate::model::refusal::Refusal;

/// Of how many problems more is told than that they are there.
const MOST_TOLD: usize = 100;

/// What became of a row without a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Created,
    Updated,
    Unchanged,
    Skipped,
}

/// What became of an import.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    pub(crate) applied: bool,
    pub(crate) row_count: i64,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) unchanged: i64,
    pub(crate) skipped: i64,
    pub(crate) problem_count: i64,
    /// The numbers of the rows, and what is wrong with them.
    pub(crate) problems: Vec<(i64, Refusal)>,
}

impl Report {
    /// The number of the row that comes now.
    pub(crate) const fn next_row(&mut self) -> i64 {
        self.row_count += 1;
        self.row_count
    }

    /// Notes what became of the last row.
    pub(crate) fn note(&mut self, outcome: Result<Fate, Refusal>) {
        match outcome {
            Ok(Fate::Created) => self.created += 1,
            Ok(Fate::Updated) => self.updated += 1,
            Ok(Fate::Unchanged) => self.unchanged += 1,
            Ok(Fate::Skipped) => self.skipped += 1,
            Err(refusal) => {
                self.problem_count += 1;
                if self.problems.len() < MOST_TOLD {
                    self.problems.push((self.row_count, refusal));
                }
            }
        }
    }

    /// How many rows came to what.
    pub(crate) const fn counts(&self) -> [(&'static str, i64); 4] {
        [
            ("created", self.created),
            ("updated", self.updated),
            ("unchanged", self.unchanged),
            ("skipped", self.skipped),
        ]
    }

    /// Whether that was told.
    pub(crate) fn is_told_by(&self, told: &Self) -> bool {
        let mut pairs = self.problems.iter().zip(&told.problems);
        let problems = self.problems.len() == told.problems.len()
            && pairs.all(|((row, refusal), (told_row, told))| {
                row == told_row && refusal.is_told_by(told)
            });
        let counts = Self {
            problems: told.problems.clone(),
            ..self.clone()
        };
        problems && counts == *told
    }
}

impl From<pb::ImportReport> for Report {
    fn from(report: pb::ImportReport) -> Self {
        let problems = report.problems.into_iter().map(|problem| {
            let status = problem.status.unwrap();
            (problem.row, Refusal::read(&status))
        });
        Self {
            applied: report.applied,
            row_count: report.row_count,
            created: report.created_count,
            updated: report.updated_count,
            unchanged: report.unchanged_count,
            skipped: report.skipped_count,
            problem_count: report.problem_count,
            problems: problems.collect(),
        }
    }
}
