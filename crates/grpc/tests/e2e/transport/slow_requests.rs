//! Requests that do not come, or not as a whole.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use byline_persistence::testing::TestDatabase;
use tokio::io::AsyncWriteExt;
use tonic::{Code, Request};

use super::Watching;
use super::frames::{
    ACK, DATA, END_HEADERS, HEADERS, LARGEST_WINDOW, Raw, SETTINGS, WINDOW_UPDATE, call_headers,
    field, frame,
};
use crate::errors::shown;
use crate::support::{Server, World, reason};
use crate::wire::call_and_stall;

const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const OLD_REFLECTION: &str = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

/// What the server may need for a hundred of these streams, in KiB.
const MEMORY: u64 = 16 * 1024;
/// What is sent of each of them, and less than what it is said to be.
const SENT: usize = 512 * 1024;
const SAID: u32 = 4 * 1024 * 1024;

const LARGEST_FRAME: usize = 16 * 1024;

/// The headers of a call that has half a minute.
fn patient(path: &str) -> Vec<u8> {
    [call_headers(path), field("grpc-timeout", "30S")].concat()
}

/// Streams on which a message is begun and never ended, for as long as the server takes more.
struct Unending {
    raw: Raw,
    /// What is still to be sent on each.
    left: HashMap<u32, usize>,
    /// What may be sent now, on each stream, and on all.
    windows: HashMap<u32, usize>,
    window: usize,
}

impl Unending {
    async fn begin(server: &Server, path: &str) -> Self {
        let mut raw = Raw::connect(server.address, LARGEST_WINDOW).await;
        raw.next(SETTINGS).await.unwrap();
        let ack = frame(SETTINGS, ACK, 0, &[]);
        raw.0.write_all(&ack).await.unwrap();
        let streams = (1..200).step_by(2);
        let mut message = vec![0];
        message.extend(SAID.to_be_bytes());
        for stream in streams.clone() {
            let headers = frame(HEADERS, END_HEADERS, stream, &patient(path));
            raw.0.write_all(&headers).await.unwrap();
            let data = frame(DATA, 0, stream, &message);
            raw.0.write_all(&data).await.unwrap();
        }
        Self {
            raw,
            left: streams.clone().map(|stream| (stream, SENT)).collect(),
            windows: streams.map(|stream| (stream, 1024 * 1024 - 5)).collect(),
            window: 65_535 - 500,
        }
    }

    /// Sends all of it, but to streams that have ended.
    async fn send(&mut self) {
        let piece = frame(DATA, 0, 0, &[0; LARGEST_FRAME]);
        while !self.left.is_empty() {
            let streams: Vec<_> = self.left.keys().copied().collect();
            for stream in streams {
                let Some(left) = self.left.get_mut(&stream) else {
                    continue;
                };
                if *left == 0 {
                    self.left.remove(&stream);
                    continue;
                }
                let window = self.windows.get_mut(&stream).unwrap();
                if self.window >= LARGEST_FRAME && *window >= LARGEST_FRAME {
                    let mut piece = piece.clone();
                    piece[5..9].copy_from_slice(&stream.to_be_bytes());
                    self.raw.0.write_all(&piece).await.unwrap();
                    *left -= LARGEST_FRAME;
                    *window -= LARGEST_FRAME;
                    self.window -= LARGEST_FRAME;
                } else {
                    self.hear().await;
                }
            }
        }
    }

    async fn hear(&mut self) {
        let frame = self.raw.frame().await.expect("it is open");
        if frame.ends_stream() {
            self.left.remove(&frame.stream);
        } else if frame.kind == WINDOW_UPDATE {
            let more = u32::from_be_bytes(frame.payload.try_into().unwrap());
            let more: usize = more.try_into().unwrap();
            if frame.stream == 0 {
                self.window += more;
            } else if let Some(window) = self.windows.get_mut(&frame.stream) {
                *window += more;
            }
        }
    }
}

#[tokio::test]
async fn strangers_fill_no_memory() {
    let database = TestDatabase::new().await;
    let options = ["--auth", "keys", "--reflection"];
    let server = Server::serve(&database.service_url(), &options).await;
    let watching = Watching::over(&server).await;
    let mut all = Vec::new();
    for path in [CHECK, WATCH, REFLECTION, OLD_REFLECTION] {
        let before = server.peak_memory();
        let mut unending = Unending::begin(&server, path).await;
        let sent = tokio::time::timeout(Duration::from_secs(20), unending.send());
        sent.await.expect("it takes all, or ends its streams");
        let more = server.peak_memory().saturating_sub(before);
        assert!(more < MEMORY, "{path}: {more} KiB more");
        all.push(unending);
    }
    watching.end().await;
}

#[tokio::test]
async fn what_everybody_may_ask_is_asked_within_seconds() {
    let database = TestDatabase::new().await;
    let options = ["--reflection"];
    let server = Server::serve(&database.service_url(), &options).await;
    let mut raw = Raw::connect(server.address, LARGEST_WINDOW).await;
    let began = Instant::now();
    let mut open = Vec::new();
    // Nothing, a part of a message, and a message that is not the end.
    let said = [&[][..], &[0, 0, 0, 0, 2, 10], &[0, 0, 0, 0, 0]];
    let asked = [CHECK, WATCH]
        .into_iter()
        .flat_map(|path| said.map(|said| (path, said)));
    let reflected = [REFLECTION, OLD_REFLECTION].map(|path| (path, said[1]));
    for (path, said) in asked.chain(reflected) {
        let stream = 2 * u32::try_from(open.len()).unwrap() + 1;
        let headers = frame(HEADERS, END_HEADERS, stream, &patient(path));
        raw.0.write_all(&headers).await.unwrap();
        let data = frame(DATA, 0, stream, said);
        raw.0.write_all(&data).await.unwrap();
        open.push(stream);
    }
    let all_end = async {
        while !open.is_empty() {
            let frame = raw.frame().await.expect("it is open");
            if frame.ends_stream() {
                open.retain(|stream| *stream != frame.stream);
            }
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(15), all_end).await;
    assert!(ended.is_ok(), "these go on: {open:?}");
    assert!(began.elapsed() >= Duration::from_secs(4));
}

#[tokio::test]
async fn a_request_that_does_not_come_is_not_waited_for() {
    let world = World::with(&["--max-transfers", "1", "--max-deadline-ms", "60000"]).await;
    let channel = world.server.channel().await;
    let stall = async |path| {
        let began = Instant::now();
        let status = call_and_stall(&channel, path, Request::new(())).await;
        (status, began.elapsed())
    };
    let (call, import) = tokio::join!(
        stall("/byline.v1.UserService/GetUser"),
        stall("/byline.v1.TransferService/ImportUsers"),
    );
    insta::assert_snapshot!("request_stalled", shown(&call.0));
    for (status, took) in [call, import] {
        let told = (status.code(), reason(&status));
        let expected = (Code::DeadlineExceeded, "REQUEST_STALLED".to_owned());
        assert_eq!(told, expected);
        let expected = Duration::from_secs(9)..Duration::from_secs(20);
        assert!(expected.contains(&took), "{took:?}");
    }
}
