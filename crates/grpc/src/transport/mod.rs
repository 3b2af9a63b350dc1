//! What lies between the network and tonic: which connections there are, how long they may take
//! to begin, what secures them, and who is at their other end.
//!
//! tonic gets a connection once its handshake is done and the first bytes of HTTP/2 have come.
//! What is not that far costs a socket and a task, and ends at once when the server stops.

mod connection;
mod gathered;
mod identity;
mod incoming;
mod limits;
mod peer_name;
mod preface;
mod reload;
mod socket;
mod tls;
mod unread;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub(crate) use incoming::{Incoming, bind, listen};
pub(crate) use limits::{Everybody, Places, host, room};
pub(crate) use peer_name::PeerName;
pub(crate) use reload::Certificates;
pub(crate) use tls::Files;
pub(crate) use unread::{Keepsake, Unread, keep};

/// How connections are taken.
pub(crate) struct Transport {
    pub(crate) places: Places,
    /// Those of what everybody may make, over all connections.
    pub(crate) everybody: Everybody,
    pub(crate) patience: Patience,
    /// What connections are secured by; if nothing, calls come in the clear.
    pub(crate) certificates: Option<Arc<Certificates>>,
}

/// How long the other end of a connection may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// From when it is accepted until TLS is agreed on.
    pub(crate) handshake: Duration,
    /// From when it is accepted until the preface of HTTP/2 has come.
    pub(crate) preface: Duration,
    /// While something waits to be taken, be it for the socket or for a window of HTTP/2.
    pub(crate) write: Duration,
    /// How long it may be silent before it is asked whether it is there, and how long it may
    /// take to answer.
    pub(crate) keepalive_interval: Duration,
    pub(crate) keepalive_timeout: Duration,
    /// How long a connection is used, after which a client is told to make another one: so that
    /// a certificate counts no longer than that and [`GRACE`] beyond its end.
    pub(crate) age: Duration,
}

/// How long after that calls may begin all the same, while a client goes over to another one.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// Who is at the other end of a connection. The extensions of each request have it.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// Of a peer of IPv4 that of IPv4, also on a socket of IPv6.
    pub(crate) address: SocketAddr,
    /// Whether it has proven a certificate of the client CA, whatever that names.
    pub(crate) has_certificate: bool,
    /// Whom the certificate names, if there is one and it names one alone.
    pub(crate) certificate: Option<PeerName>,
    /// From when on no call may begin on its connection.
    pub(crate) until: Instant,
    /// What its connection has not taken yet.
    pub(crate) unread: Arc<Unread>,
}
