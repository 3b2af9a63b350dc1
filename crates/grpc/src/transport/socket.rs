//! A socket that gives up where its other end takes nothing any more.
//!
//! Neither TCP nor HTTP/2 does so by itself: what an answer holds in memory would stay there for
//! as long as a client keeps its connection open.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::limits::Place;
use super::unread::Unread;

pub(super) struct Socket {
    stream: TcpStream,
    /// Since when the socket takes nothing although there is something.
    blocked: Option<Instant>,
    unread: Arc<Unread>,
    patience: Duration,
    /// When it is looked whether the patience is over. Always under way, since nothing wakes the
    /// task of a connection whose other end only does nothing.
    looks: Interval,
    _place: Place,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, patience: Duration, place: Place) -> Self {
        let period = (patience / 4).max(Duration::from_millis(1));
        let mut looks = interval_at(Instant::now() + period, period);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            stream,
            blocked: None,
            unread: Arc::default(),
            patience,
            looks,
            _place: place,
        }
    }

    pub(super) fn unread(&self) -> &Arc<Unread> {
        &self.unread
    }

    /// Fails if something has waited for too long to be taken.
    fn look(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        while self.looks.poll_tick(context).is_ready() {
            let waits_since = [self.blocked, self.unread.since()];
            let is_over = |since: Instant| since.elapsed() >= self.patience;
            if waits_since.into_iter().flatten().any(is_over) {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the other end takes nothing of what is sent",
                ));
            }
        }
        Ok(())
    }

    fn write<T>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        self.look(context)?;
        let written = write(Pin::new(&mut self.stream), context);
        if written.is_pending() {
            self.blocked.get_or_insert_with(Instant::now);
        } else {
            self.blocked = None;
        }
        written
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.look(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(context, |stream, context| {
            stream.poll_write_vectored(context, slices)
        })
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    // A TCP socket holds nothing back and shuts down at once.

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
