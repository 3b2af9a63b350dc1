//! The port through which time is read.

use chrono::{DateTime, Utc};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present time in UTC. Entities keep it to the microsecond, which is
    /// what PostgreSQL stores.
    fn now(&self) -> DateTime<Utc>;
}
