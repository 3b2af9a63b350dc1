//! Where a change comes from, as the audit log has it.

use byline_domain::audit::Origin;
use tonic::Request;

use crate::access;
use crate::layers::call;
use crate::transport::Peer;

/// Who makes the call of that method, from where.
pub(super) fn origin<T>(request: &Request<T>, method: &'static str) -> Origin {
    let peer = request.extensions().get::<Peer>();
    Origin {
        caller: access::caller(request).id().to_owned(),
        peer: peer.map(|peer| peer.address.ip().to_string()),
        request_id: Some(call::request_id()).filter(|id| !id.is_empty()),
        method,
    }
}
