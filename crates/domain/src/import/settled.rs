//! What becomes of the rows of an import.

use uuid::Uuid;

use crate::ids::UserId;

/// Of how many problems more is told than that they are there.
pub const MAX_PROBLEMS: usize = 100;

/// What becomes of the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// How many resources are made.
    pub created: u64,
    /// How many stored resources are changed.
    pub updated: u64,
    /// How many rows were to change a stored resource that is as they say already.
    pub unchanged: u64,
    /// How many rows are passed over.
    pub skipped: u64,
    /// How many rows have problems.
    pub problem_count: u64,
    /// The first [`MAX_PROBLEMS`] of these, in the order of their rows.
    pub problems: Vec<Problem>,
}

/// Why a row is not imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The number of the row.
    pub row: u64,
    /// What is in its way.
    pub kind: ProblemKind,
}

/// What is in the way of a row. Fields are named as in the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// A stored resource has this.
    Taken {
        /// The field.
        field: &'static str,
    },
    /// An earlier row is about the same resource, or has the same address.
    Repeated {
        /// The field in which they meet.
        field: &'static str,
        /// The number of the first such row.
        earlier: u64,
    },
    /// It meets nothing, and nothing is made without this.
    Missing {
        /// The field.
        field: &'static str,
    },
    /// It is to change a resource in the trash.
    InTrash {
        /// The resource.
        id: Uuid,
    },
    /// It says of a resource outside the trash that it is in there.
    NotInTrash {
        /// The resource.
        id: Uuid,
    },
    /// It gives a stored post another author.
    OtherAuthor,
    /// There is no such author.
    AuthorMissing {
        /// The author.
        author: UserId,
    },
    /// A living post cannot have an author in the trash.
    AuthorInTrash {
        /// The author.
        author: UserId,
    },
}
