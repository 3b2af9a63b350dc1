//! Exports of more than fits between the database and a client: what bounds them, and how
//! they end.

use std::time::{Duration, Instant};

use byline_grpc::pb;
use byline_grpc::pb::transfer_service_client::TransferServiceClient;
use byline_persistence::testing::{Connection, count, execute};
use tokio::sync::Mutex;
use tonic::{Code, Request, Streaming};

use crate::errors::shown;
use crate::exports::posts_of;
use crate::support::{World, eventually, get_by_id, reason};

/// How many posts there are of 64 KiB each: 64 MiB.
const POSTS: usize = 1_024;

const INSERT: &str = "
    with author as (
        insert into users (id, email, role, is_active, created_at, version)
        values (gen_random_uuid(), 'ada@example.com', 'user', true, '2026-01-01', 1)
        returning id)
    insert into posts (id, title, content, author_id, created_at, version)
    select gen_random_uuid(), 'Post ' || n, repeat('x', 65536), author.id, '2026-01-01', 1
    from author, generate_series(1, 1024) n";

/// Exports that run in the database.
const RUNNING: &str = "select count(*) from pg_stat_activity where datname = current_database()
    and state <> 'idle' and query like '%select id, title, content%' and pid <> pg_backend_pid()";
/// Those of which nobody takes the rows.
const WAITING: &str = "select count(*) from pg_stat_activity where datname = current_database()
    and wait_event = 'ClientWrite' and query like '%select id, title, content%' and pid <> pg_backend_pid()";

/// A server over heavy posts.
struct Heavy {
    world: World,
    beside: Mutex<Connection>,
}

impl Heavy {
    async fn with(options: &[&str]) -> Self {
        let world = World::with(options).await;
        let mut beside = world.database.connection().await;
        execute(&mut beside, INSERT).await;
        Self {
            world,
            beside: Mutex::new(beside),
        }
    }

    /// An export of all of which the first message was taken, and no other.
    async fn begun(&self) -> Streaming<pb::ExportPostsResponse> {
        self.begun_of("").await
    }

    /// The same of the posts that the filter means. Over a connection of its own: what is not
    /// taken of one stream would leave no room for the others.
    async fn begun_of(&self, filter: &str) -> Streaming<pb::ExportPostsResponse> {
        let channel = self.world.server.channel().await;
        let request = pb::ExportPostsRequest {
            filter: filter.to_owned(),
            ..pb::ExportPostsRequest::default()
        };
        let stream = TransferServiceClient::new(channel)
            .export_posts(request)
            .await;
        let mut stream = stream.unwrap().into_inner();
        assert!(stream.message().await.unwrap().is_some());
        stream
    }

    async fn count(&self, sql: &'static str) -> i64 {
        count(&mut *self.beside.lock().await, sql).await
    }

