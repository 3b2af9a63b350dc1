//! The bounds of HTTP/2 that a client is told of, and what becomes of one that does not keep to
//! them.

use std::collections::HashMap;

use byline_persistence::testing::TestDatabase;
use tokio::io::AsyncWriteExt;
use tonic_health::pb::HealthCheckRequest;

use super::frames::{
    DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, HEADERS, LARGEST_WINDOW, RST_STREAM, Raw,
    SETTINGS, WINDOW_UPDATE, call, call_headers, field, frame, headers_of,
};
use super::{SOON, closing, is_served};
use crate::support::Server;

const CHECK: &str = "/grpc.health.v1.Health/Check";

const STREAMS: u32 = 100;
const WINDOW: u32 = 1024 * 1024;
const HEADER_BYTES: usize = 12 * 1024;
const ERRORS: u32 = 100;

const ENHANCE_YOUR_CALM: u32 = 11;
/// How the headers of an answer begin whose status is 200 (RFC 7541, appendix A).
const STATUS_200: u8 = 0x88;

#[tokio::test]
async fn a_client_is_told_how_many_streams_and_how_many_bytes_it_may_send() {
    let database = TestDatabase::new().await;
    let server = Server::serve(&database.service_url(), &[]).await;
    let mut raw = Raw::connect(server.address, 0).await;
    let settings = raw.next(SETTINGS).await.expect("it has settings");
    let settings: HashMap<_, _> = settings
        .chunks_exact(6)
        .map(|setting| {
            let name = u16::from_be_bytes(setting[..2].try_into().unwrap());
            (name, u32::from_be_bytes(setting[2..].try_into().unwrap()))
        })
        .collect();
    // RFC 9113, section 6.5.2.
    assert_eq!(settings[&3], STREAMS);
    assert_eq!(settings[&4], WINDOW);
    assert_eq!(settings[&6], u32::try_from(HEADER_BYTES).unwrap());
    let update = loop {
        let frame = raw.frame().await.expect("its connection has a window");
        if frame.kind == WINDOW_UPDATE && frame.stream == 0 {
            break frame;
        }
    };
    assert_eq!(update.payload, (WINDOW - 65_535).to_be_bytes());
}

/// A call with as many headers as fit into that many bytes, as HTTP/2 counts them.
fn call_with_headers(stream: u32, bytes: usize) -> Vec<u8> {
    let size = |name: &str, value: &str| name.len() + value.len() + 32;
    let headers = headers_of(CHECK);
    let taken: usize = headers.iter().map(|(name, value)| size(name, value)).sum();
    let (value, least) = ("x".repeat(60), size("rest", ""));
    let many = (bytes - taken - least) / size("more", &value);
    let rest = bytes - taken - many * size("more", &value);
    let mut block = call_headers(CHECK);
    block.extend(field("more", &value).repeat(many));
    block.extend(field("rest", &"x".repeat(rest - least)));
    let mut frames = frame(HEADERS, END_HEADERS, stream, &block);
    frames.extend(frame(DATA, END_STREAM, stream, &[0; 5]));
    frames
}

async fn next_of_stream(raw: &mut Raw, stream: u32) -> Frame {
    loop {
        let frame = raw.frame().await.expect("the connection stays open");
        if frame.stream == stream && frame.kind != WINDOW_UPDATE {
            return frame;
        }
    }
}

#[tokio::test]
async fn headers_that_fit_are_read_and_more_of_them_are_refused() {
    let database = TestDatabase::new().await;
    let server = Server::serve(&database.service_url(), &[]).await;
    let mut raw = Raw::connect(server.address, LARGEST_WINDOW).await;
    for (stream, bytes, fits) in [
        (1, HEADER_BYTES - 1, true),
        (3, HEADER_BYTES, false),
        (5, HEADER_BYTES + 1024, false),
        (7, HEADER_BYTES - 1, true),
    ] {
        let call = call_with_headers(stream, bytes);
        raw.0.write_all(&call).await.unwrap();
        let answer = next_of_stream(&mut raw, stream).await;
        let is_read = answer.kind == HEADERS && answer.payload[0] == STATUS_200;
        assert_eq!(is_read, fits, "{bytes} bytes");
    }
}

#[tokio::test]
async fn streams_that_go_wrong_again_and_again_end_their_connection() {
    let database = TestDatabase::new().await;
    let server = Server::serve(&database.service_url(), &[]).await;
    let mut raw = Raw::connect(server.address, LARGEST_WINDOW).await;
    // A status is no part of a request.
    let headers = [field(":status", "200"), call_headers(CHECK)].concat();
    let mut errors = 0;
    let goaway = loop {
        let stream = 2 * errors + 1;
        let wrong = frame(HEADERS, END_HEADERS | END_STREAM, stream, &headers);
        raw.0.write_all(&wrong).await.unwrap();
        let answer = loop {
            let frame = raw.frame().await.expect("it is told what is wrong");
            if matches!(frame.kind, RST_STREAM | GOAWAY) {
                break frame;
            }
        };
        if answer.kind == GOAWAY {
            break answer.payload;
        }
        assert_eq!(answer.stream, stream);
        errors += 1;
        assert!(errors <= ERRORS, "they go on");
    };
    assert_eq!(errors, ERRORS);
    assert_eq!(goaway[4..8], ENHANCE_YOUR_CALM.to_be_bytes());
    assert!(closing(&mut raw.0).await < SOON);
    assert!(is_served(&server).await);

    // As many good calls end nothing.
    let mut raw = Raw::connect(server.address, LARGEST_WINDOW).await;
    for stream in (1..).step_by(2).take(2 * ERRORS as usize) {
        let check = call(stream, CHECK, &HealthCheckRequest::default());
        raw.0.write_all(&check).await.unwrap();
        assert_eq!(next_of_stream(&mut raw, stream).await.kind, HEADERS);
    }
}
