//! Imports on the wire.

mod report;
mod row;
mod wish;

use byline_app::import::{Report, Row};
use byline_domain::error::{Invalid, Reason, ValidationError};
use byline_domain::ids::IdGenerator;
use byline_domain::import::OnConflict;
use prost::Message;

pub(crate) use self::wish::{Fingerprint, Wish};
use crate::pb;

/// A message of an import.
pub(crate) trait Part: Message + Default {
    /// The method that takes it.
    const METHOD: &'static str;

    /// The field that holds its rows.
    const ROWS: &'static str;

    /// A row as it is sent.
    type One: Message;

    /// A row as it is imported.
    type Row: Row;

    /// What answers the import.
    type Answer: Message + Default + From<Report>;

    /// The settings and the rows.
    fn open(self) -> (Option<pb::ImportSettings>, Vec<Self::One>);

    /// The row of that number. `ids` gives an id to one that says none.
    fn read(
        number: u64,
        one: Self::One,
        on_conflict: OnConflict,
        ids: &dyn IdGenerator,
    ) -> Result<Self::Row, ValidationError>;
}

/// The most rows of a message: in a few bytes each, 4 MiB could hold millions.
const MAX_ROWS: usize = 10_000;

/// Refuses a message of too many rows.
pub(crate) fn check_row_count<P: Part>(rows: &[P::One]) -> Result<(), ValidationError> {
    let count = rows.len();
    if count <= MAX_ROWS {
        return Ok(());
    }
    let message = format!("must be at most {MAX_ROWS} in a message, not {count}");
    Err(Invalid::new(Reason::OutOfRange, message).at(P::ROWS).into())
}
