//! Imports: any number of rows that are staged bit by bit, and settled all at once.

mod ports;
mod row;
mod settled;
mod times;

pub use self::ports::Import;
#[cfg(feature = "testing")]
pub use self::ports::MockImport;
pub use self::row::{PostRow, Publication, UserRow};
pub use self::settled::{MAX_PROBLEMS, Problem, ProblemKind, Settled};
pub use self::times::{Times, moment};

/// What becomes of a row that meets a stored resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// It is a problem.
    Fail,
    /// It is passed over.
    Skip,
    /// It changes the stored resource.
    Update,
}
