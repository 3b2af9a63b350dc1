//! Imports on the wire.

mod report;
mod row;
mod wish;

use byline_app::import::{Report, Row};
use byline_domain::error::ValidationError;
use byline_domain::ids::IdGenerator;
use byline_domain::import::OnConflict;
use prost::Message;

pub(crate) use self::wish::{Fingerprint, Wish};
use crate::pb;

/// A message of an import.
pub(crate) trait Part: Message + Default {
    /// The method that takes it.
    const METHOD: &'static str;

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
