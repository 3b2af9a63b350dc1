//! Imports: one change each, whose rows come in bit by bit.

mod finish;
mod report;
mod rows;

use std::marker::PhantomData;
use std::sync::Arc;

use byline_domain::clock::Clock;
use byline_domain::error::ValidationError;
use byline_domain::import::OnConflict;
use byline_domain::lifecycle::Retention;
use byline_domain::pause::Pause;
use byline_domain::unit_of_work::{UnitOfWork, UnitOfWorkFactory};

use self::report::Tally;
pub use self::report::{Report, RowError, RowProblem};
pub use self::rows::Row;
use crate::{Atomicity, Error};

/// How an import is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportSettings {
    /// What becomes of rows that meet stored resources.
    pub on_conflict: OnConflict,
    /// What becomes of the other rows when some have problems.
    pub atomicity: Atomicity,
}

impl Default for ImportSettings {
    fn default() -> Self {
        Self {
            on_conflict: OnConflict::Fail,
            atomicity: Atomicity::All,
        }
    }
}

/// Makes imports.
pub struct Importer {
    units: Arc<dyn UnitOfWorkFactory>,
    clock: Arc<dyn Clock>,
    pause: Arc<dyn Pause>,
    retention: Retention,
}

impl Importer {
    /// Makes imports through these ports. What comes into the trash without a word on how long
    /// it stays there can be brought back for `retention` from when it was deleted.
    pub fn new(
        units: Arc<dyn UnitOfWorkFactory>,
        clock: Arc<dyn Clock>,
        pause: Arc<dyn Pause>,
        retention: Retention,
    ) -> Self {
        Self {
            units,
            clock,
            pause,
            retention,
        }
    }

    /// Begins an import, in a unit of work that is open until it is finished. Dropping it
    /// leaves nothing behind.
    pub async fn begin<R: Row>(&self, settings: ImportSettings) -> Result<Importing<'_, R>, Error> {
        let mut unit = self.units.begin().await?;
        R::port(unit.as_mut()).open().await?;
        Ok(Importing {
            importer: self,
            unit,
            settings,
            tally: Tally::default(),
            kind: PhantomData,
        })
    }
}

/// An import under way.
pub struct Importing<'i, R> {
    importer: &'i Importer,
    unit: Box<dyn UnitOfWork>,
    settings: ImportSettings,
    tally: Tally,
    kind: PhantomData<fn(R)>,
}

impl<R: Row> Importing<'_, R> {
    /// Takes the next rows. `read` answers each, given its number, or what is wrong with it.
    /// After an error the import can only be dropped.
    pub async fn put<T>(
        &mut self,
        rows: Vec<T>,
        read: impl Fn(u64, T) -> Result<R, ValidationError> + Send,
    ) -> Result<(), Error> {
        let mut staged = Vec::with_capacity(rows.len());
        for row in rows {
            match read(self.tally.next_row(), row) {
                Ok(row) => staged.push(row.kept_for(self.importer.retention)),
                Err(error) => self.tally.refuse(error),
            }
        }
        if !staged.is_empty() {
            R::port(self.unit.as_mut()).stage(&staged).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
