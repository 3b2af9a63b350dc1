//! Streams that everybody may open, and keep open.

use std::time::Duration;

use byline_persistence::testing::TestDatabase;
use tokio::io::AsyncWriteExt;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};
use tonic_health::pb::health_check_response::ServingStatus::Serving;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::frames::{DATA, END_HEADERS, HEADERS, LARGEST_WINDOW, Raw, call, call_headers, frame};
use super::{SOON, is_served};
use crate::errors::shown;
use crate::support::{Server, eventually};

const WATCH: &str = "/grpc.health.v1.Health/Watch";
const CHECK: &str = "/grpc.health.v1.Health/Check";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

async fn watch(channel: &Channel) -> Result<Streaming<HealthCheckResponse>, Status> {
    let request = Request::new(HealthCheckRequest::default());
    let answer = HealthClient::new(channel.clone()).watch(request).await?;
    Ok(answer.into_inner())
}

#[tokio::test]
async fn there_are_as_many_streams_of_strangers_as_connections_and_health_answers() {
    let database = TestDatabase::new().await;
    let options = ["--max-connections", "4", "--auth", "keys", "--reflection"];
    let server = Server::serve(&database.service_url(), &options).await;
    // One that watches, and one that has asked for the list of services.
    let mut raw = Raw::connect(server.address, LARGEST_WINDOW).await;
    let watch_all = call(1, WATCH, &HealthCheckRequest::default());
    raw.0.write_all(&watch_all).await.unwrap();
    let asking = frame(HEADERS, END_HEADERS, 3, &call_headers(REFLECTION));
    raw.0.write_all(&asking).await.unwrap();
    let listing = frame(DATA, 0, 3, &[0, 0, 0, 0, 2, 7 << 3 | 2, 0]);
    raw.0.write_all(&listing).await.unwrap();
    for _ in 0..2 {
        raw.next(HEADERS).await.expect("both are open");
    }
    let channel = server.channel().await;
    let mut watching = watch(&channel).await.unwrap();
    while watching
        .message()
        .await
        .unwrap()
        .expect("it goes on")
        .status()
        != Serving
    {}
    let last = watch(&channel).await.unwrap();
    let refused = watch(&channel).await.unwrap_err();
    insta::assert_snapshot!("too_many_streams", shown(&refused));
    assert!(is_served(&server).await, "checks have places of their own");
    let told = server.log().matches("reflection were refused").count();
    assert_eq!(told, 1, "{}", server.log());
    let still = tokio::time::timeout(Duration::from_millis(10), watching.message());
    assert!(still.await.is_err(), "those that there are go on");

    drop((last, raw));
    let again = tokio::sync::Mutex::new(Vec::new());
    eventually("three places are free", || async {
        let mut again = again.lock().await;
        again.extend(watch(&channel).await.ok());
        again.len() == 3
    })
    .await;
}

#[tokio::test]
async fn a_check_of_health_that_says_nothing_is_ended() {
    let database = TestDatabase::new().await;
    let server = Server::serve(&database.service_url(), &["--default-deadline-ms", "200"]).await;
    let mut raw = Raw::connect(server.address, LARGEST_WINDOW).await;
    let headers = frame(HEADERS, END_HEADERS, 1, &call_headers(CHECK));
    raw.0.write_all(&headers).await.unwrap();
    let answer = tokio::time::timeout(SOON, raw.next(HEADERS)).await;
    assert!(answer.expect("it is answered in time").is_some());
}
