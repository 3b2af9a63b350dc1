//! Connections as clients meet them that are strangers, slow, broken or hostile.

mod beginnings;
mod bounds;
pub(crate) mod certificates;
mod floods;
mod frames;
mod given_up;
mod outlived;
mod reload;
mod slow_readers;
mod slow_requests;
mod streams;
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::task::JoinHandle;
use tonic::Status;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use self::certificates::Client;
use crate::support::{Server, channel_to};

/// Within what two busy cores do anything.
const SOON: Duration = Duration::from_secs(5);

async fn check_health(channel: Channel) -> Result<(), Status> {
    let check = HealthCheckRequest::default();
    HealthClient::new(channel).check(check).await.map(|_| ())
}

/// Whether it answers whoever connects now.
async fn is_served(server: &Server) -> bool {
    check_health(server.channel().await).await.is_ok()
}

/// Makes a connection of its own to a server.
type Connect = Box<dyn Fn() -> BoxFuture<'static, Channel> + Send + Sync>;

/// Looks whether health is answered, all the time.
struct Watching {
    stop: Arc<AtomicBool>,
    task: JoinHandle<(u32, Duration)>,
}

impl Watching {
    /// Over one connection that it keeps, and over a new one each time.
    async fn over(server: &Server) -> Self {
        let address = server.address;
        let connect = Box::new(move || channel_to(address).boxed());
        Self::begin(Some(server.channel().await), Some(connect))
    }

    /// Over one connection alone, where there is no place for more.
    async fn kept(server: &Server) -> Self {
        Self::begin(Some(server.channel().await), None)
    }

    /// Over a new connection each time, where none is kept for long.
    fn anew(server: &Server) -> Self {
        let address = server.address;
        Self::begin(None, Some(Box::new(move || channel_to(address).boxed())))
    }

    /// The same as that client makes them.
    fn secured(server: &Server, client: Client) -> Self {
        let address = server.address;
        let connect = move || {
            let client = client.clone();
            async move { client.channel(address).await.unwrap() }.boxed()
        };
        Self::begin(None, Some(Box::new(connect)))
    }

    fn begin(kept: Option<Channel>, connect: Option<Connect>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            let (mut answers, mut slowest) = (0, Duration::ZERO);
            while answers == 0 || !stopped.load(Ordering::Relaxed) {
                if let Some(channel) = &kept {
                    let began = Instant::now();
                    check_health(channel.clone()).await.unwrap();
                    slowest = slowest.max(began.elapsed());
                }
                if let Some(connect) = &connect {
                    let began = Instant::now();
                    check_health(connect().await).await.unwrap();
                    slowest = slowest.max(began.elapsed());
                }
                answers += 1;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            (answers, slowest)
        });
        Self { stop, task }
    }

    /// Fails if it was not always answered soon.
    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        let (answers, slowest) = self.task.await.expect("it is always answered");
        assert!(slowest < SOON, "{slowest:?} for one of {answers} answers");
    }
}

/// How long it takes until the other end closes; fails if that is not soon.
async fn closing(stream: &mut (impl AsyncRead + Unpin)) -> Duration {
    let began = Instant::now();
    let mut bytes = vec![0; 64 * 1024];
    let closed = async { while !matches!(stream.read(&mut bytes).await, Ok(0) | Err(_)) {} };
    tokio::time::timeout(SOON * 2, closed)
        .await
        .expect("it is closed");
    began.elapsed()
}
