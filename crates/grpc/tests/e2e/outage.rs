//! A PostgreSQL that goes away and comes back.

use std::time::{Duration, Instant};

use byline_grpc::pb;
use byline_grpc::pb::user_service_client::UserServiceClient;
use tokio::sync::watch;
use tonic::Code;

use crate::errors::shown;
use crate::support::{Server, eventually, folder_of_postgres, start_postgres, stop_postgres};

#[tokio::test]
async fn calls_fail_as_unavailable_meanwhile_and_succeed_again_without_a_restart() {
    let folder = folder_of_postgres();
    let postgres = start_postgres(folder.path(), Vec::new()).await;
    postgres.ensure_database("byline").await.unwrap();
    let url = format!(
        "postgres:///byline?host={}&user=byline",
        postgres.socket_dir().display()
    );
    let server = Server::serve(&url, &["--migrate"]).await;
    let mut users = UserServiceClient::new(server.channel().await);
    let list = pb::ListUsersRequest::default();

    // Load before, during and after.
    let (is_back, back) = watch::channel(false);
    let mut loads = Vec::new();
    for _ in 0..8 {
        let (mut users, back) = (users.clone(), back.clone());
        loads.push(tokio::spawn(async move {
            let mut codes = Vec::new();
            loop {
                let is_last = *back.borrow();
                let result = users.list_users(pb::ListUsersRequest::default()).await;
                codes.push(result.map_or_else(|status| status.code(), |_| Code::Ok));
                if is_last {
                    break codes;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    users.list_users(list.clone()).await.unwrap();
    stop_postgres(postgres).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let status = users.list_users(list.clone()).await.unwrap_err();
    insta::assert_snapshot!("database_unavailable", shown(&status));
    // And why, to the operator: not only that it was waited for.
    eventually("it is said why", async || {
        let log = server.log();
        let line = log.lines().find(|line| line.contains("not ready"));
        line.is_some_and(|line| line.contains("No such file or directory"))
    })
    .await;

    let postgres = start_postgres(folder.path(), Vec::new()).await;
    let began = Instant::now();
    while users.list_users(list.clone()).await.is_err() {
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "not back within 5 s"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    is_back.send(true).unwrap();
    for load in loads {
        let codes = load.await.unwrap();
        assert!(
            codes
                .iter()
                .all(|code| matches!(code, Code::Ok | Code::Unavailable)),
            "{codes:?}"
        );
        assert_eq!(codes.last(), Some(&Code::Ok));
    }
    stop_postgres(postgres).await;
}
