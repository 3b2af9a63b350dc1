//! A stream that its caller gives up is no stream that has come to its end.
//!
//! tonic takes one that was reset with CANCEL for one that has ended, and hyper one that was reset with
//! NO_ERROR. Mostly the call is dropped before it can be misled, but not always, and an import that was
//! broken off half way would be kept.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Frame, SizeHint};
use prost::bytes::Bytes;
use tonic::body::Body;
use tonic::{Code, Status};

/// The same body, which does not end before its end.
pub(super) fn whole<B>(body: B) -> Body
where
    B: http_body::Body<Data = Bytes, Error = Status> + Send + Unpin + 'static,
{
    Body::new(WholeBody(body))
}

struct WholeBody<B>(B);

impl<B: http_body::Body<Data = Bytes, Error = Status> + Unpin> http_body::Body for WholeBody<B> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.0).poll_frame(context));
        Poll::Ready(match frame {
            None if !self.0.is_end_stream() => Some(Err(given_up())),
            Some(Err(status)) if status.code() == Code::Cancelled => Some(Err(given_up())),
            Some(_) | None => frame,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// Nobody is there to be told; any code but CANCELLED does.
fn given_up() -> Status {
    Status::aborted("the caller has given up the stream")
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use http_body::Body as _;

    use super::*;

    /// A body that comes to its end only if all of it was polled and it says so.
    struct Fake {
        frames: VecDeque<Result<Bytes, Status>>,
        is_whole: bool,
    }

    impl http_body::Body for Fake {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            let frame = self.frames.pop_front();
            Poll::Ready(frame.map(|frame| frame.map(Frame::data)))
        }

        fn is_end_stream(&self) -> bool {
            self.is_whole && self.frames.is_empty()
        }
    }

    /// How many frames come before the end, or how it fails.
    async fn read(frames: Vec<Result<Bytes, Status>>, is_whole: bool) -> Result<usize, Code> {
        let fake = Fake {
            frames: frames.into(),
            is_whole,
        };
        let mut body = WholeBody(Body::new(fake));
        let mut count = 0;
        loop {
            let frame = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context));
            match frame.await {
                Some(Ok(_)) => count += 1,
                Some(Err(status)) => return Err(status.code()),
                None => return Ok(count),
            }
        }
    }

    #[tokio::test]
    async fn only_a_stream_that_was_ended_ends() {
        let frame = || Ok(Bytes::from_static(b"frame"));
        assert_eq!(read(vec![frame(), frame()], true).await, Ok(2));
        assert_eq!(
            read(vec![frame(), frame()], false).await,
            Err(Code::Aborted)
        );
        let cancelled = vec![frame(), Err(Status::cancelled("reset"))];
        assert_eq!(read(cancelled, false).await, Err(Code::Aborted));
        let broken = vec![frame(), Err(Status::unknown("no connection"))];
        assert_eq!(read(broken, false).await, Err(Code::Unknown));
    }
}
