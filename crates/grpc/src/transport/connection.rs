//! A connection as tonic gets it: secured or not, from the preface of HTTP/2 on, and with who is
//! at its other end.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::server::Connected;

use super::Peer;
use super::gathered::{Gathered, Wire};
use super::preface::PREFACE;

/// A wire on which the preface of HTTP/2 has come.
pub(crate) struct Connection {
    wire: Gathered,
    peer: Peer,
    /// How much of the preface is still to be read again, by whoever speaks HTTP/2.
    preface: &'static [u8],
}

impl Connection {
    /// `wire`, from which the preface and nothing else was read.
    pub(super) fn new(wire: Box<dyn Wire>, peer: Peer) -> Self {
        Self {
            wire: Gathered::new(wire),
            peer,
            preface: PREFACE,
        }
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
            return self.wire.poll_read(context, buffer);
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
        self.wire.poll_write(context, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.wire.poll_write(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // From then on whoever speaks HTTP/2 flushes whenever they are woken, and until then only
        // what answers the preface.
        if self.preface.is_empty() {
            self.wire.poll_flush_soon(context)
        } else {
            self.wire.poll_flush(context)
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wire.poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Waker;

    use tokio::io::AsyncReadExt as _;
    use tokio::time::Instant;

    use super::*;

    fn peer() -> Peer {
        Peer {
            address: ([127, 0, 0, 1], 1).into(),
            has_certificate: false,
            certificate: None,
            until: Instant::now(),
            unread: Arc::default(),
        }
    }

    #[tokio::test]
    async fn what_is_sent_before_the_preface_was_read_waits_for_nobody() {
        let (near, mut far) = tokio::io::duplex(1_024);
        let mut connection = Pin::new(Box::new(Connection::new(Box::new(near), peer())));
        let context = &mut Context::from_waker(Waker::noop());
        assert!(
            connection
                .as_mut()
                .poll_write(context, b"settings")
                .is_ready()
        );
        assert!(connection.as_mut().poll_flush(context).is_ready());
        let mut bytes = [0; 8];
        far.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"settings");
        let mut preface = [0; PREFACE.len()];
        connection.read_exact(&mut preface).await.unwrap();
        assert_eq!(preface, *PREFACE);
    }
}
