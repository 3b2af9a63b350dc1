//! One call: its id, its statements, which the caller is told, and the one line that
//! is logged of it when all of its answer is under way. Never what it says or is answered.

use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Instant;

use byline_domain::access::Caller;
use byline_domain::ids::IdGenerator;
use byline_persistence::meter::{self, Statements};
use http::{Extensions, HeaderValue};
use tonic::Code;
use tower::{Layer, Service};

use super::{Answer, headers, trailer};
use crate::access::rights;

/// The header in which a caller may give a call an id, and in which it is told.
const REQUEST_ID: &str = "x-request-id";

tokio::task_local! {
    static CURRENT: Arc<str>;
}

/// The id of the call under way; empty outside one.
pub(crate) fn request_id() -> String {
    CURRENT.try_with(ToString::to_string).unwrap_or_default()
}

/// Has `work` done for the call under way here, on whatever task it runs.
pub(crate) fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let id = CURRENT.try_with(Arc::clone).unwrap_or_default();
    CURRENT.scope(id, meter::carried(work))
}

/// Gives each call an id, tells what it cost, and logs it.
#[derive(Clone)]
pub(crate) struct CallLog {
    ids: Arc<dyn IdGenerator>,
}

impl CallLog {
    pub(crate) fn new(ids: Arc<dyn IdGenerator>) -> Self {
        Self { ids }
    }
}

impl<S> Layer<S> for CallLog {
    type Service = Logged<S>;

    fn layer(&self, inner: S) -> Logged<S> {
        Logged {
            inner,
            ids: Arc::clone(&self.ids),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Logged<S> {
    inner: S,
    ids: Arc<dyn IdGenerator>,
}

impl<S, B> Service<http::Request<B>> for Logged<S>
where
    S: Service<http::Request<B>, Response = http::Response<tonic::body::Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Answer<S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let given = request.headers().get(REQUEST_ID);
        let given = given.and_then(|id| headers::request_id(id.as_bytes()));
        let id: Arc<str> = given.map_or_else(|| self.ids.generate().to_string().into(), Arc::from);
        let mut line = Line {
            id: Arc::clone(&id),
            method: method_name(request.uri().path()),
            caller: Known::default(),
            began: Instant::now(),
            statements: Statements::default(),
            code: None,
        };
        request.extensions_mut().insert(line.caller.clone());
        let answer = self.inner.call(request);
        Box::pin(async move {
            let statements = line.statements.clone();
            let answer = CURRENT
                .scope(Arc::clone(&id), statements.count_in(answer))
                .await;
            answer.map(|mut answer| {
                if let Ok(value) = HeaderValue::from_str(&id) {
                    answer.headers_mut().insert(REQUEST_ID, value);
                }
                // Goes with the body, so that it is logged when that has ended.
                trailer::add(answer, move |outcome| {
                    line.code = Some(code_of(outcome));
                    line.statements.get()
                })
            })
        })
    }
}

/// Who makes a call, as soon as that is known: an extension of its request.
#[derive(Clone, Default)]
pub(super) struct Known(Arc<OnceLock<String>>);

impl Known {
    /// Tells who makes the call of those extensions.
    pub(super) fn tell(call: &Extensions, caller: &Caller) {
        if let Some(Self(known)) = call.get() {
            // Set once: one layer finds it out.
            let _ = known.set(caller.id().to_owned());
        }
    }
}

/// What is logged of a call when it ends, however it does: dropping it logs it, so
/// that a call whose caller went away is logged too.
struct Line {
    id: Arc<str>,
    method: &'static str,
    caller: Known,
    began: Instant,
    statements: Statements,
    code: Option<Code>,
}

impl Drop for Line {
    fn drop(&mut self) {
        let code = self.code.unwrap_or(Code::Cancelled);
        tracing::info!(
            request_id = %self.id,
            method = self.method,
            caller = self.caller.0.get(),
            code = ?code,
            ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            statements = self.statements.get(),
            "call"
        );
    }
}

/// The code that trailers tell, or headers that nothing follows.
fn code_of(headers: &http::HeaderMap) -> Code {
    headers
        .get("grpc-status")
        .map_or(Code::Ok, |value| Code::from_bytes(value.as_bytes()))
}

/// The method that a path names. A path is the caller's text, and nobody knows the caller yet:
/// what is no method is not logged.
fn method_name(path: &str) -> &'static str {
    let ours = rights::contract().name_of(path);
    let other = || {
        OTHERS
            .into_iter()
            .find(|name| path.strip_prefix('/') == Some(name))
    };
    ours.or_else(other).unwrap_or("(no method)")
}

/// The methods that are no part of the contract.
const OTHERS: [&str; 5] = [
    "grpc.health.v1.Health/Check",
    "grpc.health.v1.Health/List",
    "grpc.health.v1.Health/Watch",
    "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_path_is_logged_but_the_name_of_a_method() {
        assert_eq!(
            method_name("/byline.v1.UserService/GetUser"),
            "byline.v1.UserService/GetUser"
        );
        assert_eq!(
            method_name("/grpc.health.v1.Health/Check"),
            "grpc.health.v1.Health/Check"
        );
        for path in [
            "/ada@example.com",
            "/secret",
            "/byline.v1.UserService/secret",
            "/",
            "",
        ] {
            assert_eq!(method_name(path), "(no method)", "{path}");
        }
    }
}
