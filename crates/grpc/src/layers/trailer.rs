//! Tells the caller how many statements a call cost, after everything else.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};

/// The trailer that holds the number: a whole number in digits.
const DB_QUERIES: HeaderName = HeaderName::from_static("byline-db-queries");

/// Has `answer` tell `count` in its trailers. An error has them in its headers, for
/// nothing comes after those; else `count` is asked when the body ends, and not at all if
/// the body is dropped before. It is shown what is told already, the code among it.
pub(super) fn add(
    mut answer: http::Response<tonic::body::Body>,
    mut count: impl FnMut(&HeaderMap) -> u32 + Send + Unpin + 'static,
) -> http::Response<tonic::body::Body> {
    if answer.headers().contains_key(tonic::Status::GRPC_STATUS) {
        tell(answer.headers_mut(), &mut count);
        return answer;
    }
    answer.map(|body| tonic::body::Body::new(Counted { body, count }))
}

fn tell(trailers: &mut HeaderMap, count: &mut impl FnMut(&HeaderMap) -> u32) {
    let count = count(trailers);
    trailers.insert(DB_QUERIES, HeaderValue::from(count));
}

/// A body whose trailers tell a count along with what they tell anyway.
struct Counted<B, C> {
    body: B,
    count: C,
}

impl<B: Body + Unpin, C: FnMut(&HeaderMap) -> u32 + Unpin> Body for Counted<B, C> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &mut frame
            && let Some(trailers) = frame.trailers_mut()
        {
            tell(trailers, &mut self.count);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Waker;

    use tonic::codegen::Bytes;
    use tonic::{Code, Status};

    use super::*;

    type Step = Poll<Result<Frame<Bytes>, Status>>;

    /// A body that takes these steps and then ends.
    struct Script(VecDeque<Step>);

    impl Body for Script {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            match self.0.pop_front() {
                Some(step) => step.map(Some),
                None => Poll::Ready(None),
            }
        }

        fn is_end_stream(&self) -> bool {
            self.0.is_empty()
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(3)
        }
    }

    fn message() -> Frame<Bytes> {
        Frame::data(Bytes::from_static(b"abc"))
    }

    fn trailers() -> Frame<Bytes> {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        Frame::trailers(trailers)
    }

    fn counted<const N: usize>(
        script: [Step; N],
        count: &Arc<AtomicU32>,
    ) -> http::Response<tonic::body::Body> {
        let body = tonic::body::Body::new(Script(script.into()));
        let count = Arc::clone(count);
        add(http::Response::new(body), move |_| {
            count.load(Ordering::Relaxed)
        })
    }

    fn poll(
        answer: &mut http::Response<tonic::body::Body>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut context = Context::from_waker(Waker::noop());
        Pin::new(answer.body_mut()).poll_frame(&mut context)
    }

    fn next(answer: &mut http::Response<tonic::body::Body>) -> Option<Frame<Bytes>> {
        match poll(answer) {
            Poll::Ready(frame) => frame.transpose().unwrap(),
            Poll::Pending => panic!("the body is not ready"),
        }
    }

    #[test]
    fn a_success_tells_the_count_of_its_end_after_its_message() {
        let count = Arc::new(AtomicU32::new(1));
        let mut answer = counted(
            [
                Poll::Ready(Ok(message())),
                Poll::Pending,
                Poll::Ready(Ok(trailers())),
            ],
            &count,
        );
        assert!(!answer.headers().contains_key(DB_QUERIES));
        let data = next(&mut answer).unwrap().into_data().unwrap();
        assert_eq!(data, "abc");
        assert!(poll(&mut answer).is_pending());
        count.store(3, Ordering::Relaxed);
        let trailers = next(&mut answer).unwrap().into_trailers().unwrap();
        assert_eq!(trailers["grpc-status"], "0");
        assert_eq!(trailers[DB_QUERIES], "3");
        assert!(next(&mut answer).is_none());
    }

    #[test]
    fn an_error_tells_the_count_in_its_headers() {
        let status = Status::new(Code::NotFound, "user was not found");
        let answer = add(status.into_http(), |told| {
            assert_eq!(told["grpc-status"], "5");
            2
        });
        assert_eq!(answer.headers()["grpc-status"], "5");
        assert_eq!(answer.headers()[DB_QUERIES], "2");
        assert!(answer.body().is_end_stream());
    }

    #[test]
    fn a_body_stays_what_it_was() {
        let count = Arc::default();
        let mut answer = counted(
            [message(), trailers()].map(|frame| Poll::Ready(Ok(frame))),
            &count,
        );
        assert_eq!(answer.body().size_hint().exact(), Some(3));
        assert!(!answer.body().is_end_stream());
        while next(&mut answer).is_some() {}
        assert!(answer.body().is_end_stream());
    }

    #[test]
    fn a_body_that_breaks_off_stays_broken() {
        let broken = Poll::Ready(Err(Status::new(Code::Internal, "it broke")));
        let mut answer = counted([broken], &Arc::default());
        let Poll::Ready(Some(Err(status))) = poll(&mut answer) else {
            panic!("the error is lost");
        };
        assert_eq!(status.code(), Code::Internal);
        assert!(next(&mut answer).is_none());
    }
}
