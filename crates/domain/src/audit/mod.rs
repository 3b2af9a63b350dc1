//! The audit log: who did what to which id. Never what a resource says, nor whom it names.

mod deed;
mod event;
mod field;
mod ports;
mod retention;

pub use self::deed::{Action, Deed};
pub use self::event::{AuditEvent, Origin};
pub use self::field::AuditField;
pub use self::ports::{AuditLog, AuditReader};
pub use self::retention::AuditRetention;

use crate::filter::FieldTest;
use crate::order::{Direction, Order};
use crate::page::{Cursor, SortValue};

/// What an event is tested for: a field of its own.
pub type AuditTest = FieldTest<AuditField>;

/// In which order events are listed: the newest first.
pub const NEWEST_FIRST: Order<AuditField> =
    Order::by(AuditField::OccurredAt, Direction::Descending);

/// Whether a cursor can be a place in that list: a time and an id, and that the event is kept with
/// others in one row where it is, since rows are listed by ids of their own.
pub fn is_place(cursor: &Cursor) -> bool {
    matches!(
        cursor.values[..],
        [SortValue::Time(_)] | [SortValue::Time(_), SortValue::Bool(true)]
    )
}
