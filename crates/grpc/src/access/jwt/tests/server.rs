//! A server of key sets, good and bad ones, on this machine.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// What it answers.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Document(String),
    /// With that line of status and other headers.
    Other(&'static str, String),
    /// A document that goes on for ever, slowly.
    Drip,
    /// Nothing, while the connection stays.
    Silence,
    /// Nothing, and the connection ends.
    Away,
}

impl From<Value> for Answer {
    fn from(keys: Value) -> Self {
        Self::Document(keys.to_string())
    }
}

pub(super) struct Server {
    pub(super) address: SocketAddr,
    answer: Mutex<Answer>,
    asked: AtomicUsize,
}

impl Server {
    pub(super) async fn start(answer: impl Into<Answer>) -> Arc<Self> {
        Self::start_with(answer.into(), None).await
    }

    /// With TLS, as that certificate shows.
    pub(super) async fn start_secure(
        answer: impl Into<Answer>,
        certificate: rcgen::Certificate,
        key: &rcgen::KeyPair,
    ) -> Arc<Self> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.into()], key)
            .unwrap();
        Self::start_with(answer.into(), Some(TlsAcceptor::from(Arc::new(tls)))).await
    }

    async fn start_with(answer: Answer, tls: Option<TlsAcceptor>) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Arc::new(Self {
            address: listener.local_addr().unwrap(),
            answer: Mutex::new(answer),
            asked: AtomicUsize::new(0),
        });
        let serving = server.clone();
        tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                let (serving, tls) = (serving.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serving.serve(connection).await,
                        Some(tls) => {
                            if let Ok(connection) = tls.accept(connection).await {
                                serving.serve(connection).await;
                            }
                        }
                    }
                });
            }
        });
        server
    }

    pub(super) fn answers(&self, answer: impl Into<Answer>) {
        *self.answer.lock().unwrap() = answer.into();
    }

    /// How often it was asked so far.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(super) fn url(&self) -> JwksSource {
        JwksSource::parse(&format!("http://{}/jwks.json", self.address)).unwrap()
    }

    async fn serve(&self, mut connection: impl AsyncRead + AsyncWrite + Unpin) {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            match connection.read_u8().await {
                Ok(byte) => request.push(byte),
                Err(_) => return,
            }
        }
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answer.lock().unwrap().clone();
        let (status, body) = match answer {
            Answer::Document(body) => ("200 OK", body),
            Answer::Other(status, body) => (status, body),
            Answer::Away => return,
            Answer::Silence => return std::future::pending().await,
            Answer::Drip => {
                let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
                let mut going = connection.write_all(head.as_bytes()).await;
                while going.is_ok() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    going = connection.write_all(b" ").await;
                }
                return;
            }
        };
        let length = body.len();
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
        // Whoever has read enough goes away.
        let _ = connection.write_all(answer.as_bytes()).await;
        let _ = connection.shutdown().await;
    }
}
