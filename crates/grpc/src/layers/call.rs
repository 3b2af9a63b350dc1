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

use super::{Answer, trailer};

/// The header in which a caller may give a call an id, and in which it is told.
const REQUEST_ID: &str = "x-request-id";
const REQUEST_ID_MAX: usize = 64;

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
        let id = callers_id(request.headers())
            .unwrap_or_else(|| Arc::from(self.ids.generate().to_string()));
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
    method: String,
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

/// The caller's id for the call, unless it could break a log line.
fn callers_id(headers: &http::HeaderMap) -> Option<Arc<str>> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let fits = (1..=REQUEST_ID_MAX).contains(&id.len()) && id.bytes().all(plain);
    fits.then(|| Arc::from(id))
}

/// The method that a path names. A path is the caller's text: what cannot be a
/// method is not logged.
fn method_name(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_');
    let name = path.trim_start_matches('/');
    if name.len() <= 100 && name.bytes().all(plain) {
        name.to_owned()
    } else {
        "(no method)".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_text_of_the_caller_is_logged() {
        assert_eq!(
            method_name("/byline.v1.UserService/GetUser"),
            "byline.v1.UserService/GetUser"
        );
        assert_eq!(method_name("/ada@example.com"), "(no method)");
        assert_eq!(method_name(&"a".repeat(101)), "(no method)");

        let id = |text: &str| {
            let mut headers = http::HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_str(text).unwrap());
            callers_id(&headers)
        };
        assert_eq!(id("a-1").as_deref(), Some("a-1"));
        assert_eq!(id("ada@example.com"), None);
        assert_eq!(id(""), None);
    }
}
