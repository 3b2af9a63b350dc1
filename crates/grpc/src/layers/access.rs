//! Lets in whoever may make a call, before anything of it is read but its headers.
//!
//! Nothing is let in over a connection that has outlived its time. A client that answers no ping
//! can keep one open for longer than it was told to, and what was found out when it began, such as a
//! certificate, would count for as long.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use byline_domain::access::Caller;
use http::header::AUTHORIZATION;
use tokio::time::Instant;
use tonic::Status;
use tower::{Layer, Service};

use super::call::Known;
use super::{Answer, is_bounded};
use crate::access::Gate;
use crate::access::rights::{self, Rights};
use crate::status::{connection_outlived, nobody_may, scopes_missing};
use crate::transport::Peer;

/// Knows callers, and what they may call.
#[derive(Clone)]
pub(crate) struct Access {
    gate: Arc<Gate>,
}

impl Access {
    /// Whoever that gate lets in.
    pub(crate) fn new(gate: Arc<Gate>) -> Self {
        Self { gate }
    }
}

impl<S> Layer<S> for Access {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded {
            inner,
            gate: Arc::clone(&self.gate),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Guarded<S> {
    inner: S,
    gate: Arc<Gate>,
}

impl<S, B> Service<http::Request<B>> for Guarded<S>
where
    S: Service<http::Request<B>, Response = http::Response<tonic::body::Body>>,
    S: Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Answer<S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let peer = request.extensions().get::<Peer>();
        if peer.is_some_and(|peer| peer.until <= Instant::now()) {
            return Box::pin(async { Ok(connection_outlived().into_http()) });
        }
        // Health is asked for by those who know no keys, and reflection is off unless its
        // operator lets everybody read it.
        if !is_bounded(request.uri().path()) {
            return Box::pin(self.inner.call(request));
        }
        // The one that is ready.
        let ready = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, ready);
        let gate = Arc::clone(&self.gate);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let known = gate.caller(&parts.headers, &parts.extensions).await;
            // It has been looked at: whoever comes after this has no use for it.
            parts.headers.remove(AUTHORIZATION);
            request = http::Request::from_parts(parts, body);
            let caller = match known {
                Ok(caller) => caller,
                Err(refusal) => {
                    let status = gate.refuse(&refusal, request.extensions());
                    return Ok(status.into_http());
                }
            };
            Known::tell(request.extensions(), &caller);
            let path = request.uri().path();
            if let Err(status) = gate
                .count(&caller)
                .and_then(|()| may(rights::contract(), &caller, path))
            {
                return Ok(status.into_http());
            }
            request.extensions_mut().insert(caller);
            inner.call(request).await
        })
    }
}

/// Whether the caller may call what is at that path. Where nothing is, that is told to whoever
/// is known.
fn may(rights: &Rights, caller: &Caller, path: &str) -> Result<(), Status> {
    let Some(needs) = rights.of_method(path) else {
        return if rights.has_method(path) {
            Err(nobody_may())
        } else {
            Ok(())
        };
    };
    let missing = needs.missing(caller);
    if missing.is_empty() {
        Ok(())
    } else {
        Err(scopes_missing(missing))
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::access::{CallerName, Scopes, Way};
    use tonic::Code;

    use super::*;

    /// What a caller that has these scopes is told, by code and message.
    fn told(scopes: Scopes, path: &str) -> Result<(), (Code, String)> {
        let name = CallerName::parse("web").unwrap();
        let caller = Caller::new(Way::Key, &name, scopes);
        let told = may(&rights::of_two_methods(), &caller, path);
        told.map_err(|status| (status.code(), status.message().to_owned()))
    }

    #[test]
    fn a_method_that_says_no_scope_is_refused_to_whoever_has_all_of_them() {
        let message = "nobody may call this method".to_owned();
        let refused = Err((Code::PermissionDenied, message));
        assert_eq!(told(Scopes::all(), "/p.S/Unsaid"), refused);
        assert_eq!(told(Scopes::NONE, "/p.S/Unsaid"), refused);
    }

    #[test]
    fn a_method_is_for_those_who_have_its_scope_and_what_is_none_is_not_refused_here() {
        assert_eq!(told(Scopes::all(), "/p.S/Said"), Ok(()));
        let (code, message) = told(Scopes::NONE, "/p.S/Said").unwrap_err();
        assert_eq!(code, Code::PermissionDenied);
        assert!(message.contains("transfer"), "{message}");
        assert_eq!(told(Scopes::NONE, "/p.S/None"), Ok(()));
    }
}
