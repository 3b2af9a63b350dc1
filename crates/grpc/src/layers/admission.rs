//! A bounded number of calls at once. The rest is told at once to come back:
//! whoever waits in a queue only ages there.

use std::sync::Arc;
use std::task::{Context, Poll};

use byline_app::Load;
use tokio::sync::Semaphore;
use tower::{Layer, Service};

use super::{Answer, is_bounded, is_transfer};
use crate::status::too_many_calls;

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
        if !is_bounded(path) || is_transfer(path) {
            return Box::pin(self.inner.call(request));
        }
        match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => {
                let answer = self.inner.call(request);
                Box::pin(async move {
                    let answer = answer.await;
                    drop(place);
                    answer
                })
            }
            Err(_) => Box::pin(async { Ok(too_many_calls().into_http()) }),
        }
    }
}
