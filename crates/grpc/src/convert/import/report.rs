//! What became of an import.

use byline_app::import::{Report, RowError, RowProblem};

use crate::convert::list;
use crate::{pb, status};

impl From<Report> for pb::ImportReport {
    fn from(report: Report) -> Self {
        Self {
            applied: report.applied,
            row_count: list::size(report.row_count),
            created_count: list::size(report.created),
            updated_count: list::size(report.updated),
            unchanged_count: list::size(report.unchanged),
            skipped_count: list::size(report.skipped),
            problem_count: list::size(report.problem_count),
            problems: report.problems.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<RowProblem> for pb::ImportProblem {
    fn from(problem: RowProblem) -> Self {
        let status = match problem.error {
            RowError::Invalid(error) => status::invalid_item(&error),
            RowError::Refused(error) => status::of_item(error),
        };
        Self {
            row: list::size(problem.row),
            status: Some(status),
        }
    }
}

impl From<Report> for pb::ImportUsersResponse {
    fn from(report: Report) -> Self {
        Self {
            report: Some(report.into()),
        }
    }
}

impl From<Report> for pb::ImportPostsResponse {
    fn from(report: Report) -> Self {
        Self {
            report: Some(report.into()),
        }
    }
}
