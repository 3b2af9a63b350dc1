//! Streams that everybody may open, and keep open.

use std::time::Duration;

use byline_persistence::testing::TestDatabase;
use tokio::io::AsyncWriteExt;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};
use tonic_health::pb::health_check_response::ServingStatus::Serving;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::frames::{END_HEADERS, HEADERS, LARGEST_WINDOW, Raw, call_headers, frame};
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
    let server = Server::serve(&database.url(), &options).await;
    // One that never says what it wants, and one that is answered before it does.
    let mut raw = Raw::connect(server.address, LARGEST_WINDOW).await;
    for (stream, path) in [(1, WATCH), (3, REFLECTION)] {
        let headers = frame(HEADERS, END_HEADERS, stream, &call_headers(path));
        raw.0.write_all(&headers).await.unwrap();
    }
    raw.next(HEADERS).await.expect("both are open");
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
    assert!(is_served(&server).await, "a check takes no place");
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
    let server = Server::serve(&database.url(), &["--default-deadline-ms", "200"]).await;
    let mut raw = Raw::connect(server.address, LARGEST_WINDOW).await;
    let headers = frame(HEADERS, END_HEADERS, 1, &call_headers(CHECK));
    raw.0.write_all(&headers).await.unwrap();
    let answer = tokio::time::timeout(SOON, raw.next(HEADERS)).await;
    assert!(answer.expect("it is answered in time").is_some());
}
