//! Connections as clients meet them that are strangers, slow, broken or hostile.

mod beginnings;
mod bounds;
pub(crate) mod certificates;
mod floods;
mod frames;
mod outlived;
mod reload;
mod slow_readers;
mod slow_requests;
mod streams;
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::task::JoinHandle;
use tonic::Status;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::support::Server;

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

/// Looks whether health is answered, all the time.
struct Watching {
    stop: Arc<AtomicBool>,
    task: JoinHandle<(u32, Duration)>,
}

impl Watching {
    async fn over(server: &Server) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (channel, stopped) = (server.channel().await, Arc::clone(&stop));
        let task = tokio::spawn(async move {
            let (mut answers, mut slowest) = (0, Duration::ZERO);
            while answers == 0 || !stopped.load(Ordering::Relaxed) {
                let began = Instant::now();
                check_health(channel.clone()).await.unwrap();
                slowest = slowest.max(began.elapsed());
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
