//! AuditService: who did what. Each read has one of a few places, and no caller more than half of
//! them, since one of a filter that no index serves may look at millions of events: so most
//! connections to the database are left for others.

use std::sync::Arc;

use byline_app::audit::AuditTrail;
use tonic::{Request, Response, Status};

use super::read::read;
use crate::access;
use crate::bootstrap::App;
use crate::convert::{Lists, audit as convert};
use crate::pb;
use crate::pb::audit_service_server::AuditService;
use crate::server::Limits;
use crate::shares::{CallerShares, Shares};
use crate::status::{from_app, too_many_audit_reads};

/// The methods of AuditService.
pub(crate) struct AuditRpc {
    audit: Arc<AuditTrail>,
    lists: Lists,
    places: CallerShares,
}

impl AuditRpc {
    /// The methods over the use cases of `app`.
    pub(crate) fn new(app: &App, limits: &Limits) -> Self {
        Self {
            audit: app.audit.clone(),
            lists: app.lists.clone(),
            places: Shares::new(limits.max_audit_reads),
        }
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
        let place = self.places.take_for(&access::caller(&request));
        let _place = place.map_err(too_many_audit_reads)?;
        let page = self.audit.list(&query).await.map_err(from_app)?;
        Ok(Response::new(convert::listed(&walk, page)))
    }
}
