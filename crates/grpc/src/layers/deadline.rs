//! Ends a call when its deadline has passed. tonic's own time-out answers
//! CANCELLED and ignores what it cannot read; this one answers DEADLINE_EXCEEDED,
//! and drops the call, upon which the database stops working for it.
//!
//! What streams out of an export comes after the answer has passed here: the service is told
//! when the time is over ([`Expiry`]), and ends the stream then, also where its client takes
//! nothing and nobody would look at a clock on the way out.

use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;
use tower::{Layer, Service};

use super::{Answer, headers, is_bounded, is_endless, is_transfer};
use crate::status::{deadline_exceeded, invalid_deadline};

/// How long a call may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    /// When the caller does not say.
    pub(crate) default: Duration,
    /// Whatever the caller says.
    pub(crate) cap: Duration,
    /// How long a transfer may take, whatever the caller says.
    pub(crate) transfer: Duration,
    /// How long what everybody may ask may take, whatever the caller says.
    pub(crate) of_anybody: Duration,
}

/// When the time of a transfer is over; an extension of its request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expiry {
    pub(crate) at: Instant,
    /// The time that it had.
    pub(crate) time: Duration,
}

/// How much earlier than the caller the server gives up, so that its answer
/// arrives while the caller still waits.
const HEAD_START: Duration = Duration::from_millis(10);

impl Deadline {
    /// The time that a call has; `None` if what it says cannot be read.
    fn of(self, path: &str, headers: &http::HeaderMap) -> Option<Duration> {
        let (default, cap) = if is_transfer(path) {
            (self.transfer, self.transfer)
        } else if !is_bounded(path) {
            (self.default, self.of_anybody)
        } else {
            (self.default, self.cap)
        };
        let Some(header) = headers.get("grpc-timeout") else {
            return Some(default.min(cap));
        };
        let asked = headers::timeout(header.to_str().ok()?)?;
        let early = asked.checked_sub(HEAD_START).unwrap_or_default();
        Some(early.max(asked / 2).min(cap))
    }
}

impl<S> Layer<S> for Deadline {
    type Service = Timely<S>;

    fn layer(&self, inner: S) -> Timely<S> {
        Timely {
            inner,
            deadline: *self,
        }
    }
}

#[derive(Clone)]
pub(crate) struct Timely<S> {
    inner: S,
    deadline: Deadline,
}

impl<S, B> Service<http::Request<B>> for Timely<S>
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
        if is_endless(request.uri().path()) {
            return Box::pin(self.inner.call(request));
        }
        let path = request.uri().path();
        let Some(time) = self.deadline.of(path, request.headers()) else {
            return Box::pin(async { Ok(invalid_deadline().into_http()) });
        };
        if is_transfer(path) {
            let at = Instant::now() + time;
            request.extensions_mut().insert(Expiry { at, time });
        }
        let answer = self.inner.call(request);
        Box::pin(async move {
            tokio::time::timeout(time, answer)
                .await
                .unwrap_or_else(|_| Ok(deadline_exceeded(time).into_http()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_and_the_head_start_are_kept() {
        let deadline = Deadline {
            default: Duration::from_secs(3),
            cap: Duration::from_secs(30),
            transfer: Duration::from_mins(20),
            of_anybody: Duration::from_secs(5),
        };
        let on = |path: &str, text: &'static str| {
            let mut headers = http::HeaderMap::new();
            headers.insert("grpc-timeout", http::HeaderValue::from_static(text));
            deadline.of(path, &headers)
        };
        let of = |text| on("/byline.v1.UserService/GetUser", text);
        let without = http::HeaderMap::new();
        assert_eq!(
            deadline.of("/byline.v1.UserService/GetUser", &without),
            Some(Duration::from_secs(3))
        );
        assert_eq!(of("1H"), Some(Duration::from_secs(30)));
        assert_eq!(of("100m"), Some(Duration::from_millis(90)));
        assert_eq!(of("12m"), Some(Duration::from_millis(6)));
        assert_eq!(of("x"), None);

        let check = "/grpc.health.v1.Health/Check";
        assert_eq!(deadline.of(check, &without), Some(Duration::from_secs(3)));
        assert_eq!(on(check, "30S"), Some(Duration::from_secs(5)));

        let transfer = "/byline.v1.TransferService/ExportUsers";
        assert_eq!(
            deadline.of(transfer, &without),
            Some(Duration::from_mins(20))
        );
        assert_eq!(on(transfer, "1H"), Some(Duration::from_mins(20)));
        assert_eq!(on(transfer, "10M"), Some(Duration::from_millis(599_990)));
    }
}
