//! Reading the audit log.

use std::sync::Arc;

use byline_domain::audit::{AuditEvent, AuditReader, AuditTest};
use byline_domain::filter::Filter;
use byline_domain::page::{Page, PageRequest};

use crate::Error;

/// A page of the events that are meant, the newest first.
#[derive(Clone, Debug)]
pub struct ListAuditEvents {
    /// Which; all if `None`.
    pub meets: Option<Filter<AuditTest>>,
    /// Which part of them.
    pub page: PageRequest,
}

/// The use cases of the audit log.
pub struct AuditTrail {
    reader: Arc<dyn AuditReader>,
}

impl AuditTrail {
    /// The use cases over this port.
    pub fn new(reader: Arc<dyn AuditReader>) -> Self {
        Self { reader }
    }

    /// Lists events.
    pub async fn list(&self, query: &ListAuditEvents) -> Result<Page<AuditEvent>, Error> {
        Ok(self.reader.list(query.meets.as_ref(), &query.page).await?)
    }
}
