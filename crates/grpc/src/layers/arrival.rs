//! Ends a call whose request is long in coming. It holds memory and the place of a call, which
//! costs its caller next to nothing: whoever says how long a message is, and sends all of it but
//! its last byte, could keep both for as long as a call may take, or a stream is open.
//!
//! The request of a call that is no stream has to come to its end in time, and of a stream its first
//! message. What an import sends after that its service waits for; and a stream of reflection
//! may as well be open and send nothing.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::{Frame, SizeHint};
use prost::bytes::Bytes;
use tokio::time::{Instant, Sleep};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use super::is_bounded;
use super::whole::whole;
use crate::access::rights;
use crate::status::request_stalled;

/// Has requests come whole, and in time: how long they may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// Those of callers.
    pub(crate) of_callers: Duration,
    /// Those that everybody may make.
    pub(crate) of_anybody: Duration,
}

impl Arrival {
    fn awaited(self, path: &str) -> (Awaited, Duration) {
        let (is_stream, time) = if is_bounded(path) {
            (rights::contract().is_stream(path), self.of_callers)
        } else {
            (path.starts_with("/grpc.reflection."), self.of_anybody)
        };
        let awaited = if is_stream {
            Awaited::Message(Beginning::default())
        } else {
            Awaited::End
        };
        (awaited, time)
    }
}

impl<S> Layer<S> for Arrival {
    type Service = Punctual<S>;

    fn layer(&self, inner: S) -> Punctual<S> {
        Punctual {
            inner,
            arrival: *self,
        }
    }
}

#[derive(Clone)]
pub(crate) struct Punctual<S> {
    inner: S,
    arrival: Arrival,
}

impl<S> Service<http::Request<Body>> for Punctual<S>
where
    S: Service<http::Request<Body>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> S::Future {
        let (awaited, time) = self.arrival.awaited(request.uri().path());
        let arriving = |body| whole(Arriving::new(body, awaited, time));
        self.inner.call(request.map(arriving))
    }
}

/// What has to come in time.
enum Awaited {
    /// The end of the request.
    End,
    /// A message of a stream.
    Message(Beginning),
    /// It is there.
    Nothing,
}

/// How a stream begins, and how much of it has come.
#[derive(Default)]
struct Beginning {
    /// Whether the first message is compressed, and its length (gRPC over HTTP/2).
    head: [u8; 5],
    come: usize,
}

impl Beginning {
    /// Whether with these bytes the first message is whole.
    fn is_whole_with(&mut self, bytes: &[u8]) -> bool {
        let missing = self.head.iter_mut().skip(self.come);
        for (at, byte) in missing.zip(bytes) {
            *at = *byte;
        }
        self.come = self.come.saturating_add(bytes.len());
        let [_, length @ ..] = self.head;
        let length = u32::from_be_bytes(length).try_into().unwrap_or(usize::MAX);
        let of_message = self.come.checked_sub(self.head.len());
        of_message.is_some_and(|come| come >= length)
    }
}

struct Arriving {
    body: Body,
    awaited: Awaited,
    time: Duration,
    until: Instant,
    /// Until then; if it was waited for at all, which a call seldom does that comes in one piece.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Arriving {
    fn new(body: Body, awaited: Awaited, time: Duration) -> Self {
        Self {
            body,
            awaited,
            time,
            until: Instant::now() + time,
            sleep: None,
        }
    }

    fn note(&mut self, bytes: &[u8]) {
        if let Awaited::Message(beginning) = &mut self.awaited
            && beginning.is_whole_with(bytes)
        {
            self.awaited = Awaited::Nothing;
            self.sleep = None;
        }
    }

    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        if matches!(self.awaited, Awaited::Nothing) {
            return false;
        }
        let until = self.until;
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        sleep.as_mut().poll(context).is_ready()
    }
}

