//! What became of an import.

use byline_domain::error::{Invalid, Reason, ValidationError};
use byline_domain::import::{MAX_PROBLEMS, Problem, ProblemKind, Settled};

use super::Row;
use crate::{Error, Precondition};

/// What became of an import. The counts are those of one that was kept, without the rows that
/// had problems.
#[derive(Debug)]
pub struct Report {
    /// Whether it was kept.
    pub applied: bool,
    /// How many rows came.
    pub row_count: u64,
    /// How many resources were made.
    pub created: u64,
    /// How many stored resources were changed.
    pub updated: u64,
    /// How many rows were to change a stored resource that is as they say already.
    pub unchanged: u64,
    /// How many rows were passed over.
    pub skipped: u64,
    /// How many rows had problems.
    pub problem_count: u64,
    /// The first [`MAX_PROBLEMS`] of these, in the order of their rows.
    pub problems: Vec<RowProblem>,
}

/// Why a row was not imported.
#[derive(Debug)]
pub struct RowProblem {
    /// Which row: the first is 1.
    pub row: u64,
    /// Why.
    pub error: RowError,
}

/// What is wrong with a row.
#[derive(Debug)]
pub enum RowError {
    /// The row in itself, or where it stands.
    Invalid(ValidationError),
    /// That it cannot be made or changed as things are.
    Refused(Error),
}

impl From<Error> for RowError {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Precondition> for RowError {
    fn from(precondition: Precondition) -> Self {
        Self::Refused(precondition.into())
    }
}

/// What came, and what of it is not even settled.
#[derive(Debug, Default)]
pub(super) struct Tally {
    row_count: u64,
    /// Rows that are wrong in themselves.
    refused_count: u64,
    /// The first [`MAX_PROBLEMS`] of them.
    refused: Vec<RowProblem>,
}

impl Tally {
    /// The number of the row that comes now.
    pub(super) fn next_row(&mut self) -> u64 {
        self.row_count += 1;
        self.row_count
    }

    /// Notes what is wrong with the last row.
    pub(super) fn refuse(&mut self, error: ValidationError) {
        self.refused_count += 1;
        if self.refused.len() < MAX_PROBLEMS {
            self.refused.push(RowProblem {
                row: self.row_count,
                error: RowError::Invalid(error),
            });
        }
    }

    /// Whether anything was wrong.
    pub(super) fn has_refused(&self) -> bool {
        self.refused_count > 0
    }

    /// What is told of the rows, of which the others were settled so.
    pub(super) fn report<R: Row>(self, settled: Settled, applied: bool) -> Report {
        let mut problems = self.refused;
        problems.extend(settled.problems.into_iter().map(problem::<R>));
        problems.sort_by_key(|problem| problem.row);
        problems.truncate(MAX_PROBLEMS);
        Report {
            applied,
            row_count: self.row_count,
            created: settled.created,
            updated: settled.updated,
            unchanged: settled.unchanged,
            skipped: settled.skipped,
            problem_count: self.refused_count + settled.problem_count,
            problems,
        }
    }
}

/// What a single change would have failed with, where one can.
fn problem<R: Row>(found: Problem) -> RowProblem {
    let resource = R::RESOURCE;
    let error = match found.kind {
        ProblemKind::Taken { field } => Error::AlreadyExists { resource, field }.into(),
        ProblemKind::Repeated { field, earlier } => Error::RowRepeated {
            resource,
            field,
            earlier,
        }
        .into(),
        ProblemKind::Missing { field } => RowError::Invalid(Invalid::required().at(field).into()),
        ProblemKind::InTrash { id } => R::in_trash(id).into(),
        ProblemKind::NotInTrash { id } => R::not_in_trash(id).into(),
        ProblemKind::OtherAuthor => {
            let fixed = Invalid::new(Reason::ReadOnly, "cannot be changed");
            RowError::Invalid(fixed.at("author_id").into())
        }
        ProblemKind::AuthorMissing { author } => Error::user_not_found(author).into(),
        ProblemKind::AuthorInTrash { author } => Precondition::AuthorInTrash { author }.into(),
    };
    RowProblem {
        row: found.row,
        error,
    }
}
