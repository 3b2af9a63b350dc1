//! A bounded number of calls at once, of which no caller has more than half; and of the checks of
//! health and the streams that everybody may make. The rest is told at once to come back: whoever
//! waits in a queue only ages there.
//!
//! A call takes its place before its request has come, which is held in memory meanwhile.
//! A call is under way until its answer was taken, since as long it is held in memory.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::task::{Context, Poll};

use byline_app::Load;
use byline_domain::access::Caller;
use http::Extensions;
use tonic::Status;
use tower::{Layer, Service};

use super::{Answer, is_bounded, is_endless, is_transfer};
use crate::shares::{CallerShares, Shares};
use crate::status::{too_many_calls, too_many_checks, too_many_streams};
use crate::transport::{Everybody, Keepsake, Peer, keep};

/// Bounds the calls under way, over all connections; and apart from them what everybody may make.
#[derive(Clone)]
pub(crate) struct Admission {
    places: CallerShares,
    everybody: Everybody,
}

impl Admission {
    pub(crate) fn new(max_calls: usize, everybody: Everybody) -> Self {
        Self {
            places: Shares::new(max_calls),
            everybody,
        }
    }

    /// The place that a call of that method takes, if it takes one.
    fn place(&self, path: &str, call: &Extensions) -> Result<Option<Keepsake>, Status> {
        if is_transfer(path) {
            Ok(None)
        } else if is_bounded(path) {
            let place = match call.get::<Caller>() {
                Some(caller) => self.places.take_for(caller),
                None => self.places.take_for(&Caller::nobody()),
            };
            Ok(Some(Arc::new(place.map_err(too_many_calls)?)))
        } else {
            let here = IpAddr::from(Ipv4Addr::LOCALHOST);
            let address = call.get::<Peer>().map_or(here, |peer| peer.address.ip());
            let place = if is_endless(path) {
                let place = self.everybody.streams.take(address);
                place.ok_or_else(too_many_streams)
            } else {
                let place = self.everybody.checks.take(address);
                place.ok_or_else(too_many_checks)
            };
            Ok(Some(Arc::new(place?)))
        }
    }
}

impl Load for Admission {
    /// From half of the calls on that may be under way.
    fn is_high(&self) -> bool {
        self.places.taken() >= self.places.all().div_ceil(2)
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
        let call = request.extensions();
        let place = match self.admission.place(request.uri().path(), call) {
            Ok(place) => place,
            Err(status) => return Box::pin(async move { Ok(status.into_http()) }),
        };
        let peer = call.get::<Peer>();
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
    use crate::transport::Places;

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

    fn everybody(streams: usize, checks: usize) -> Everybody {
        Everybody {
            streams: Places::new("streams", streams),
            checks: Places::new("checks", checks),
        }
    }

    fn request(path: &str) -> http::Request<()> {
        let request = http::Request::builder().uri(path);
        request.body(()).expect("it is a path")
    }

    #[tokio::test]
    async fn the_load_is_high_while_half_of_the_calls_are_under_way() {
        for (max_calls, half) in [(1, 1), (2, 1), (3, 2), (4, 2), (256, 128)] {
            let admission = Admission::new(max_calls, everybody(1_000, 1_000));
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
    async fn what_everybody_may_make_is_bounded_by_itself() {
        let admission = Admission::new(1, everybody(2, 2));
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
        let checks = [(); 2].map(|()| call("/grpc.health.v1.Health/Check"));
        let refused = call("/grpc.health.v1.Health/Check");
        assert_eq!(reason(refused).await, Some(Code::ResourceExhausted));
        drop(checks);
        assert_eq!(reason(call("/grpc.health.v1.Health/Check")).await, None);
        drop((again, reflection));
        assert_eq!(reason(call("/grpc.anything/Else")).await, None);
    }
}
