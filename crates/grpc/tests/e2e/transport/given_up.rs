//! Calls that are given up once they are under way. Their resets come one by one, so that no bound
//! of HTTP/2 is met.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use byline_grpc::pb;
use byline_persistence::testing::{TestDatabase, execute, rows};
use prost_types::FieldMask;
use tokio::io::AsyncWriteExt;
use tokio::sync::Mutex;

use super::frames::{DATA, LARGEST_WINDOW, RST_STREAM, Raw, call, frame};
use super::{Watching, closing};
use crate::support::{World, eventually, get_by_id, reason};

const GET_USER: &str = "/byline.v1.UserService/GetUser";
const CANCEL: u32 = 8;

/// Has the service wait whenever it reads a user, for as long as there is a gate. No lock: those
/// are waited for no longer than some time.
const CLOSE_GATE: &str = "
    create table gate as select;
    create function wait_at_gate() returns boolean language plpgsql security definer as $$
    begin
        while exists (select from gate) loop perform pg_sleep(0.02); end loop;
        return true;
    end $$;
    alter table users enable row level security;
    create policy gate on users using (wait_at_gate())";
const OPEN_GATE: &str = "delete from gate";

/// The statements that wait there, each told from all others.
const WAITING: &str = "select pid::text || ' ' || query_start::text from pg_stat_activity
    where datname = current_database() and application_name = 'byline' and state = 'active'
    and query like '%users%'";

const CALLS: usize = 200;
const PLACES: usize = FIELDS.len();
const FIELDS: [&str; 8] = [
    "email",
    "name",
    "role",
    "is_active",
    "created_at",
    "updated_at",
    "deleted_at",
    "purge_at",
];
const CONNECTIONS: usize = 4;
/// Statements whose call was given up, and that PostgreSQL has not ended yet.
const LEFT: usize = 80;
/// What the server may need for all of them, in KiB.
const MEMORY: u64 = 16 * 1024;

/// A server with a user, over a closed gate.
async fn gated(options: &[&str]) -> (World, pb::GetUserRequest) {
    let options = [&["--acquire-timeout-ms", "30000"], options].concat();
    let world = World::over(TestDatabase::new().await, &options).await;
    let ada = world.user("ada@example.com").await;
    execute(&mut world.database.connection().await, CLOSE_GATE).await;
    (world, get_by_id(&ada.id))
}

#[tokio::test]
async fn calls_given_up_one_by_one_leave_neither_a_place_nor_a_statement() {
    let (places, connections) = (PLACES.to_string(), CONNECTIONS.to_string());
    let options = ["--max-calls", &places, "--pool-size", &connections];
    let (world, get) = gated(&options).await;
    let mut behind = world.database.connection().await;
    let watching = Watching::over(&world.server).await;
    let before = world.server.peak_memory();

    let mut raw = Raw::connect(world.server.address, LARGEST_WINDOW).await;
    let mut streams = (1..).step_by(2);
    let (mut seen, mut most) = (HashSet::new(), 0);
    for stream in streams.by_ref().take(CALLS) {
        raw.0
            .write_all(&call(stream, GET_USER, &get))
            .await
            .unwrap();
        let began = Instant::now();
        loop {
            let waiting = rows(&mut behind, WAITING).await;
            most = most.max(waiting.len());
            let known = seen.len();
            seen.extend(waiting);
            if seen.len() > known {
                break;
            }
            let took = began.elapsed();
            assert!(took < Duration::from_secs(20), "{stream} comes to nothing");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let reset = frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes());
        raw.0.write_all(&reset).await.unwrap();
        if stream % 40 == 1 {
            let list = pb::ListPostsRequest::default();
            let listed = world.posts.clone().list_posts(list).await;
            listed.expect("others are served meanwhile");
        }
    }
    assert!(most < LEFT, "{most} statements at once");
    let behind = Mutex::new(behind);
    let waiting = async || rows(&mut *behind.lock().await, WAITING).await.len();
    eventually("no statement is left", async || waiting().await == 0).await;

    // All places, and all connections, and no more. Those who read the same would share a statement.
    for (stream, field) in streams.zip(FIELDS) {
        let mut get = get.clone();
        let paths = vec![field.to_owned()];
        get.read_mask = Some(FieldMask { paths });
        let call = call(stream, GET_USER, &get);
        raw.0.write_all(&call).await.unwrap();
    }
    eventually("all connections have come back", async || {
        waiting().await == CONNECTIONS
    })
    .await;
    let refused = world.users.clone().get_user(get.clone()).await;
    assert_eq!(reason(&refused.unwrap_err()), "TOO_MANY_CALLS");
    execute(&mut *behind.lock().await, OPEN_GATE).await;
    let (mut answered, mut ended) = (0, 0);
    while ended < PLACES {
        let frame = raw.frame().await.expect("it is open");
        answered += usize::from(frame.kind == DATA);
        ended += usize::from(frame.ends_stream());
    }
    assert_eq!(answered, PLACES);
    watching.end().await;
    let more = world.server.peak_memory().saturating_sub(before);
    assert!(more < MEMORY, "{more} KiB more");
}

#[tokio::test]
async fn a_call_of_a_client_that_is_there_no_more_is_given_up() {
    let keepalive = [
        "--keepalive-interval",
        "500ms",
        "--keepalive-timeout",
        "500ms",
    ];
    let options = [&["--max-calls", "1"], &keepalive[..]].concat();
    let (mut world, get) = gated(&options).await;
    let behind = Mutex::new(world.database.connection().await);
    let waiting = async || rows(&mut *behind.lock().await, WAITING).await.len();
    let watching = Watching::anew(&world.server);

    // From here on it neither reads nor writes, and its socket stays open.
    // What it was heard of last is counted from when it connects.
    let began = Instant::now();
    let mut raw = Raw::connect(world.server.address, LARGEST_WINDOW).await;
    raw.0.write_all(&call(1, GET_USER, &get)).await.unwrap();
    eventually("it is under way", async || waiting().await == 1).await;
    eventually("it is given up", async || waiting().await == 0).await;
    assert!(began.elapsed() >= Duration::from_secs(1));

    execute(&mut *behind.lock().await, OPEN_GATE).await;
    let got = world.users.get_user(get).await;
    got.expect("its place is free");
    closing(&mut raw.0).await;
    watching.end().await;
}
