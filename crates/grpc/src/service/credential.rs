//! CredentialService: passwords are set, verified and imported.

use std::sync::Arc;

use byline_app::credential::Credentials;
use byline_app::{Intent, Writer};
use byline_domain::error::join;
use tonic::{Request, Response, Status};

use super::change::{Respond, change, respond};
use super::origin::origin;
use crate::access;
use crate::bootstrap::App;
use crate::convert::intent::Mutating;
use crate::convert::{credential as convert, intent};
use crate::pb;
use crate::pb::credential_service_server::CredentialService;
use crate::status::{from_app, invalid};

/// The methods of CredentialService.
pub(crate) struct CredentialRpc {
    credentials: Arc<Credentials>,
    writer: Arc<Writer>,
}

impl CredentialRpc {
    /// The methods over the use cases of `app`.
    pub(crate) fn new(app: &App) -> Self {
        Self {
            credentials: app.credentials.clone(),
            writer: app.writer.clone(),
        }
    }
}

#[tonic::async_trait]
impl CredentialService for CredentialRpc {
    async fn set_password(
        &self,
        request: Request<pb::SetPasswordRequest>,
    ) -> Result<Response<pb::SetPasswordResponse>, Status> {
        let caller = access::caller(&request);
        let origin = origin(&request, pb::SetPasswordRequest::METHOD);
        let mut request = request.into_inner();
        access::require(&caller, request.reach())?;
        let passwords = convert::take_passwords(&mut request);
        let intent = intent::take(&mut request, &caller);
        let read = join(convert::set(&request, passwords), intent);
        let (command, intent) = read.map_err(|error| invalid(&error))?;
        let intent = Intent { origin, ..intent };
        let render = Respond::new(|()| pb::SetPasswordResponse {});
        let set = self.credentials.set(&caller, &command, intent, &render);
        respond(set.await)
    }

    async fn verify_password(
        &self,
        request: Request<pb::VerifyPasswordRequest>,
    ) -> Result<Response<pb::VerifyPasswordResponse>, Status> {
        let caller = access::caller(&request);
        let command = convert::verify(request.into_inner()).map_err(|error| invalid(&error))?;
        let verified = self.credentials.verify(&caller, &command).await;
        let user = verified.map_err(from_app)?;
        Ok(Response::new(pb::VerifyPasswordResponse {
            user: Some(user.into()),
        }))
    }

    async fn import_password_hash(
        &self,
        request: Request<pb::ImportPasswordHashRequest>,
    ) -> Result<Response<pb::ImportPasswordHashResponse>, Status> {
        change(&self.writer, request, convert::import, |()| {
            pb::ImportPasswordHashResponse {}
        })
        .await
    }
}
