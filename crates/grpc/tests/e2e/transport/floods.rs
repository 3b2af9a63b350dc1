//! Frames that are sent to wear the server out.

use std::time::Duration;

use byline_persistence::testing::TestDatabase;
use tokio::io::AsyncWriteExt;

use super::frames::{
    CONTINUATION, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM, Raw, call_headers,
    field, frame,
};
use super::{Watching, closing, is_served};
use crate::support::Server;

/// What the server may need for a flood, in KiB.
const MEMORY: u64 = 32 * 1024;
const ENHANCE_YOUR_CALM: u32 = 11;

/// Sends it again and again, reading nothing, until the connection is closed; which is before as
/// many bytes were sent. Answers how many were.
async fn flood(raw: &mut Raw, most: usize, mut frames: impl FnMut(u32) -> Vec<u8>) -> usize {
    let mut sent = 0;
    for number in 0.. {
        assert!(sent < most, "it is still open after {sent} bytes");
        let frames = frames(number);
        if raw.0.write_all(&frames).await.is_err() {
            break;
        }
        sent += frames.len();
    }
    sent
}

#[tokio::test]
async fn floods_end_their_connection_and_nothing_else() {
    let database = TestDatabase::new().await;
    let server = Server::serve(&database.service_url(), &["--write-timeout", "1s"]).await;
    let watching = Watching::over(&server).await;
    let before = server.peak_memory();

    resets(&server).await;
    continuations(&server).await;
    unread_pongs(&server).await;

    assert!(is_served(&server).await);
    watching.end().await;
    let more = server.peak_memory().saturating_sub(before);
    assert!(more < MEMORY, "{more} KiB more");
}

/// Calls that are given up as soon as they are made.
async fn resets(server: &Server) {
    let mut raw = Raw::connect(server.address, 0).await;
    let headers = call_headers("/grpc.health.v1.Health/Watch");
    for stream in (1..20_000).step_by(2) {
        let mut frames = frame(HEADERS, END_HEADERS | END_STREAM, stream, &headers);
        frames.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
        if raw.0.write_all(&frames).await.is_err() {
            break;
        }
    }
    let goaway = raw.next(GOAWAY).await.expect("it is told to go away");
    assert_eq!(goaway[4..8], ENHANCE_YOUR_CALM.to_be_bytes());
    closing(&mut raw.0).await;
}

/// Headers that have no end.
async fn continuations(server: &Server) {
    let mut raw = Raw::connect(server.address, 0).await;
    let headers = frame(
        HEADERS,
        END_STREAM,
        1,
        &call_headers("/grpc.health.v1.Health/Watch"),
    );
    raw.0.write_all(&headers).await.unwrap();
    let header = field("name", &"x".repeat(100));
    let headers = frame(CONTINUATION, 0, 1, &header.repeat(140));
    flood(&mut raw, 64 * 1024 * 1024, |_| headers.clone()).await;
}

/// Pings whose answers are not read.
async fn unread_pongs(server: &Server) {
    let mut raw = Raw::connect(server.address, 0).await;
    let pings = frame(PING, 0, 0, b"are you?").repeat(1_000);
    let flooding = flood(&mut raw, 256 * 1024 * 1024, |_| pings.clone());
    tokio::time::timeout(Duration::from_secs(10), flooding)
        .await
        .expect("nobody waits for it for long");
}
