//! Answers that their callers do not read: how long they wait, and what they keep meanwhile.
//!
//! HTTP/2 has no bound on how long a client may leave an answer where it is. It goes out in
//! pieces, each of which knows since when it waits, and keeps its call's place until it is written: so answers
//! that wait are bounded by how many calls may be under way, and by how long a socket
//! has patience.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use http_body::{Frame, SizeHint};
use prost::bytes::Bytes;
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;

/// The most bytes that go out as one: whoever takes that many in time is not idle.
const PIECE: usize = 64 * 1024;

/// The pieces of answers that wait on a connection.
#[derive(Debug, Default)]
pub(crate) struct Unread(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// By number, so that the oldest is the first.
    since: BTreeMap<u64, Instant>,
    next: u64,
}

impl Unread {
    /// Since when the piece waits that has waited longest.
    pub(super) fn since(&self) -> Option<Instant> {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.since.values().next().copied()
    }

    fn add(self: &Arc<Self>) -> Mark {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = waiting.next;
        waiting.next += 1;
        waiting.since.insert(number, Instant::now());
        Mark {
            unread: Arc::clone(self),
            number,
        }
    }
}

/// That a piece waits; until it is dropped.
struct Mark {
    unread: Arc<Unread>,
    number: u64,
}

impl Drop for Mark {
    fn drop(&mut self) {
        let mut waiting = self.unread.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.since.remove(&self.number);
    }
}

/// What an answer keeps for as long as it is held here.
pub(crate) type Keepsake = Arc<dyn Send + Sync>;

/// Has an answer be counted among what its connection has not taken, and keep its place until all
/// of it was taken or given up.
pub(crate) fn keep(body: Body, unread: Option<Arc<Unread>>, place: Option<Keepsake>) -> Body {
    Body::new(Kept {
        body,
        rest: Bytes::new(),
        unread,
        place,
    })
}

struct Kept {
    body: Body,
    /// What of the last frame has not gone out.
    rest: Bytes,
    unread: Option<Arc<Unread>>,
    place: Option<Keepsake>,
}

impl Kept {
    fn piece(&mut self) -> Bytes {
        let bytes = self.rest.split_to(self.rest.len().min(PIECE));
        Bytes::from_owner(Piece {
            bytes,
            _mark: self.unread.as_ref().map(Unread::add),
            _place: self.place.clone(),
        })
    }
}

struct Piece {
    bytes: Bytes,
    _mark: Option<Mark>,
    _place: Option<Keepsake>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl http_body::Body for Kept {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.rest.is_empty() {
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(context)?) else {
                return Poll::Ready(None);
            };
            match frame.into_data() {
                Ok(bytes) => self.rest = bytes,
                Err(other) => return Poll::Ready(Some(Ok(other))),
            }
        }
        Poll::Ready(Some(Ok(Frame::data(self.piece()))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len().try_into().unwrap_or(u64::MAX);
        let of_body = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(of_body.lower().saturating_add(rest));
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;

    use http::HeaderMap;
    use http_body::Body as _;
    use tokio::sync::Semaphore;

    use super::*;

    struct Fake(VecDeque<Frame<Bytes>>);

    impl http_body::Body for Fake {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.pop_front().map(Ok))
        }

        fn is_end_stream(&self) -> bool {
            self.0.is_empty()
        }

        fn size_hint(&self) -> SizeHint {
            let data = self.0.iter().filter_map(|frame| frame.data_ref());
            SizeHint::with_exact(data.map(|data| data.len() as u64).sum())
        }
    }

    async fn next(body: &mut Body) -> Option<Frame<Bytes>> {
        let frame = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context));
        frame.await.map(Result::unwrap)
    }

    fn answer(frames: Vec<Frame<Bytes>>) -> (Body, Arc<Unread>, Arc<Semaphore>) {
        let unread = Arc::<Unread>::default();
        let places = Arc::new(Semaphore::new(1));
        let place = Arc::clone(&places).try_acquire_owned().ok();
        let body = Body::new(Fake(frames.into()));
        let place = place.map(|place| Arc::new(place) as Keepsake);
        (keep(body, Some(Arc::clone(&unread)), place), unread, places)
    }

    #[tokio::test]
    async fn an_answer_goes_out_in_pieces_and_is_the_same() {
        let said: Vec<u8> = (0..=250).cycle().take(PIECE * 2 + 7).collect();
        let trailers = HeaderMap::from_iter([(
            http::HeaderName::from_static("grpc-status"),
            http::HeaderValue::from_static("0"),
        )]);
        let frames = vec![
            Frame::data(Bytes::from(said.clone())),
            Frame::data(Bytes::new()),
            Frame::data(Bytes::from_static(b"more")),
            Frame::trailers(trailers.clone()),
        ];
        let (mut body, ..) = answer(frames);
        let mut heard = Vec::new();
        let mut lengths = Vec::new();
        let last = loop {
            let left = (said.len() + 4 - heard.len()) as u64;
            assert_eq!(body.size_hint().exact(), Some(left));
            assert!(!body.is_end_stream());
            match next(&mut body).await.unwrap().into_data() {
                Ok(piece) => {
                    lengths.push(piece.len());
                    heard.extend_from_slice(&piece);
                }
                Err(frame) => break frame.into_trailers().unwrap(),
            }
        };
        assert_eq!(heard, [said.as_slice(), b"more"].concat());
        assert_eq!(lengths, [PIECE, PIECE, 7, 0, 4]);
        assert_eq!(last, trailers);
        assert!(body.is_end_stream());
        assert!(next(&mut body).await.is_none());
    }

    #[tokio::test]
    async fn an_answer_keeps_its_place_until_all_of_it_was_taken() {
        let (mut body, unread, places) = answer(vec![Frame::data(vec![1; PIECE + 1].into())]);
        assert_eq!(unread.since(), None, "nothing was asked for");
        let first = next(&mut body).await;
        let since = unread.since().expect("it waits");
        let second = next(&mut body).await;
        assert_eq!(unread.since(), Some(since), "the oldest counts");
        drop(body);
        drop(first);
        assert_ne!(unread.since(), None);
        assert_eq!(places.available_permits(), 0);
        drop(second);
        assert_eq!(unread.since(), None);
        assert_eq!(places.available_permits(), 1);
    }
}