impl http_body::Body for Arriving {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        let is_late = match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                self.note(frame.data_ref().map_or(&[], AsRef::as_ref));
                // Of what comes on and on nobody would wait for the rest.
                !matches!(self.awaited, Awaited::Nothing) && self.until <= Instant::now()
            }
            Poll::Ready(Some(Err(_)) | None) => false,
            Poll::Pending => self.is_late(context),
        };
        if is_late {
            return Poll::Ready(Some(Err(request_stalled(self.time))));
        }
        frame
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

    use http_body::Body as _;
    use tonic::Code;

    use super::*;

    const TIME: Duration = Duration::from_secs(1);
    const A_PIECE: Duration = Duration::from_millis(20);
    const STREAM: &str = "/byline.v1.TransferService/ImportUsers";
    const CALL: &str = "/byline.v1.UserService/GetUser";
    const EXPORT: &str = "/byline.v1.TransferService/ExportUsers";
    const WATCH: &str = "/grpc.health.v1.Health/Watch";
    const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

    /// A body that comes piece by piece, and then has no end.
    struct Slow {
        pieces: VecDeque<Bytes>,
        next: Pin<Box<Sleep>>,
    }

    impl http_body::Body for Slow {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            if self.next.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            let Some(piece) = self.pieces.pop_front() else {
                return Poll::Pending;
            };
            self.next = Box::pin(tokio::time::sleep(A_PIECE));
            Poll::Ready(Some(Ok(Frame::data(piece))))
        }
    }

    /// How many pieces come, and after which time it is told that it was too slow, if that is told
    /// in twice the time.
    async fn read(path: &str, pieces: &[&'static [u8]]) -> (usize, Option<Duration>) {
        let arrival = Arrival {
            of_callers: TIME,
            of_anybody: TIME / 2,
        };
        let slow = Slow {
            pieces: pieces.iter().copied().map(Bytes::from_static).collect(),
            next: Box::pin(tokio::time::sleep(Duration::ZERO)),
        };
        let (awaited, time) = arrival.awaited(path);
        let mut body = Arriving::new(Body::new(slow), awaited, time);
        let began = Instant::now();
        let mut count = 0;
        loop {
            let frame = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context));
            match tokio::time::timeout(TIME * 2, frame).await {
                Ok(Some(Ok(_))) => count += 1,
                Ok(Some(Err(status))) => {
                    assert_eq!(status.code(), Code::DeadlineExceeded);
                    return (count, Some(began.elapsed()));
                }
                Ok(None) | Err(_) => return (count, None),
            }
        }
    }

    /// The same where it has to be told, and not before the time is over.
    async fn late(path: &str, pieces: &[&'static [u8]], time: Duration) -> usize {
        let (come, took) = read(path, pieces).await;
        let took = took.unwrap_or_else(|| panic!("{path} waits for ever"));
        assert!(took >= time, "{path}: {took:?}");
        come
    }

    #[tokio::test]
    async fn a_request_comes_to_its_end_in_time_and_of_a_stream_the_first_message() {
        let whole: [&[u8]; 3] = [&[0, 0], &[0, 0, 2, 7], &[7]];
        let a_part: [&[u8]; 2] = [&[0, 0, 0, 0, 2], &[7]];
        let of = async |path, time, is_stream| {
            let (nothing, part) = tokio::join!(late(path, &[], time), late(path, &a_part, time));
            assert_eq!((nothing, part), (0, 2), "{path}");
            if is_stream {
                assert_eq!(read(path, &whole).await, (3, None), "{path}");
            } else {
                assert_eq!(late(path, &whole, time).await, 3, "{path}");
            }
        };
        // Empty messages, of which none is the end.
        let drops = [[0_u8].as_slice(); 500];
        let (.., come) = tokio::join!(
            of(CALL, TIME, false),
            of(EXPORT, TIME, false),
            of(WATCH, TIME / 2, false),
            of(STREAM, TIME, true),
            of(REFLECTION, TIME / 2, true),
            late(CALL, &drops, TIME),
        );
        assert!(come < drops.len(), "{come}");
    }
}
