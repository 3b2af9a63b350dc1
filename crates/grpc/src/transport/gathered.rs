//! Gathers what is sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// At most so many bytes are gathered: dozens of usual answers.
const MOST: usize = 32 * 1_024;

/// What is longer is sent as it is where nothing is gathered before it: to copy it would cost
/// more than it spares.
const LONG: usize = 8 * 1_024;

/// After so many times it is flushed whoever has run meanwhile. What speaks HTTP/2 flushes
/// once for each answer that it has.
const MOST_ASKED: u8 = 200;

/// A socket, or what secures it.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A wire that gathers what is written. Calls that were answered together are sent
/// together: one by one, each of them would cost a write here and a read there.
pub(super) struct Gathered {
    wire: Box<dyn Wire>,
    bytes: Vec<u8>,
    /// So many of them were sent.
    sent: usize,
    /// How often it was to be flushed since others were to be let go on.
    asked: u8,
    /// Whether the task has read since then, as it does first whenever it runs again. It does so too
    /// where it has just taken a call, and then nothing more is gathered in this run.
    is_due: bool,
}

impl Gathered {
    pub(super) fn new(wire: Box<dyn Wire>) -> Self {
        Self {
            wire,
            bytes: Vec::new(),
            sent: 0,
            asked: 0,
            is_due: false,
        }
    }

    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.is_due = true;
        let read = ready!(Pin::new(&mut self.wire).poll_read(context, buffer));
        if read.is_err() {
            // Nobody flushes after that, but who does not send may still listen.
            let _ = self.poll_flush(context);
        }
        Poll::Ready(read)
    }

    /// Takes all of it, unless it is long.
    pub(super) fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        if self.bytes.len() + length > MOST {
            ready!(self.poll_send(context))?;
        }
        if self.bytes.is_empty() && length > LONG {
            return Pin::new(&mut self.wire).poll_write_vectored(context, slices);
        }
        if self.bytes.capacity() - self.bytes.len() < length {
            self.bytes.reserve_exact(MOST - self.bytes.len());
        }
        for slice in slices {
            self.bytes.extend_from_slice(slice);
        }
        Poll::Ready(Ok(length))
    }

    /// Says that it is done and has the task run again, after those that wait on this thread,
    /// to do it then: what they answer goes along. Where nothing waits that is no pause. Whoever
    /// polls MUST read and flush whenever they are woken.
    pub(super) fn poll_flush_soon(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.asked == 0 {
            self.is_due = false;
        }
        if self.bytes.is_empty() || self.is_due || self.asked == MOST_ASKED {
            return self.poll_flush(context);
        }
        self.asked += 1;
        context.waker().wake_by_ref();
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(context))?;
        Pin::new(&mut self.wire).poll_flush(context)
    }

    pub(super) fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(context))?;
        Pin::new(&mut self.wire).poll_shutdown(context)
    }

    /// Sends what is gathered.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(left) = self.bytes.get(self.sent..).filter(|it| !it.is_empty()) {
            match ready!(Pin::new(&mut self.wire).poll_write(context, left))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.sent += sent,
            }
        }
        self.bytes.clear();
        // An idle connection keeps little.
        self.bytes.shrink_to(LONG);
        self.sent = 0;
        self.asked = 0;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::IoSlice;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};
    use std::task::Wake;

    use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};

    use super::*;

    #[derive(Default)]
    struct Wakings(AtomicUsize);

    impl Wake for Wakings {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What has come by now.
    fn come(far: &mut DuplexStream) -> Vec<u8> {
        let mut bytes = vec![0; MOST * 2];
        let mut buffer = ReadBuf::new(&mut bytes);
        let waker = Arc::new(Wakings::default()).into();
        let context = &mut Context::from_waker(&waker);
        let _ = Pin::new(far).poll_read(context, &mut buffer);
        buffer.filled().to_vec()
    }

    #[test]
    fn what_is_written_until_others_were_let_go_on_is_sent_together() {
        let (near, mut far) = duplex(MOST);
        let mut wire = Gathered::new(Box::new(near));
        let wakings = Arc::new(Wakings::default());
        let waker = Arc::clone(&wakings).into();
        let context = &mut Context::from_waker(&waker);
        let write = |wire: &mut Gathered, context: &mut Context<'_>, text: &str| {
            let slices = text.as_bytes().chunks(2).map(IoSlice::new);
            let written = wire.poll_write(context, &slices.collect::<Vec<_>>());
            assert!(matches!(written, Poll::Ready(Ok(length)) if length == text.len()));
        };
        for round in 1..=3 {
            write(&mut wire, context, "first, ");
            assert!(wire.poll_flush_soon(context).is_ready());
            assert_eq!(
                wakings.0.load(Ordering::Relaxed),
                2 * round - 1,
                "or it would hang"
            );
            assert!(come(&mut far).is_empty());
            write(&mut wire, context, "second, ");
            assert!(wire.poll_flush_soon(context).is_ready());
            assert!(come(&mut far).is_empty(), "the task has not run again");
            assert!(
                wire.poll_read(context, &mut ReadBuf::new(&mut [0]))
                    .is_pending()
            );
            write(&mut wire, context, "third");
            assert!(wire.poll_flush_soon(context).is_ready());
            assert_eq!(come(&mut far), b"first, second, third");
            assert!(wire.poll_flush_soon(context).is_ready());
        }
        assert_eq!(
            wakings.0.load(Ordering::Relaxed),
            6,
            "nothing was to be sent"
        );
    }

    #[test]
    fn whoever_never_reads_is_sent_all_the_same() {
        let (near, mut far) = duplex(MOST);
        let mut wire = Gathered::new(Box::new(near));
        let context = &mut Context::from_waker(std::task::Waker::noop());
        assert!(wire.poll_write(context, &[IoSlice::new(b"all")]).is_ready());
        let mut sent = Vec::new();
        for _ in 0..=MOST_ASKED {
            assert!(sent.is_empty());
            assert!(wire.poll_flush_soon(context).is_ready());
            sent = come(&mut far);
        }
        assert_eq!(sent, b"all");
    }

    #[test]
    fn what_is_long_waits_only_for_what_was_written_before() {
        let (near, mut far) = duplex(MOST);
        let mut wire = Gathered::new(Box::new(near));
        let waker = Arc::new(Wakings::default()).into();
        let context = &mut Context::from_waker(&waker);
        let long = vec![b'x'; LONG + 1];
        assert!(wire.poll_write(context, &[IoSlice::new(&long)]).is_ready());
        assert_eq!(come(&mut far), long, "at once, and not copied");
        assert!(
            wire.poll_write(context, &[IoSlice::new(b"short")])
                .is_ready()
        );
        assert!(wire.poll_write(context, &[IoSlice::new(&long)]).is_ready());
        assert!(come(&mut far).is_empty());
        assert!(wire.poll_flush(context).is_ready());
        assert_eq!(come(&mut far).len(), 5 + long.len());
    }

    /// Writes pieces of many lengths, flushing now and then, to somebody who takes `room` bytes at once.
    async fn sent_through(room: usize) -> (Vec<u8>, Vec<u8>) {
        let (near, mut far) = duplex(room);
        let taken = tokio::spawn(async move {
            let mut bytes = Vec::new();
            far.read_to_end(&mut bytes).await.unwrap();
            bytes
        });
        let mut wire = Gathered::new(Box::new(near));
        let mut all = Vec::new();
        for number in 0_usize..400 {
            let length = match number % 80 {
                // More than is gathered, beside what is.
                79 => 2 * MOST,
                _ => number * number * 7 % (LONG + 2_000) / (1 + number % 9),
            };
            let piece: Vec<_> = (0..length)
                .map(|at| (at + number).to_le_bytes()[0])
                .collect();
            all.extend_from_slice(&piece);
            let mut left = &*piece;
            while !left.is_empty() {
                let (one, other) = left.split_at(left.len() / 3);
                let slices = [IoSlice::new(one), IoSlice::new(other)];
                let written = poll_fn(|context| wire.poll_write(context, &slices)).await;
                left = &left[written.unwrap()..];
                assert!(wire.bytes.len() <= MOST);
            }
            if number % 3 == 0 {
                poll_fn(|context| wire.poll_flush_soon(context))
                    .await
                    .unwrap();
            }
            if number % 50 == 0 {
                poll_fn(|context| wire.poll_flush(context)).await.unwrap();
            }
        }
        poll_fn(|context| wire.poll_shutdown(context))
            .await
            .unwrap();
        drop(wire);
        (all, taken.await.unwrap())
    }

    #[tokio::test]
    async fn nothing_is_lost_or_moved_however_slowly_it_is_taken() {
        for room in [1, 100, LONG, MOST, 4 * MOST] {
            let (all, taken) = sent_through(room).await;
            assert!(all == taken, "with room for {room}");
        }
    }

    #[test]
    fn more_than_is_gathered_waits_until_it_is_taken() {
        let (near, mut far) = duplex(10);
        let mut wire = Gathered::new(Box::new(near));
        let waker = Arc::new(Wakings::default()).into();
        let context = &mut Context::from_waker(&waker);
        let piece = vec![b'x'; 1_000];
        let mut write = || wire.poll_write(context, &[IoSlice::new(&piece)]).is_ready();
        let written = (0..1_000).take_while(|_| write()).count();
        assert_eq!(written, MOST / piece.len());
        assert_eq!(come(&mut far).len(), 10);
        assert!(!write(), "there is room for ten bytes more");
    }

    /// What takes all that is written, and cannot be read.
    struct Deaf(Arc<Mutex<Vec<u8>>>);

    impl AsyncRead for Deaf {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()))
        }
    }

    impl AsyncWrite for Deaf {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn what_was_flushed_is_sent_before_a_read_fails() {
        let sent = Arc::default();
        let mut wire = Gathered::new(Box::new(Deaf(Arc::clone(&sent))));
        let context = &mut Context::from_waker(std::task::Waker::noop());
        assert!(wire.poll_write(context, &[IoSlice::new(b"all")]).is_ready());
        assert!(wire.poll_flush_soon(context).is_ready());
        assert!(sent.lock().unwrap().is_empty());
        let read = wire.poll_read(context, &mut ReadBuf::new(&mut [0]));
        assert!(matches!(read, Poll::Ready(Err(_))));
        assert_eq!(*sent.lock().unwrap(), b"all");
    }
}
