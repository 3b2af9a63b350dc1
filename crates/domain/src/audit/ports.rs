//! How events are kept and read.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{AuditEvent, AuditTest, Deed, Origin};
use crate::error::RepositoryError;
use crate::filter::Filter;
use crate::page::{Page, PageRequest};

/// Notes what is done inside a unit of work, and keeps it with what was done.
///
/// What was noted in a savepoint MUST be forgotten when that is rolled back or dropped. A unit of
/// work in which something was noted and not kept MUST NOT be committed: `Internal`, as a defect of
/// the caller.
#[async_trait]
pub trait AuditLog: Send {
    /// Notes what was done. Costs the database nothing.
    fn note(&mut self, deed: Deed);

    /// Keeps all that was noted so far as done by that origin at that time, in the order in
    /// which it was noted: by one statement however much it is, one more if several were made, one more
    /// after an import, and by none if it is nothing.
    async fn keep(&mut self, origin: &Origin, now: DateTime<Utc>) -> Result<(), RepositoryError>;

    /// Keeps what was noted as [`Self::keep`] does, each as done by the origin that stands with the
    /// id of the resource. Each id is given once. MUST have one for all that was noted, and no
    /// import among that: `Internal`, as a defect of the caller.
    async fn keep_each(
        &mut self,
        origins: &[(Uuid, Origin)],
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError>;
}

/// Reads events.
#[async_trait]
pub trait AuditReader: Send + Sync {
    /// A page of the events that meet the filter, all if there is none, in the order of
    /// [`super::NEWEST_FIRST`]. Walking from page to page MUST meet each exactly once. Without a
    /// filter it MUST cost the same at any depth, and by `caller =` or `resource_id =` as much
    /// as there are events of that.
    async fn list(
        &self,
        meets: Option<&Filter<AuditTest>>,
        page: &PageRequest,
    ) -> Result<Page<AuditEvent>, RepositoryError>;
}
