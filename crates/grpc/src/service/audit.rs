//! AuditService: who did what. Each read has one of a few places, since one of a filter that no index
//! serves may look at millions of events: so most connections to the database are left for others.

use std::sync::Arc;

use byline_app::audit::AuditTrail;
use tokio::sync::{Semaphore, SemaphorePermit};
use tonic::{Request, Response, Status};

use super::read::read;
use crate::bootstrap::App;
use crate::convert::{Lists, audit as convert};
use crate::pb;
use crate::pb::audit_service_server::AuditService;
use crate::server::Limits;
use crate::status::{from_app, too_many_audit_reads};

/// The methods of AuditService.
pub(crate) struct AuditRpc {
    audit: Arc<AuditTrail>,
    lists: Lists,
    places: Semaphore,
}

impl AuditRpc {
    /// The methods over the use cases of `app`.
    pub(crate) fn new(app: &App, limits: &Limits) -> Self {
        Self {
            audit: app.audit.clone(),
            lists: app.lists.clone(),
            places: Semaphore::new(limits.max_audit_reads.min(Semaphore::MAX_PERMITS)),
        }
    }

    /// A place for another read, to be held until it has ended.
    fn place(&self) -> Result<SemaphorePermit<'_>, Status> {
        self.places
            .try_acquire()
            .map_err(|_| too_many_audit_reads())
    }
}

#[tonic::async_trait]
impl AuditService for AuditRpc {
    async fn list_audit_events(
        &self,
        request: Request<pb::ListAuditEventsRequest>,
    ) -> Result<Response<pb::ListAuditEventsResponse>, Status> {
        let (query, walk) = read(&request, |request, caller| {
            convert::list(request, &self.lists.of(caller))
        })?;
        let _place = self.place()?;
        let page = self.audit.list(&query).await.map_err(from_app)?;
        Ok(Response::new(convert::listed(&walk, page)))
    }
}
