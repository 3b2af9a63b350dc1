//! What a server lets through without asking, and when it does not start.

use byline_persistence::testing::TestDatabase;
use tokio::process::Command;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::guarded;
use crate::support::{PROGRAM, World, eventually};
use crate::wire::call_any;

const REFLECTION: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];
/// A request for the list of services: field 7, empty.
const LIST: [u8; 2] = [7 << 3 | 2, 0];

#[tokio::test]
async fn health_is_open_and_reflection_is_off() {
    let (world, []) = guarded([]).await;
    let channel = world.server.channel().await;
    eventually("healthy for whoever asks", || async {
        let request = HealthCheckRequest::default();
        let answer = HealthClient::new(channel.clone()).check(request).await;
        answer.unwrap().into_inner().status() == ServingStatus::Serving
    })
    .await;
    for path in REFLECTION {
        let answer = call_any(&channel, path, Request::new(LIST.to_vec())).await;
        assert_eq!(answer.unwrap_err().code(), Code::Unimplemented, "{path}");
    }
}

#[tokio::test]
async fn reflection_can_be_opened() {
    let world = World::with(&["--auth", "keys", "--reflection"]).await;
    let channel = world.server.channel().await;
    for path in REFLECTION {
        let answer = call_any(&channel, path, Request::new(LIST.to_vec())).await;
        let answer = String::from_utf8_lossy(&answer.unwrap().unwrap()).into_owned();
        assert!(answer.contains("byline.v1.UserService"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_told_how_to_know_callers_does_not_start() {
    let database = TestDatabase::new().await;
    let url = database.service_url();
    for (auth, says) in [
        (&[][..], "--auth"),
        (&["--auth", "keys,none"], "none means that nobody is asked"),
        (&["--auth", "everybody"], "possible values: keys"),
    ] {
        let refused = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--database-url", &url])
            .args(auth)
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success());
        assert!(said.contains(says), "{auth:?}: {said}");
    }
}

#[tokio::test]
async fn whoever_lets_everybody_in_is_warned() {
    let world = World::new().await;
    let log = world.server.log();
    assert!(
        log.contains("everybody who reaches this server may do everything"),
        "{log}"
    );
}
