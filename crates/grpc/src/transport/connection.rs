//! A connection as tonic gets it: secured or not, from the preface of HTTP/2 on, and with who is
//! at its other end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::{io, mem};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::server::Connected;

use super::Peer;
use super::preface::PREFACE;

/// A socket, or what secures it.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A wire on which the preface of HTTP/2 has come.
pub(crate) struct Connection {
    wire: Box<dyn Wire>,
    peer: Peer,
    /// How much of the preface is still to be read again, by whoever speaks HTTP/2.
    preface: &'static [u8],
    /// Whether others were let go on since the wire was flushed.
    is_due: bool,
}

impl Connection {
    /// `wire`, from which the preface and nothing else was read.
    pub(super) fn new(wire: Box<dyn Wire>, peer: Peer) -> Self {
        Self {
            wire,
            peer,
            preface: PREFACE,
            is_due: false,
        }
    }

    /// Lets those tasks run first that wait on this thread before anything is sent. Calls that were answered
    /// together have their answers ready then, which are sent together: one by one, each of them
    /// would cost a write here and a read there. Where nothing is ready that is no pause.
    fn let_others_go_on(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if mem::replace(&mut self.is_due, true) {
            return Poll::Ready(());
        }
        // A task that wakes itself runs after those that wait on its thread.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.preface.is_empty() {
            return Pin::new(&mut self.wire).poll_read(context, buffer);
        }
        let (now, later) = self
            .preface
            .split_at(buffer.remaining().min(self.preface.len()));
        buffer.put_slice(now);
        self.preface = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.let_others_go_on(context));
        Pin::new(&mut self.wire).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.let_others_go_on(context));
        Pin::new(&mut self.wire).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.wire).poll_flush(context))?;
        self.is_due = false;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use tokio::time::Instant;

    use super::*;

    #[derive(Default)]
    struct Wakings(AtomicUsize);

    impl Wake for Wakings {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn peer() -> Peer {
        Peer {
            address: ([127, 0, 0, 1], 1).into(),
            has_certificate: false,
            certificate: None,
            until: Instant::now(),
            unread: Arc::default(),
        }
    }

    #[test]
    fn others_are_let_go_on_once_before_what_is_sent_until_it_is_flushed() {
        let (near, _far) = tokio::io::duplex(1_024);
        let mut connection = Connection::new(Box::new(near), peer());
        let wakings = Arc::new(Wakings::default());
        let waker = Arc::clone(&wakings).into();
        let context = &mut Context::from_waker(&waker);
        for round in 1..=3 {
            let mut connection = Pin::new(&mut connection);
            assert!(connection.as_mut().poll_write(context, b"a").is_pending());
            assert_eq!(wakings.0.load(Ordering::Relaxed), round, "or it would hang");
            assert!(connection.as_mut().poll_write(context, b"a").is_ready());
            assert!(connection.as_mut().poll_write(context, b"b").is_ready());
            assert!(connection.as_mut().poll_flush(context).is_ready());
        }
    }
}
