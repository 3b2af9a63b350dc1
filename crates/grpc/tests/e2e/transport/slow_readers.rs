//! Callers that do not read their answers.

use std::time::{Duration, Instant};

use byline_grpc::pb;
use tokio::io::AsyncWriteExt;
use tonic::Code;

use super::Watching;
use super::frames::{DATA, LARGEST_WINDOW, Raw, WINDOW_UPDATE, call, frame};
use crate::support::{World, eventually, mask};

const MEBIBYTE: usize = 1024 * 1024;
const MAX_CALLS: u64 = 4;
const HALF_A_PIECE: u32 = 32 * 1024;

/// A list of posts that weigh almost three mebibytes.
fn heavy() -> pb::ListPostsRequest {
    pb::ListPostsRequest {
        read_mask: mask(&["content"]),
        ..pb::ListPostsRequest::default()
    }
}

/// Connections on which calls are made until none of the places is free any more. Nothing of the
/// answers is read: be it that no stream has a window, or that nobody reads from the socket.
async fn take_all_places(world: &World, window: u32) -> Vec<Raw> {
    let mut connections = Vec::new();
    for _ in 0..4 {
        let mut raw = Raw::connect(world.server.address, window).await;
        let all = (LARGEST_WINDOW - 65_535).to_be_bytes();
        let all = frame(WINDOW_UPDATE, 0, 0, &all);
        raw.0.write_all(&all).await.unwrap();
        connections.push(raw);
    }
    // All that it may make at once, and then as many more as the kernel keeps answers for.
    for stream in (1..1_000).step_by(2) {
        for raw in &mut connections {
            let call = call(stream, "/byline.v1.PostService/ListPosts", &heavy());
            raw.0.write_all(&call).await.unwrap();
        }
        if stream > 200 && stays_refused(world).await {
            return connections;
        }
    }
    panic!("there are always places");
}

async fn is_refused(world: &World) -> bool {
    let list = pb::ListPostsRequest::default();
    let status = world.posts.clone().list_posts(list).await;
    status.is_err_and(|status| status.code() == Code::ResourceExhausted)
}

/// Whether calls are refused for longer than any of them takes.
async fn stays_refused(world: &World) -> bool {
    for _ in 0..8 {
        if !is_refused(world).await {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    true
}

#[tokio::test]
async fn answers_that_nobody_reads_are_few_and_are_given_up() {
    let max_calls = MAX_CALLS.to_string();
    let options = ["--write-timeout", "2s", "--max-calls", &max_calls];
    let mut world = World::with(&options).await;
    let ada = world.user("ada@example.com").await;
    for title in ["a", "b"] {
        let content = Some("x".repeat(MEBIBYTE));
        world.post_saying(&ada, title, content).await;
    }
    let list = world.posts.list_posts(heavy()).await.unwrap();
    assert_eq!(list.into_inner().posts.len(), 2);
    let watching = Watching::over(&world.server).await;
    let before = world.server.peak_memory();

    for window in [0, LARGEST_WINDOW] {
        let _slow = take_all_places(&world, window).await;
        eventually("they are given up", async || !is_refused(&world).await).await;
    }
    watching.end().await;
    // Each of them twice: as rows and as a message.
    let most = 64 * 1024 + MAX_CALLS * 2 * 2 * 1024 * 2;
    let more = world.server.peak_memory().saturating_sub(before);
    assert!(more < most, "{more} KiB more");
}

#[tokio::test]
async fn an_answer_that_is_read_slowly_is_read_to_its_end() {
    let world = World::with(&["--write-timeout", "1500ms"]).await;
    let ada = world.user("ada@example.com").await;
    let content = "x".repeat(MEBIBYTE / 2);
    world.post_saying(&ada, "a", Some(content.clone())).await;

    // Its window opens by half a piece at a time, and all in all for longer than a piece may wait.
    let mut raw = Raw::connect(world.server.address, 0).await;
    let list = call(1, "/byline.v1.PostService/ListPosts", &heavy());
    raw.0.write_all(&list).await.unwrap();
    let began = Instant::now();
    let mut read = 0;
    while read < content.len() {
        tokio::time::sleep(Duration::from_millis(100)).await;
        for stream in [0, 1] {
            let update = frame(WINDOW_UPDATE, 0, stream, &HALF_A_PIECE.to_be_bytes());
            raw.0.write_all(&update).await.unwrap();
        }
        let next = (read + HALF_A_PIECE as usize).min(content.len());
        while read < next {
            read += raw.next(DATA).await.expect("it is open").len();
        }
    }
    assert!(began.elapsed() > Duration::from_millis(1_500));
}
