//! Identifiers of what nobody has met.

use uuid::Uuid;

/// A new one.
#[expect(
    clippy::disallowed_methods,
    reason = "programs that are none of Byline's layers make their own"
)]
pub(crate) fn new() -> Uuid {
    Uuid::now_v7()
}
