//! Imports in the company of others, and of connections that are lost: what bounds them, and
//! how they end.

use std::time::Duration;

use byline_grpc::pb;
use byline_persistence::testing::{count, execute};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Response, Status};

use crate::changes::{contents, kept_as, request_id};
use crate::imports::{Transfers, import_users, on, posts, settings, user};
use crate::proxy::{Cut, Proxy};
use crate::support::{Server, World, cost, eventually, reason};

const USERS: &str = "select count(*) from users";
/// Imports that wait for their next message.
const OPEN: &str = "select count(*) from pg_stat_activity where datname = current_database()
    and state like 'idle in transaction%'";

fn numbered(many: usize) -> Vec<pb::User> {
    (1..=many)
        .map(|number| user(&format!("user-{number}@example.com")))
        .collect()
}

/// An import under way, to which messages are sent by hand.
struct Hand {
    messages: mpsc::Sender<pb::ImportUsersRequest>,
    answer: tokio::task::JoinHandle<Result<Response<pb::ImportUsersResponse>, Status>>,
}

impl Hand {
    fn begin(transfers: &Transfers) -> Self {
        let (messages, taken) = mpsc::channel(1);
        let mut transfers = transfers.clone();
        let answer = async move { transfers.import_users(ReceiverStream::new(taken)).await };
        Self {
            messages,
            answer: tokio::spawn(answer),
        }
    }

    async fn send(&self, users: Vec<pb::User>) {
        let message = pb::ImportUsersRequest {
            settings: None,
            users,
        };
        self.messages.send(message).await.unwrap();
    }

    /// Has a first row staged.
    async fn staged(world: &World) -> Self {
        let hand = Self::begin(&world.transfers);
        hand.send(numbered(1)).await;
        until(world, OPEN, 1).await;
        hand
    }
}

async fn until(world: &World, sql: &'static str, expected: i64) {
    eventually(sql, || async {
        let mut beside = world.database.connection().await;
        count(&mut beside, sql).await == expected
    })
    .await;
}

#[tokio::test]
async fn a_client_that_leaves_half_way_leaves_nothing_and_frees_the_place() {
    let world = World::with(&["--max-transfers", "1"]).await;
    for _ in 0..3 {
        let hand = Hand::staged(&world).await;
        let refused = import_users(&world.transfers, settings(), &[&numbered(2)]).await;
        assert_eq!(reason(&refused.unwrap_err()), "TOO_MANY_TRANSFERS");
        hand.answer.abort();
        until(&world, OPEN, 0).await;
    }
    eventually("the place is free", || async {
        let done = import_users(&world.transfers, settings(), &[&numbered(2)]).await;
        done.is_ok()
    })
    .await;
    until(&world, USERS, 2).await;
}

#[tokio::test]
async fn a_client_that_sends_nothing_is_ended() {
    let world = World::with(&["--transfer-idle-timeout", "2s"]).await;
    let before = Hand::begin(&world.transfers);
    let status = before.answer.await.unwrap().unwrap_err();
    assert_eq!(reason(&status), "TRANSFER_STALLED");

    let hand = Hand::staged(&world).await;
    let status = hand.answer.await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(reason(&status), "TRANSFER_STALLED");
    until(&world, OPEN, 0).await;
    until(&world, USERS, 0).await;
}

