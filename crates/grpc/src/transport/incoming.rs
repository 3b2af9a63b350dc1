//! Accepts connections and brings them to where tonic takes over, all of them at once: none waits
//! for another one's handshake.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_stream::Stream;

use super::connection::Connection;
use super::gathered::Wire;
use super::identity::name_of;
use super::limits::Place;
use super::socket::Socket;
use super::{GRACE, Peer, PeerName, Transport, host, preface};
use crate::rates::Lines;

/// How many connections may wait to be accepted. With the usual 128 a few hundred clients that
/// come back at once have to try again a second later.
const BACKLOG: u32 = 4_096;
/// How many connections may wait for tonic, which takes each at once.
const WAITING: usize = 16;

/// Takes an address where nobody listens. Whoever connects is refused until somebody does; who
/// takes it too at this moment is found by then.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A server that is started anew finds connections of the one before it.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Listens at an address that was taken.
pub(crate) fn listen(bound: TcpSocket) -> io::Result<TcpListener> {
    bound.listen(BACKLOG)
}

/// The connections on which the preface of HTTP/2 has come. When dropped it stops listening, and
/// ends those that were not that far.
pub(crate) struct Incoming {
    connections: mpsc::Receiver<Connection>,
    _tasks: JoinSet<()>,
}

impl Incoming {
    pub(crate) fn new(listener: TcpListener, transport: Transport) -> Self {
        let (sender, connections) = mpsc::channel(WAITING);
        let mut tasks = JoinSet::new();
        if let Some(certificates) = &transport.certificates {
            tasks.spawn(Arc::clone(certificates).follow());
        }
        tasks.spawn(accept(listener, Arc::new(transport), sender));
        Self {
            connections,
            _tasks: tasks,
        }
    }
}

impl Stream for Incoming {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.connections.poll_recv(context);
        next.map(|connection| connection.map(Ok))
    }
}

async fn accept(
    listener: TcpListener,
    transport: Arc<Transport>,
    sender: mpsc::Sender<Connection>,
) {
    let mut opening = JoinSet::new();
    let mut failures = Failures::default();
    let lines = Arc::new(Lines::new("failed handshakes"));
    loop {
        // Beside the others, so that what has ended does not pile up.
        while opening.try_join_next().is_some() {}
        let (stream, address) = match listener.accept().await {
            Ok((stream, address)) => (stream, known_by(address)),
            Err(error) => {
                if let Some(pause) = failures.pause(&error) {
                    tokio::time::sleep(pause).await;
                }
                continue;
            }
        };
        failures = Failures::default();
        let Some(place) = transport.places.take(address.ip()) else {
            continue;
        };
        let (transport, sender) = (Arc::clone(&transport), sender.clone());
        let lines = Arc::clone(&lines);
        opening.spawn(async move {
            match open(stream, address, place, &transport).await {
                Ok(connection) => {
                    let _ = sender.send(connection).await;
                }
                // Somebody may want in who cannot get in.
                Err(error) if is_of_tls(&error) => lines.write(Some(host(address.ip())), || {
                    tracing::warn!(peer = %address, %error, "a handshake has failed");
                }),
                // Probes of load balancers come and go without a word.
                Err(error) => {
                    tracing::debug!(peer = %address, %error, "a connection did not begin");
                }
            }
        });
    }
}

/// The address that a peer is known by, whatever socket it came to: one of IPv6 has those of
/// IPv4 as `::ffff:192.0.2.1`.
fn known_by(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Whether both ends speak, and cannot agree: a certificate is bad, or one of them speaks no TLS.
fn is_of_tls(error: &io::Error) -> bool {
    let inner = error.get_ref();
    let of_tls = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
    of_tls.is_some()
}

/// Brings a connection to where it has said that it speaks HTTP/2.
async fn open(
    stream: TcpStream,
    address: SocketAddr,
    place: Place,
    transport: &Transport,
) -> io::Result<Connection> {
    let patience = &transport.patience;
    let accepted = Instant::now();
    // Else the kernel would keep back the end of an answer until its beginning is acknowledged.
    stream.set_nodelay(true)?;
    let socket = Socket::new(stream, patience.write, place);
    let mut peer = Peer {
        address,
        has_certificate: false,
        certificate: None,
        until: accepted,
        unread: Arc::clone(socket.unread()),
    };
    let mut wire: Box<dyn Wire> = match &transport.certificates {
        None => Box::new(socket),
        Some(certificates) => {
            let handshake = certificates.acceptor().accept(socket);
            let stream = timeout_at(accepted + patience.handshake, handshake).await??;
            let certificates = stream.get_ref().1.peer_certificates();
            if let Some(certificate) = certificates.and_then(<[_]>::first) {
                peer.has_certificate = true;
                peer.certificate = name_of(certificate);
            }
            Box::new(stream)
        }
    };
    timeout_at(accepted + patience.preface, preface::read(&mut wire)).await??;
    peer.until = Instant::now() + patience.age + GRACE;
    tracing::debug!(
        address = %peer.address,
        has_certificate = peer.has_certificate,
        certificate = peer.certificate.as_ref().map(PeerName::as_str),
        "a connection has begun"
    );
    Ok(Connection::new(wire, peer))
}

/// How often it has failed to accept a connection, without a success in between.
#[derive(Default)]
struct Failures(u32);

impl Failures {
    const FIRST_PAUSE: Duration = Duration::from_millis(10);
    const LONGEST_PAUSE: Duration = Duration::from_secs(1);

    /// How long to wait before it is tried again. Without a pause a process that has no more files
    /// to open would do nothing but try.
    fn pause(&mut self, error: &io::Error) -> Option<Duration> {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
        // That is one connection's trouble.
        if [ConnectionAborted, ConnectionRefused, ConnectionReset].contains(&error.kind()) {
            return None;
        }
        if self.0 == 0 {
            tracing::warn!(%error, "no connection can be accepted for now");
        }
        let pause = Self::FIRST_PAUSE * 2_u32.saturating_pow(self.0);
        self.0 = self.0.saturating_add(1);
        Some(pause.min(Self::LONGEST_PAUSE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_followed_by_longer_and_longer_pauses() {
        let too_many_files = io::Error::from_raw_os_error(24);
        let mut failures = Failures::default();
        let mut pauses = Vec::new();
        for _ in 0..100 {
            pauses.push(failures.pause(&too_many_files).unwrap());
        }
        assert_eq!(pauses[0], Failures::FIRST_PAUSE);
        assert_eq!(pauses[1], Failures::FIRST_PAUSE * 2);
        assert!(pauses.is_sorted());
        assert_eq!(pauses[99], Failures::LONGEST_PAUSE);

        let of_one = io::ErrorKind::ConnectionAborted.into();
        assert_eq!(failures.pause(&of_one), None);
    }
}
