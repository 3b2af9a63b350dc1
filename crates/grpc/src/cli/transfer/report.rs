//! Tells what became of an import: sentences for people, or JSON for programs.

use prost::Message;
use serde_json::{Value, json};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::progress::{grouped, rows};
use super::rows::LineMap;
use crate::pb::{ImportProblem, ImportReport};

/// A report, and what it takes to tell it by the file.
pub(super) struct Told<'a> {
    pub(super) file: &'a str,
    pub(super) report: &'a ImportReport,
    pub(super) lines: &'a LineMap,
    /// Whether it was only tried.
    pub(super) is_trial: bool,
}

impl Told<'_> {
    /// Whether all went as it was meant to.
    pub(super) fn is_fine(&self) -> bool {
        self.report.applied || self.is_trial && self.report.problem_count == 0
    }

    /// A sentence for each problem that is known.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut told: Vec<_> = self
            .with_lines()
            .map(|(problem, line)| {
                let status = status(problem);
                let earlier = self.earlier(&status);
                let earlier = earlier.map(|line| format!(" (line {line})"));
                format!(
                    "{} line {line}: {}{}",
                    self.file,
                    status.message(),
                    earlier.unwrap_or_default()
                )
            })
            .collect();
        let known = i64::try_from(told.len()).unwrap_or(i64::MAX);
        let rest = self.report.problem_count - known;
        if rest > 0 {
            told.push(format!("{}: {} more problems", self.file, grouped(rest)));
        }
        told
    }

    /// The counts, and what they come to.
    pub(super) fn summary(&self, took: &str) -> String {
        let report = self.report;
        let outcome = match (self.is_trial, report.applied) {
            (true, _) => "; only tried: nothing was kept",
            (false, true) => "",
            (false, false) => "; nothing was kept",
        };
        format!(
            "{}: {}: {} made, {} changed, {} unchanged, {} skipped, {} with problems{outcome}; {took}",
            self.file,
            rows(report.row_count),
            grouped(report.created_count),
            grouped(report.updated_count),
            grouped(report.unchanged_count),
            grouped(report.skipped_count),
            grouped(report.problem_count),
        )
    }

    pub(super) fn json(&self) -> Value {
        let report = self.report;
        let problems: Vec<_> = self
            .with_lines()
            .map(|(problem, line)| problem_json(problem, line))
            .collect();
        json!({
            "applied": report.applied,
            "rowCount": report.row_count,
            "createdCount": report.created_count,
            "updatedCount": report.updated_count,
            "unchangedCount": report.unchanged_count,
            "skippedCount": report.skipped_count,
            "problemCount": report.problem_count,
            "problems": problems,
        })
    }

    /// The line of the earlier row that a problem names.
    fn earlier(&self, status: &Status) -> Option<u64> {
        let details = status.get_error_details();
        let row = details.error_info()?.metadata.get("row")?.parse().ok()?;
        self.lines.lines([row]).pop()
    }

    fn with_lines(&self) -> impl Iterator<Item = (&ImportProblem, u64)> {
        let problems = &self.report.problems;
        let rows = problems.iter().map(|it| it.row.try_into().unwrap_or(1));
        problems.iter().zip(self.lines.lines(rows))
    }
}

/// What a single change would have failed with.
fn status(problem: &ImportProblem) -> Status {
    let told = problem.status.clone().unwrap_or_default();
    let details = told.encode_to_vec().into();
    Status::with_details(Code::from_i32(told.code), told.message, details)
}

fn problem_json(problem: &ImportProblem, line: u64) -> Value {
    let status = status(problem);
    let details = status.get_error_details();
    let violations = details
        .bad_request()
        .map(|it| it.field_violations.as_slice());
    let fields: Vec<_> = violations
        .unwrap_or_default()
        .iter()
        .map(|it| json!({"field": it.field, "description": it.description, "reason": it.reason}))
        .collect();
    json!({
        "row": problem.row,
        "line": line,
        "code": format!("{:?}", status.code()),
        "reason": details.error_info().map(|info| info.reason.as_str()),
        "message": status.message(),
        "fields": fields,
    })
}
