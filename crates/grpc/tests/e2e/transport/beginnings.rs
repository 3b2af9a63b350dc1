//! Connections that never come to a call, and how many there may be.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use byline_persistence::testing::TestDatabase;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit, setrlimit};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use super::certificates::{Ca, Client};
use super::frames::{GOAWAY, PREFACE, Raw, SETTINGS, frame};
use super::{SOON, Watching, closing, is_served};
use crate::support::{Server, eventually};

const IDLE: u64 = 2_000;

/// As many idle sockets as may be open here, which in CI are all.
fn idle_sockets() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let wanted = IDLE + 200;
    let in_ci = std::env::var_os("CI").is_some();
    let has_room = limit.maximum.is_none_or(|hard| hard >= wanted);
    assert!(
        has_room || !in_ci,
        "there must be {wanted} files to open in CI: {limit:?}"
    );
    let most = limit.maximum.map_or(wanted, |hard| hard.min(wanted));
    let current = limit.current.unwrap_or(wanted).max(most);
    let raised = Rlimit {
        current: Some(current),
        ..limit
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    IDLE.min(most - 200)
}

#[tokio::test]
async fn sockets_that_say_nothing_are_closed_and_hold_up_nobody() {
    let database = TestDatabase::new().await;
    let server = Server::serve(&database.service_url(), &["--preface-timeout", "3s"]).await;
    let watching = Watching::over(&server).await;
    let began = Instant::now();
    let mut idle = Vec::new();
    for _ in 0..idle_sockets() {
        idle.push(TcpStream::connect(server.address).await.unwrap());
    }
    assert!(is_served(&server).await, "whoever comes later is served");
    let first = idle[0].try_read(&mut [0]).unwrap_err();
    assert_eq!(first.kind(), ErrorKind::WouldBlock, "all are open at once");
    for stream in &mut idle {
        closing(stream).await;
    }
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(3), "{took:?}");
    watching.end().await;
}

#[tokio::test]
async fn what_speaks_something_else_is_closed_at_once() {
    let database = TestDatabase::new().await;
    let server = Server::serve(&database.service_url(), &[]).await;
    for words in [b"GET / HTTP/1.1\r\n".as_slice(), b"\0"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(words).await.unwrap();
        assert!(closing(&mut stream).await < SOON);
    }
    let began = Instant::now();
    let secured = Client::of(&Ca::new()).stream(server.address).await;
    assert!(secured.is_err() && began.elapsed() < SOON);
    assert!(is_served(&server).await);
}

#[tokio::test]
async fn what_says_no_more_than_hello_is_asked_whether_it_is_there() {
    let database = TestDatabase::new().await;
    let bounds = [
        "--keepalive-interval",
        "500ms",
        "--keepalive-timeout",
        "500ms",
    ];
    let mut server = Server::serve(&database.service_url(), &bounds).await;
    let watching = Watching::anew(&server);
    let began = Instant::now();
    let mut without_settings = TcpStream::connect(server.address).await.unwrap();
    without_settings.write_all(PREFACE).await.unwrap();
    let mut with_settings = Raw::connect(server.address, 0).await;
    closing(&mut without_settings).await;
    closing(&mut with_settings.0).await;
    assert!(began.elapsed() >= Duration::from_secs(1));
    watching.end().await;

    // Nor do they hold up the end.
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    assert!(is_served(&server).await);
    let began = Instant::now();
    server.terminate();
    closing(&mut silent).await;
    assert!(server.child.wait().await.unwrap().success());
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

#[tokio::test]
async fn no_more_connections_are_taken_than_there_may_be() {
    let database = TestDatabase::new().await;
    let server = Server::serve(&database.service_url(), &["--max-connections", "4"]).await;
    let watching = Watching::kept(&server).await;
    let mut taken = Vec::new();
    for _ in 0..3 {
        let mut raw = Raw::connect(server.address, 0).await;
        assert!(raw.next(SETTINGS).await.is_some());
        taken.push(raw);
    }
    for _ in 0..10 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        assert!(closing(&mut stream).await < SOON);
    }
    let told = server.log().matches("connections were refused").count();
    assert_eq!(told, 1, "{}", server.log());

    // One that ends by itself, and one that is ended for what it says.
    taken.pop();
    let mut rude = taken.pop().unwrap();
    rude.0.write_all(&frame(SETTINGS, 0, 1, &[])).await.unwrap();
    assert!(rude.next(GOAWAY).await.is_some());
    closing(&mut rude.0).await;
    let again = Mutex::new(Vec::new());
    eventually("both places are free", async || {
        let mut raw = Raw::connect(server.address, 0).await;
        let mut again = again.lock().await;
        if raw.next(SETTINGS).await.is_some() {
            again.push(raw);
        }
        again.len() == 2
    })
    .await;
    watching.end().await;
}

#[tokio::test]
async fn without_files_to_open_it_waits_until_there_are_some() {
    let database = TestDatabase::new().await;
    let server = Server::serve(&database.service_url(), &[]).await;
    let id = server.child.id().expect("it runs");
    assert!(is_served(&server).await);
    let process = Pid::from_raw(id.try_into().unwrap());
    let open = std::fs::read_dir(format!("/proc/{id}/fd")).unwrap().count();
    let none_left = Rlimit {
        current: Some(open.try_into().unwrap()),
        // It has the limits of whoever has started it, and may have raised the soft one.
        maximum: getrlimit(Resource::Nofile).maximum,
    };
    let before = prlimit(process, Resource::Nofile, none_left).unwrap();
    let mut waiting = Vec::new();
    for _ in 0..5 {
        waiting.push(TcpStream::connect(server.address).await.unwrap());
    }
    let told = "no connection can be accepted";
    eventually("it has none left", async || server.log().contains(told)).await;
    let (began, used) = (Instant::now(), processor_ticks(id));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (took, used) = (began.elapsed(), processor_ticks(id) - used);
    // A hundred a second are all of one core.
    let most = took.as_millis() / 10 / 3;
    assert!(u128::from(used) < most, "{used} ticks in {took:?}");

    prlimit(process, Resource::Nofile, before).unwrap();
    drop(waiting);
    assert!(is_served(&server).await);
}

/// How long a process has run, in hundredths of a second.
fn processor_ticks(id: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    // Behind the name of the program, which may hold anything.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<_> = fields.split_whitespace().collect();
    let number = |index: usize| fields[index].parse::<u64>().unwrap();
    number(11) + number(12)
}
