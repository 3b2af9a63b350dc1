//! The program as its operator meets it: how it starts, stops and logs.

use std::process::Output;
use std::time::{Duration, Instant};

use byline_grpc::pb;
use byline_persistence::testing::{TestDatabase, count, execute};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{PROGRAM, World, eventually, get_by_id};
use crate::transport::certificates::{Ca, Folder};

async fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM)
        .args(arguments)
        .output()
        .await
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused() {
    let database = TestDatabase::new().await;
    let folder = Folder::new(&Ca::new().server());
    // However the wire is secured: each of these is enough for callers that are known.
    for secured in [vec!["--insecure-plaintext".into()], folder.options()] {
        let refused = Command::new(PROGRAM)
            .args(["serve", "--listen", "0.0.0.0:0", "--auth", "none"])
            .args(["--database-url", &database.service_url()])
            .args(&secured)
            .kill_on_drop(true)
            .output();
        let refused = tokio::time::timeout(Duration::from_secs(20), refused).await;
        let refused = refused.expect("it does not serve").unwrap();
        let said = said(&refused);
        assert!(!refused.status.success(), "{secured:?}");
        let expected = "--auth none lets everybody do everything: it is taken on loopback";
        assert!(said.contains(expected), "{secured:?}: {said}");
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_told_before_anything_is_made_or_changed() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let database = TestDatabase::unmigrated().await;
    let dev = ["--data-dir", data_dir.to_str().unwrap()];
    let url = database.url();
    let serve = ["--auth=none", "--migrate", "--database-url", &url];
    for (command, arguments) in [("dev", &dev[..]), ("serve", &serve)] {
        let refused = run(&[&[command, "--listen", &address], arguments].concat()).await;
        let said = said(&refused);
        assert!(!refused.status.success(), "{command}");
        assert!(said.contains(&format!("--listen {address}: ")), "{said}");
    }
    assert!(!data_dir.exists());
    let tables = "select count(*) from pg_class where relname = 'users'";
    assert_eq!(count(&mut database.connection().await, tables).await, 0);
}

#[tokio::test]
async fn a_wrong_database_is_told_without_the_password() {
    let url = "postgres://byline:hunter2@127.0.0.1:1/byline";
    let refused = run(&[
        "serve",
        "--database-url",
        url,
        "--listen",
        "127.0.0.1:0",
        "--auth",
        "none",
    ])
    .await;
    assert!(!refused.status.success());
    assert!(said(&refused).contains("database"), "{}", said(&refused));
    assert!(!said(&refused).contains("hunter2"), "{}", said(&refused));
}

#[tokio::test]
async fn readiness_follows_the_schema() {
    let world = World::new().await;
    let health = HealthClient::new(world.server.channel().await);
    let is = async |service: &str, status: ServingStatus| {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let answer = health.clone().check(request).await.unwrap().into_inner();
        answer.status() == status
    };
    for service in ["", "byline.v1.UserService", "byline.v1.PostService"] {
        eventually("ready", || is(service, ServingStatus::Serving)).await;
    }
    let mut behind = world.database.connection().await;
    execute(
        &mut behind,
        "delete from _sqlx_migrations where version = 2",
    )
    .await;
    for service in ["", "byline.v1.UserService", "byline.v1.PostService"] {
        eventually("not ready", || is(service, ServingStatus::NotServing)).await;
    }
}

#[tokio::test]
async fn it_stops_in_time_whatever_clients_do_and_finishes_calls_under_way() {
    let mut world = World::new().await;
    let ada = world.user("ada@example.com").await;
    // One that says nothing, one that watches, and one that is waiting for an answer.
    let _silent = TcpStream::connect(world.server.address).await.unwrap();
    let mut watch = HealthClient::new(world.server.channel().await)
        .watch(HealthCheckRequest::default())
        .await
        .unwrap()
        .into_inner();
    let mut other = world.database.connection().await;
    execute(
        &mut other,
        "begin; lock table users in access exclusive mode",
    )
    .await;
    let mut users = world.users.clone();
    let waiting = tokio::spawn(async move { users.get_user(get_by_id(&ada.id)).await });
    tokio::time::sleep(Duration::from_millis(300)).await;

    let began = Instant::now();
    world.server.terminate();
    let mut last = None;
    for _ in 0..3 {
        match tokio::time::timeout(Duration::from_secs(2), watch.message()).await {
            Ok(Ok(Some(message))) => last = Some(message.status()),
            Ok(Ok(None) | Err(_)) | Err(_) => break,
        }
        if last == Some(ServingStatus::NotServing) {
            break;
        }
    }
    assert_eq!(last, Some(ServingStatus::NotServing));
    execute(&mut other, "commit").await;
    waiting
        .await
        .unwrap()
        .expect("a call under way is answered");
    let status = world.server.child.wait().await.unwrap();
    assert!(status.success());
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn each_call_is_one_line_without_what_it_said() {
    let mut world = World::new().await;
    let mut request = tonic::Request::new(pb::CreateUserRequest {
        user: Some(pb::User {
            email: "canary@example.com".into(),
            name: Some("Canary".into()),
            ..pb::User::default()
        }),
        ..pb::CreateUserRequest::default()
    });
    request
        .metadata_mut()
        .insert("x-request-id", "my-call-1".parse().unwrap());
    let answer = world.users.create_user(request).await.unwrap();
    assert_eq!(answer.metadata().get("x-request-id").unwrap(), "my-call-1");
    let search = pb::SearchUsersRequest {
        query: "canary".into(),
        ..pb::SearchUsersRequest::default()
    };
    world.users.search_users(search).await.unwrap();
    eventually("both are logged", || async {
        world.server.log().matches("\"call\"").count() >= 2
    })
    .await;

    let log = world.server.log();
    let line = log.lines().find(|line| line.contains("my-call-1")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["method"], "byline.v1.UserService/CreateUser");
    assert_eq!(line["code"], "Ok");
    assert_eq!(line["statements"], 4, "begin, insert, the event, commit");
    assert!(line["ms"].is_u64());
    assert!(!log.to_lowercase().contains("canary"), "{log}");
}
