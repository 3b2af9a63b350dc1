//! AuditService: who did what.

use std::sync::Arc;

use byline_app::audit::AuditTrail;
use tonic::{Request, Response, Status};

use super::read::read;
use crate::bootstrap::App;
use crate::convert::{Lists, audit as convert};
use crate::pb;
use crate::pb::audit_service_server::AuditService;
use crate::status::from_app;

/// The methods of AuditService.
pub(crate) struct AuditRpc {
    audit: Arc<AuditTrail>,
    lists: Lists,
}

impl AuditRpc {
    /// The methods over the use cases of `app`.
    pub(crate) fn new(app: &App) -> Self {
        Self {
            audit: app.audit.clone(),
            lists: app.lists.clone(),
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
        let page = self.audit.list(&query).await.map_err(from_app)?;
        Ok(Response::new(convert::listed(&walk, page)))
    }
}