    async fn until(&self, what: &str, sql: &'static str, exports: i64) {
        eventually(what, || async { self.count(sql).await == exports }).await;
    }
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_statement_and_frees_the_place() {
    let heavy = Heavy::with(&["--max-transfers", "1"]).await;
    for _ in 0..3 {
        let export = heavy.begun().await;
        heavy
            .until("the export waits for its client", WAITING, 1)
            .await;
        drop(export);
        heavy.until("the statement has ended", RUNNING, 0).await;
    }
    eventually("it is logged as left", || async {
        let log = heavy.world.server.log();
        let lines = log.lines().filter(|line| line.contains("ExportPosts"));
        lines.filter(|line| line.contains("Cancelled")).count() == 3
    })
    .await;
}

#[tokio::test]
async fn a_slow_client_costs_the_server_no_memory() {
    let heavy = Heavy::with(&[]).await;
    let before = heavy.world.server.peak_memory();
    let export = heavy.begun().await;
    heavy
        .until("the export waits for its client", WAITING, 1)
        .await;
    let while_waiting = heavy.world.server.peak_memory();
    let rest = posts_of(export).await.unwrap();
    assert!(rest.len() < POSTS, "{}", rest.len());
    assert!(rest.len() > POSTS - 20, "{}", rest.len());
    let after = heavy.world.server.peak_memory();
    let most = before + 32 * 1024;
    assert!(
        while_waiting < most && after < most,
        "{before} KiB, then {while_waiting}, then {after}"
    );
}

#[tokio::test]
async fn an_export_that_its_client_does_not_take_is_ended() {
    let heavy = Heavy::with(&["--transfer-idle-timeout", "300ms"]).await;
    let export = heavy.begun().await;
    heavy.until("the statement has ended", RUNNING, 0).await;
    let status = posts_of(export).await.unwrap_err();
    insta::assert_snapshot!("transfer_stalled", shown(&status));
}

#[tokio::test]
async fn the_time_of_an_export_holds_to_its_end() {
    let heavy = Heavy::with(&["--transfer-timeout", "1s", "--max-deadline-ms", "100"]).await;
    let export = heavy.begun().await;
    heavy.until("the statement has ended", RUNNING, 0).await;
    let status = posts_of(export).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(reason(&status), "DEADLINE_EXCEEDED");
    assert!(status.message().contains("1000 ms"), "{}", status.message());

    let mut request = Request::new(pb::ExportPostsRequest::default());
    request.set_timeout(Duration::from_millis(500));
    let export = heavy.world.transfers.clone().export_posts(request).await;
    let export = export.unwrap().into_inner();
    heavy.until("the statement has ended", RUNNING, 0).await;
    let status = posts_of(export).await.unwrap_err();
    assert!(status.message().contains("490 ms"), "{}", status.message());
}

#[tokio::test]
async fn transfers_beyond_the_bound_are_refused_and_calls_are_answered() {
    let heavy = Heavy::with(&["--pool-size", "5", "--max-calls", "1"]).await;
    let ada = heavy.world.user("grace@example.com").await;
    let mut exports = Vec::new();
    for _ in 0..4 {
        exports.push(heavy.begun().await);
    }
    let mut transfers = heavy.world.transfers.clone();
    let fifth = transfers.export_users(pb::ExportUsersRequest::default());
    let status = fifth.await.unwrap_err();
    insta::assert_snapshot!("too_many_transfers", shown(&status));
    heavy
        .until("all exports wait for their clients", WAITING, 4)
        .await;
    for _ in 0..10 {
        let mut users = heavy.world.users.clone();
        users.get_user(get_by_id(&ada.id)).await.unwrap();
    }
    for export in exports.drain(..2) {
        assert!(posts_of(export).await.unwrap().len() > POSTS - 20);
    }
    // Whoever has read to the end of one finds its place free.
    heavy.begun().await;
    heavy.begun().await;
}

#[tokio::test]
async fn an_export_costs_as_many_statements_whatever_its_size() {
    let heavy = Heavy::with(&[]).await;
    let mut transfers = heavy.world.transfers.clone();
    for filter in ["", "title = \"Post 7\"", "title = none"] {
        let mut request = Request::new(pb::ExportPostsRequest {
            filter: filter.into(),
            ..pb::ExportPostsRequest::default()
        });
        let metadata = request.metadata_mut();
        metadata.insert("x-request-id", "whole-export".parse().unwrap());
        let stream = transfers.export_posts(request).await.unwrap();
        let mut stream = stream.into_inner();
        while stream.message().await.unwrap().is_some() {}
        let trailers = stream.trailers().await.unwrap().unwrap();
        let told = trailers.get("byline-db-queries").unwrap();
        assert_eq!(told, "4", "begin, time-outs, select, commit");
    }
    eventually("all are logged", || async {
        heavy.world.server.log().matches("whole-export").count() == 3
    })
    .await;
    let log = heavy.world.server.log();
    for line in log.lines().filter(|line| line.contains("whole-export")) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["method"], "byline.v1.TransferService/ExportPosts");
        assert_eq!(line["code"], "Ok");
        assert_eq!(line["statements"], 4);
    }
}

#[tokio::test]
async fn an_export_whose_connection_is_lost_ends_as_unavailable() {
    let heavy = Heavy::with(&[]).await;
    let export = heavy.begun().await;
    heavy
        .until("the export waits for its client", WAITING, 1)
        .await;
    let ended = "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and wait_event = 'ClientWrite'";
    assert_eq!(heavy.count(ended).await, 1);
    let status = posts_of(export).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status), "DATABASE_UNAVAILABLE");
    eventually("it is logged as it ended", || async {
        let log = heavy.world.server.log();
        let mut lines = log.lines().filter(|line| line.contains("ExportPosts"));
        lines.any(|line| line.contains("\"Unavailable\""))
    })
    .await;
}

#[tokio::test]
async fn a_server_that_stops_ends_exports_in_time() {
    let mut heavy = Heavy::with(&[]).await;
    let export = heavy.begun().await;
    let quick = heavy.begun_of("title : 7").await;
    let began = Instant::now();
    heavy.world.server.terminate();
    assert!(posts_of(quick).await.unwrap().len() > 100);
    heavy.until("the statement has ended", RUNNING, 0).await;
    let status = posts_of(export).await.unwrap_err();
    insta::assert_snapshot!("server_stopping", shown(&status));
    let status = heavy.world.server.child.wait().await.unwrap();
    assert!(status.success());
    assert!(began.elapsed() < Duration::from_secs(10));
}
