//! The port through which rows are imported.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{OnConflict, Settled};
use crate::error::RepositoryError;

/// Imports rows of one kind, in the unit of work that it belongs to.
///
/// Rows are staged first, and nothing that others see or wait for is touched meanwhile. What is
/// staged MUST outlast a savepoint that is rolled back, and end with the unit of work. Memory
/// of the program MUST stay the same however many rows there are.
///
/// A row meets the stored resource of the id that it is given, in the trash or not. A user's row
/// without an id meets the living user of its address, in any letter case. Settling MUST
/// find of each row what becomes of it:
///
/// 1. A row is *repeated* if an earlier one means the same resource, or if both are outside the
///    trash and have one address; whatever becomes of the earlier one.
/// 2. Its address is *taken* if it is outside the trash and a living user has the address whom the
///    row does not mean; also if another row has that user give it up.
/// 3. With [`OnConflict::Skip`], a row that is repeated, that meets a resource or whose address
///    is taken is passed over.
/// 4. Of others, the problem is the first of these that there is: repeated (by id before by
///    address); with [`OnConflict::Fail`], that it meets a resource; with [`OnConflict::Update`],
///    that the resource which it meets is in the trash, that the row is in the trash and the
///    resource is not, that it gives the resource another author; that its address is taken.
/// 5. A row that meets nothing and has no problem yet makes a resource. What it cannot do without
///    is asked for in the order of fields: an address; a title, and an author who exists, and
///    is outside the trash if the post is.
/// 6. A row without a problem that meets a resource changes it, or leaves it unchanged if it is as
///    the row says already.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Import<R: Send + Sync + 'static>: Send {
    /// Makes ready for rows: once in a unit of work and before all else here, outside any
    /// savepoint. From now on the time-outs of a transfer hold in the unit of work.
    async fn open(&mut self) -> Result<(), RepositoryError>;

    /// Stages rows. Their numbers grow from call to call.
    async fn stage(&mut self, rows: &[R]) -> Result<(), RepositoryError>;

    /// Finds out what becomes of all rows that were staged, and writes nothing that lasts:
    /// once, and again after a roll back past it.
    ///
    /// With `alone` it first waits, as long as a transfer may take, until no other import is
    /// between its settling and its end, and keeps others from beginning to settle: what has
    /// met another import once MUST get through then, unless others are in the way. So that
    /// calls are not, with `OnConflict::Update` what the rows may change is held, in the order
    /// of ids, before it is looked at.
    async fn settle(
        &mut self,
        on_conflict: OnConflict,
        alone: bool,
    ) -> Result<Settled, RepositoryError>;

    /// Writes what `settle` found just before, and answered as `settled`: all but the rows with
    /// problems. What is made has the times of its row, and what is missing is as if it were
    /// made now; a post in the trash that went there when its author did went along. What is
    /// changed is changed now, the fields that the row has alone.
    ///
    /// Each row that is made or changed MUST be noted in the audit log, with its id and what is
    /// different, as if one by one.
    ///
    /// `Contention` when something that was found is no longer so. What is changed is held in
    /// the order of ids before the first is written. Authors of posts that are made alive, or as
    /// gone along, are held for share once all is written, in the order of ids, and MUST be
    /// as the posts have it then: they are not kept from being changed for as long as that takes.
    async fn apply(&mut self, settled: &Settled, now: DateTime<Utc>)
    -> Result<(), RepositoryError>;
}
