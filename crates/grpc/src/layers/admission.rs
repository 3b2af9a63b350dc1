//! A bounded number of calls at once, and of the streams that everybody may open. The rest is told
//! at once to come back: whoever waits in a queue only ages there.
//!
//! A call is under way until its answer was taken, since as long it is held in memory.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::task::{Context, Poll};

use byline_app::Load;
use tokio::sync::Semaphore;
use tonic::Status;
use tower::{Layer, Service};

use super::{Answer, is_bounded, is_endless, is_transfer};
use crate::status::{too_many_calls, too_many_streams};
use crate::transport::{Keepsake, Peer, Places, keep};

/// Bounds the calls under way, over all connections; and apart from them the streams that
/// everybody may open.
#[derive(Clone)]
pub(crate) struct Admission {
    places: Arc<Semaphore>,
    streams: Places,
    all: usize,
}

impl Admission {
    pub(crate) fn new(max_calls: usize, streams: Places) -> Self {
        let all = max_calls.min(Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(all)),
            streams,
            all,
        }
    }

    /// The place that a call of that method takes, if it takes one. A check of health takes none:
    /// it has a deadline, and is answered whatever happens.
    fn place(&self, path: &str, peer: Option<&Peer>) -> Result<Option<Keepsake>, Status> {
        if is_endless(path) {
            let here = IpAddr::from(Ipv4Addr::LOCALHOST);
            let address = peer.map_or(here, |peer| peer.address.ip());
            let place = self.streams.take(address).ok_or_else(too_many_streams)?;
            Ok(Some(Arc::new(place)))
        } else if is_bounded(path) && !is_transfer(path) {
            let place = Arc::clone(&self.places).try_acquire_owned();
            Ok(Some(Arc::new(place.map_err(|_| too_many_calls())?)))
        } else {
            Ok(None)
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
            admission: self.clone(),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Admitted<S> {
    inner: S,
    admission: Admission,
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
        let peer = request.extensions().get::<Peer>();
        let place = match self.admission.place(request.uri().path(), peer) {
            Ok(place) => place,
            Err(status) => return Box::pin(async move { Ok(status.into_http()) }),
        };
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

    use tonic::Code;
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
            let admission = Admission::new(max_calls, Places::new("streams", 1_000));
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

    #[tokio::test]
    async fn streams_of_everybody_are_bounded_and_checks_of_health_are_not() {
        let admission = Admission::new(1, Places::new("streams", 2));
        let mut service = admission.layer(Idle);
        let mut call = |path| service.call(request(path));
        let reason = async |answer: Answer<Infallible>| {
            let answer = answer.await.expect("it is infallible");
            Status::from_header_map(answer.headers()).map(|status| status.code())
        };
        let watch = call("/grpc.health.v1.Health/Watch");
        let reflection = call("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
        let refused = call("/grpc.health.v1.Health/Watch");
        assert_eq!(reason(refused).await, Some(Code::ResourceExhausted));
        for path in [
            "/grpc.health.v1.Health/Check",
            "/byline.v1.UserService/GetUser",
        ] {
            assert_eq!(reason(call(path)).await, None, "{path}");
        }
        drop(watch);
        let again = call("/grpc.health.v1.Health/Watch");
        assert_eq!(
            reason(call("/grpc.anything/Else")).await,
            Some(Code::ResourceExhausted)
        );
        drop((again, reflection));
        assert_eq!(reason(call("/grpc.anything/Else")).await, None);
    }
}
