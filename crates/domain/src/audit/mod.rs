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

/// What an event is tested for: a field of its own.
pub type AuditTest = FieldTest<AuditField>;

/// In which order events are listed: the newest first.
pub const NEWEST_FIRST: Order<AuditField> =
    Order::by(AuditField::OccurredAt, Direction::Descending);