/// The database has nothing to do for them.
#[tokio::test]
async fn rows_that_are_all_wrong_keep_an_import_alive() {
    let world = World::with(&["--transfer-idle-timeout", "1s"]).await;
    let hand = Hand::begin(&world.transfers);
    let idle = "select count(*) from pg_stat_activity where datname = current_database() \
        and state = 'idle in transaction' and clock_timestamp() - state_change > interval '12 s'";
    let wrong = pb::User {
        email: "nobody".into(),
        ..pb::User::default()
    };
    let mut beside = world.database.connection().await;
    while count(&mut beside, idle).await == 0 {
        hand.send(vec![wrong.clone()]).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    drop(hand.messages);
    let report = hand.answer.await.unwrap().unwrap().into_inner().report;
    let report = report.unwrap();
    assert!(report.row_count > 1);
    assert_eq!(report.problem_count, report.row_count);
}

#[tokio::test]
async fn nobody_sees_a_part_of_an_import_and_all_see_the_whole() {
    let world = World::new().await;
    let hand = Hand::begin(&world.transfers);
    for users in numbered(40).chunks(10) {
        hand.send(users.to_vec()).await;
        until(&world, OPEN, 1).await;
        until(&world, USERS, 0).await;
    }
    drop(hand.messages);
    hand.answer.await.unwrap().unwrap();
    until(&world, USERS, 40).await;
}

#[tokio::test]
async fn two_imports_of_the_same_rows_at_once_make_each_once() {
    let world = World::new().await;
    let rows = numbered(2_000);
    let backwards: Vec<_> = rows.iter().rev().cloned().collect();
    let import = async |rows: &[pb::User]| {
        let parts: Vec<&[pb::User]> = rows.chunks(500).collect();
        let settings = on(pb::OnConflict::Skip);
        let answer = import_users(&world.transfers, settings, &parts).await;
        answer.unwrap().into_inner().report.unwrap()
    };
    let (first, second) = tokio::join!(import(&rows), import(&backwards));
    assert!(first.applied && second.applied);
    assert_eq!(first.created_count + second.created_count, 2_000);
    assert_eq!(first.skipped_count + second.skipped_count, 2_000);
    until(&world, USERS, 2_000).await;
}

#[tokio::test]
async fn an_import_waits_for_those_who_are_in_its_way() {
    let world = World::new().await;
    let mut other = world.database.connection().await;
    let theirs = "begin; insert into users (id, email, role, is_active, created_at, version)
        values (gen_random_uuid(), 'User-1@example.com', 'user', true, '2026-01-01', 1)";
    execute(&mut other, theirs).await;
    let rows = numbered(2);
    let parts = [&rows[..]];
    let import = import_users(&world.transfers, on(pb::OnConflict::Skip), &parts);
    let waits = "select count(*) from pg_stat_activity where datname = current_database()
        and wait_event_type = 'Lock'";
    let others = async {
        until(&world, waits, 1).await;
        execute(&mut other, "commit").await;
    };
    let (answer, ()) = tokio::join!(import, others);
    let report = answer.unwrap().into_inner().report.unwrap();
    assert_eq!((report.created_count, report.skipped_count), (1, 1));
    until(&world, USERS, 2).await;
}

#[tokio::test]
async fn an_import_costs_as_many_statements_whatever_its_rows() {
    let world = World::new().await;
    let rows = numbered(10_000);
    let mut costs = Vec::new();
    for (number, many) in [10, 10_000].into_iter().enumerate() {
        let settings = pb::ImportSettings {
            request_id: request_id(number),
            ..on(pb::OnConflict::Update)
        };
        let part = many / 2;
        let parts: Vec<&[pb::User]> = rows[..many].chunks(part).collect();
        let answer = import_users(&world.transfers, settings, &parts).await;
        costs.push(cost(&answer.unwrap()));
    }
    // Begin, time-outs and tables (4), a COPY for each message (2), savepoint, claim, what
    // becomes of the rows (6), which row is the last, two inserts, each with how much may wait
    // for its indexes, release, events, record, commit.
    assert_eq!(costs, [24, 24]);
}

#[tokio::test]
async fn the_server_holds_no_more_than_a_message() {
    let world = World::new().await;
    let ada = world.user("ada@example.com").await;
    let memory = || world.server.peak_memory();
    let heavy = |number: usize| pb::Post {
        title: format!("Post {number}"),
        content: Some("x".repeat(1024 * 1024)),
        author_id: ada.id.clone(),
        ..pb::Post::default()
    };
    // One message of three, to have what a message takes.
    posts(&world, settings(), &[heavy(1), heavy(2), heavy(3)]).await;
    let before = memory();
    let messages = (0..32).map(move |part| pb::ImportPostsRequest {
        settings: None,
        posts: (0..3).map(|post| heavy(4 + 3 * part + post)).collect(),
    });
    let answer = world
        .transfers
        .clone()
        .import_posts(tokio_stream::iter(messages.collect::<Vec<_>>()))
        .await;
    let report = answer.unwrap().into_inner().report.unwrap();
    assert_eq!((report.applied, report.created_count), (true, 96));
    let after = memory();
    assert!(after < before + 24 * 1024, "{before} KiB, then {after}");
}

/// A server that reaches the database over a wire that can be cut, beside the world's own.
struct Stage {
    world: World,
    proxy: Proxy,
    transfers: Transfers,
    _server: Server,
}

impl Stage {
    async fn new() -> Self {
        let world = World::new().await;
        let proxy = Proxy::before(&world.database).await;
        // A connection that takes long to come by on a busy machine is no outage.
        let options = ["--acquire-timeout-ms", "10000"];
        let server = Server::serve(&proxy.url(), &options).await;
        Self {
            transfers: Transfers::new(server.channel().await),
            world,
            proxy,
            _server: server,
        }
    }

    async fn import(
        &self,
        id: &str,
        users: &[pb::User],
        cut: Cut,
    ) -> Result<pb::ImportUsersResponse, Status> {
        self.proxy.plan(kept_as(id), &[cut]);
        self.send(id, users).await
    }

    async fn send(&self, id: &str, users: &[pb::User]) -> Result<pb::ImportUsersResponse, Status> {
        let settings = pb::ImportSettings {
            request_id: id.to_owned(),
            ..settings()
        };
        let answer = import_users(&self.transfers, settings, &[users]).await;
        answer.map(Response::into_inner)
    }
}

/// Every way to lose a COMMIT.
const LOST: &[Cut] = &[
    Cut::BeforeCommit,
    Cut::BeforeCommitUnnoticed,
    Cut::AtCommit,
    Cut::CommitLate,
    Cut::AfterCommit,
    Cut::AfterCommitEverywhere,
];

fn rows_of(number: usize) -> [pb::User; 2] {
    ["a", "b"].map(|name| user(&format!("{name}-{number}@example.com")))
}

#[tokio::test]
async fn the_server_finds_out_by_the_id_what_became_of_a_lost_commit() {
    let stage = Stage::new().await;
    for (number, cut) in LOST.iter().enumerate() {
        let before = contents(&stage.world.database).await.len();
        let (id, rows) = (request_id(number), rows_of(number));
        let answer = stage.import(&id, &rows, *cut).await;
        let made = contents(&stage.world.database).await.len() - before;
        if cut.commits() {
            // The users and the record.
            assert_eq!(made, 3, "{cut:?}");
            let answer = answer.unwrap_or_else(|status| panic!("{cut:?}: {status:?}"));
            assert_eq!(stage.send(&id, &rows).await.unwrap(), answer, "{cut:?}");
        } else {
            // The rows cannot come again by themselves: the client is told, and has them so.
            assert_eq!(made, 0, "{cut:?}");
            let told = reason(&answer.unwrap_err());
            assert_eq!(told, "DATABASE_UNAVAILABLE", "{cut:?}");
            let answer = stage.send(&id, &rows).await.unwrap();
            assert_eq!(answer.report.unwrap().created_count, 2, "{cut:?}");
        }
    }
    assert_eq!(stage.proxy.left(), 0);
}

#[tokio::test]
async fn without_an_id_a_lost_commit_is_told_as_unknown() {
    let stage = Stage::new().await;
    for (number, cut) in LOST.iter().enumerate() {
        let before = contents(&stage.world.database).await.len();
        let status = stage.import("", &rows_of(number), *cut).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(reason(&status), "OUTCOME_UNKNOWN", "{cut:?}");
        let expected = before + if cut.commits() { 2 } else { 0 };
        // What is late is there in the end.
        eventually("what became of it", || async {
            contents(&stage.world.database).await.len() == expected
        })
        .await;
    }
    assert_eq!(stage.proxy.left(), 0);
}

#[tokio::test]
async fn what_was_lost_before_its_commit_changed_nothing() {
    let stage = Stage::new().await;
    for (number, cut) in [Cut::BeforeClaim, Cut::BeforeRecord]
        .into_iter()
        .enumerate()
    {
        let answer = stage
            .import(&request_id(number), &rows_of(number), cut)
            .await;
        assert_eq!(
            reason(&answer.unwrap_err()),
            "DATABASE_UNAVAILABLE",
            "{cut:?}"
        );
        assert!(contents(&stage.world.database).await.is_empty(), "{cut:?}");
    }
}

#[tokio::test]
async fn a_server_that_stops_ends_imports_in_time() {
    let mut world = World::new().await;
    let hand = Hand::staged(&world).await;
    world.server.terminate();
    let status = hand.answer.await.unwrap().unwrap_err();
    assert_eq!(reason(&status), "SERVER_STOPPING");
    let ended = tokio::time::timeout(Duration::from_secs(10), world.server.child.wait()).await;
    assert!(ended.unwrap().unwrap().success());
    let mut beside = world.database.connection().await;
    assert_eq!(count(&mut beside, USERS).await, 0);
}
