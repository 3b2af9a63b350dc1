//! Between a server and those that it talks with: hands on in one piece what they say, and once the
//! server waits for it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use byline_persistence::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, split};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::rest::rest;
use crate::Failure;

/// What the database says last before it waits to be asked again: that it is ready, and one byte
/// for whether a transaction is under way.
const READY: &[u8] = b"Z\0\0\0\x05";

/// How long more is waited for of what does not end so.
const QUIET: Duration = Duration::from_millis(3);

/// How much is held back at most: what a socket takes at once.
const MOST: usize = 64 * 1024;

/// The server that is waited for. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Watched(Arc<Watch>);

#[derive(Default)]
struct Watch {
    /// None yet if zero.
    process: AtomicU32,
    /// One connection at a time wakes it.
    turn: Mutex<()>,
}

impl Watched {
    /// From now on that process is waited for.
    pub(crate) fn watch(&self, process: u32) {
        self.0.process.store(process, Ordering::Relaxed);
    }

    async fn rest(&self) {
        let process = self.0.process.load(Ordering::Relaxed);
        if process != 0 {
            rest(process).await;
        }
    }
}

/// Who is connected to whoever connects to a relay.
#[derive(Clone)]
enum Target {
    /// The server's database: what it answers is held back.
    Database(PathBuf),
    /// The server itself: what its client asks is held back.
    Server(SocketAddr),
}

/// Ends when it is dropped.
pub(crate) struct Relay {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    listening: JoinHandle<()>,
}

impl Relay {
    /// To a database that listens on a Unix socket. Answers where it is for those who go through here, too.
    pub(crate) async fn to_database(
        database: &PgConnectOptions,
        watched: Watched,
    ) -> Result<(Self, String), Failure> {
        let folder = database.get_socket().ok_or("the database has no socket")?;
        let socket = folder.join(format!(".s.PGSQL.{}", database.get_port()));
        let relay = Self::start(Target::Database(socket), watched).await?;
        let url = format!(
            "postgres://{}@{}/{}?sslmode=disable",
            database.get_username(),
            relay.address,
            database.get_database().unwrap_or_default(),
        );
        Ok((relay, url))
    }

    /// To the server that is waited for.
    pub(crate) async fn to_server(server: SocketAddr, watched: Watched) -> Result<Self, Failure> {
        Self::start(Target::Server(server), watched).await
    }

    async fn start(target: Target, watched: Watched) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Ok(Self {
            address: listener.local_addr()?,
            listening: tokio::spawn(listen(listener, target, watched)),
        })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Takes connections, each of which ends when either side does.
async fn listen(listener: TcpListener, target: Target, watched: Watched) {
    while let Ok((from, _)) = listener.accept().await {
        let (target, watched) = (target.clone(), watched.clone());
        tokio::spawn(async move {
            // What is wrong with it both sides say: they have lost their connection.
            let _ = connect(from, target, &watched).await;
        });
    }
}

async fn connect(from: TcpStream, target: Target, watched: &Watched) -> io::Result<()> {
    from.set_nodelay(true)?;
    match target {
        Target::Database(socket) => relay(UnixStream::connect(socket).await?, from, watched).await,
        Target::Server(address) => {
            let server = TcpStream::connect(address).await?;
            server.set_nodelay(true)?;
            relay(from, server, watched).await
        }
    }
}

/// Between a server and somebody else.
async fn relay(
    other: impl AsyncRead + AsyncWrite,
    server: impl AsyncRead + AsyncWrite,
    watched: &Watched,
) -> io::Result<()> {
    let (mut from_other, mut to_other) = split(other);
    let (mut from_server, mut to_server) = split(server);
    tokio::select! {
        ended = copy(&mut from_server, &mut to_other) => ended.map(|_| ()),
        ended = hold_back(&mut from_other, &mut to_server, watched) => ended,
    }
}

async fn hold_back(
    from: &mut (impl AsyncRead + Unpin),
    server: &mut (impl AsyncWrite + Unpin),
    watched: &Watched,
) -> io::Result<()> {
    let mut said = Vec::with_capacity(2 * MOST);
    while from.read_buf(&mut said).await? > 0 {
        while !is_whole(&said) {
            let more = timeout(QUIET, from.read_buf(&mut said)).await;
            if more.unwrap_or(Ok(0))? == 0 {
                break;
            }
        }
        let turn = watched.0.turn.lock().await;
        watched.rest().await;
        server.write_all(&said).await?;
        drop(turn);
        said.clear();
    }
    Ok(())
}

/// Whether it ends as an answer of the database does; or it is enough as it is.
fn is_whole(said: &[u8]) -> bool {
    let before = said.len().saturating_sub(READY.len() + 1);
    said.len() >= MOST || said[before..].starts_with(READY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_once_the_database_is_ready() {
        assert!(is_whole(b"C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I"));
        assert!(is_whole(b"Z\0\0\0\x05T"));
        assert!(!is_whole(b"C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05"));
        assert!(!is_whole(b"Z\0\0\0\x05I2\0\0\0\x04"));
        assert!(!is_whole(b"N"));
        assert!(!is_whole(b""));
        assert!(is_whole(&vec![0; MOST]));
    }

    #[tokio::test]
    async fn an_answer_in_pieces_is_handed_on_in_one() {
        let folder = tempfile::tempdir().unwrap();
        let database = tokio::net::UnixListener::bind(folder.path().join(".s.PGSQL.7")).unwrap();
        let options = PgConnectOptions::new_without_pgpass()
            .socket(folder.path())
            .port(7)
            .username("me")
            .database("it");
        let relay = Relay::to_database(&options, Watched::default()).await;
        let (relay, url) = relay.unwrap();
        let address = relay.address;
        assert_eq!(url, format!("postgres://me@{address}/it?sslmode=disable"));
        let mut server = TcpStream::connect(address).await.unwrap();
        server.write_all(b"question").await.unwrap();
        let (mut database, _) = database.accept().await.unwrap();
        let mut asked = [0; 8];
        database.read_exact(&mut asked).await.unwrap();
        assert_eq!(&asked, b"question");
        for piece in [&b"one, "[..], b"two, ", b"Z\0\0\0\x05I"] {
            database.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut answer = [0; 64];
        let length = server.read(&mut answer).await.unwrap();
        assert_eq!(&answer[..length], b"one, two, Z\0\0\0\x05I");
    }

    #[tokio::test]
    async fn a_question_waits_until_the_server_does() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let watched = Watched::default();
        // This process looks at itself, so that it is never at rest.
        watched.watch(std::process::id());
        let address = server.local_addr().unwrap();
        let relay = Relay::to_server(address, watched.clone()).await.unwrap();
        let mut client = TcpStream::connect(relay.address).await.unwrap();
        client.write_all(b"question").await.unwrap();
        let (mut server, _) = server.accept().await.unwrap();
        let mut asked = [0; 8];
        let early = timeout(20 * QUIET, server.read_exact(&mut asked)).await;
        assert!(early.is_err());
        timeout(Duration::from_mins(1), server.read_exact(&mut asked))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(&asked, b"question");
    }
}
