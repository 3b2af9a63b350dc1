//! A bounded number of calls at once. The rest is told at once to come back:
//! whoever waits in a queue only ages there.
//!
//! A call is under way until its answer was taken, since as long it is held in memory.

use std::sync::Arc;
use std::task::{Context, Poll};

use byline_app::Load;
use tokio::sync::Semaphore;
use tower::{Layer, Service};

use super::{Answer, is_bounded, is_transfer};
use crate::status::too_many_calls;
use crate::transport::{Peer, keep};

/// Bounds the calls under way, over all connections.
#[derive(Clone)]
pub(crate) struct Admission {
    places: Arc<Semaphore>,
    all: usize,
}

impl Admission {
    pub(crate) fn new(max_calls: usize) -> Self {
        let all = max_calls.min(Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(all)),
            all,
        }
    }
}

impl Load for Admission {
    /// From half of the calls on that may be under way.
    fn is_high(&self) -> bool {
        self.places.available_permits() <= self.all / 2
    }
}

impl<S> Layer<S> for Admission {
    type Service = Admitted<S>;

    fn layer(&self, inner: S) -> Admitted<S> {
        Admitted {
            inner,
            places: Arc::clone(&self.places),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Admitted<S> {
    inner: S,
    places: Arc<Semaphore>,
}

impl<S, B> Service<http::Request<B>> for Admitted<S>
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

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let path = request.uri().path();
        let place = if is_bounded(path) && !is_transfer(path) {
            match Arc::clone(&self.places).try_acquire_owned() {
                Ok(place) => Some(place),
                Err(_) => return Box::pin(async { Ok(too_many_calls().into_http()) }),
            }
        } else {
            None
        };
        let peer = request.extensions().get::<Peer>();
        let unread = peer.map(|peer| Arc::clone(&peer.unread));
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            Ok(answer.map(|body| keep(body, unread, place)))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::{Ready, ready};

    use tonic::body::Body;

    use super::*;

    /// Answers at once; a call takes its place from when it is made until its answer is taken.
    struct Idle;

    impl Service<http::Request<()>> for Idle {
        type Response = http::Response<Body>;
        type Error = Infallible;
        type Future = Ready<Result<Self::Response, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: http::Request<()>) -> Self::Future {
            ready(Ok(http::Response::new(Body::empty())))
        }
    }

    fn request(path: &str) -> http::Request<()> {
        let request = http::Request::builder().uri(path);
        request.body(()).expect("it is a path")
    }

    #[tokio::test]
    async fn the_load_is_high_while_half_of_the_calls_are_under_way() {
        for (max_calls, half) in [(1, 1), (2, 1), (3, 2), (4, 2), (256, 128)] {
            let admission = Admission::new(max_calls);
            let mut service = admission.layer(Idle);
            let mut call = |path| service.call(request(path));
            let mut under_way = Vec::new();
            for number in 0..half {
                assert!(!admission.is_high(), "{number} of {max_calls} calls");
                // What takes no place is no load.
                under_way.push(call("/byline.v1.TransferService/ExportUsers"));
                under_way.push(call("/grpc.health.v1.Health/Watch"));
                assert!(!admission.is_high(), "{number} of {max_calls} calls");
                under_way.push(call("/byline.v1.UserService/GetUser"));
            }
            assert!(admission.is_high(), "{half} of {max_calls} calls");
            let last = under_way.pop().expect("half of them are under way");
            drop(last.await);
            assert!(!admission.is_high(), "one of {max_calls} has ended");
            // Whether it has an answer or is left.
            under_way.push(call("/byline.v1.UserService/GetUser"));
            assert!(admission.is_high(), "{half} of {max_calls} calls again");
            drop(under_way);
            assert!(!admission.is_high(), "all of {max_calls} were left");
        }
    }
}
