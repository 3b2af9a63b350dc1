//! HTTP/2 by the frame, as no client library sends it (RFC 9113, section 4.1).

use std::net::SocketAddr;

use prost::Message;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const ACK: u8 = 1;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

const INITIAL_WINDOW_SIZE: u16 = 4;
pub(super) const LARGEST_WINDOW: u32 = (1 << 31) - 1;

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Settings by which that much of each stream may be sent at once.
pub(super) fn settings(window: u32) -> Vec<u8> {
    let mut payload = INITIAL_WINDOW_SIZE.to_be_bytes().to_vec();
    payload.extend(window.to_be_bytes());
    frame(SETTINGS, 0, 0, &payload)
}

/// A header as HPACK has it that is in no table (RFC 7541, section 6.2.2).
pub(super) fn field(name: &str, value: &str) -> Vec<u8> {
    let mut field = vec![0];
    for text in [name, value] {
        // Longer ones would need a second byte.
        field.push(u8::try_from(text.len()).ok().filter(|n| *n < 127).unwrap());
        field.extend(text.bytes());
    }
    field
}

/// The headers of a call of the method of that path, by their names.
pub(super) fn headers_of(path: &str) -> [(&str, &str); 6] {
    [
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "localhost"),
        (":path", path),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]
}

/// The same as they are sent.
pub(super) fn call_headers(path: &str) -> Vec<u8> {
    let headers = headers_of(path);
    headers
        .iter()
        .flat_map(|(name, value)| field(name, value))
        .collect()
}

/// A call of the method of that path.
pub(super) fn call(stream: u32, path: &str, message: &impl Message) -> Vec<u8> {
    let mut data = vec![0];
    let length = u32::try_from(message.encoded_len()).unwrap();
    data.extend(length.to_be_bytes());
    data.extend(message.encode_to_vec());
    let mut frames = frame(HEADERS, END_HEADERS, stream, &call_headers(path));
    frames.extend(frame(DATA, END_STREAM, stream, &data));
    frames
}

/// A frame that has come.
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    /// Whether nothing more comes of its stream.
    pub(super) fn ends_stream(&self) -> bool {
        self.kind == RST_STREAM
            || (matches!(self.kind, HEADERS | DATA) && self.flags & END_STREAM != 0)
    }
}

/// A connection.
pub(super) struct Raw<S = TcpStream>(pub(super) S);

impl Raw {
    /// One that has said hello, and lets that much of each stream be sent at once.
    pub(super) async fn connect(address: SocketAddr, window: u32) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap(), window).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    /// The same over that stream.
    pub(super) async fn over(stream: S, window: u32) -> Self {
        let mut raw = Self(stream);
        raw.0.write_all(PREFACE).await.unwrap();
        raw.0.write_all(&settings(window)).await.unwrap();
        raw
    }

    /// The next frame, but the end of the connection.
    pub(super) async fn frame(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let [l0, l1, l2, kind, flags, stream @ ..] = head;
        let length = u32::from_be_bytes([0, l0, l1, l2]);
        let mut payload = vec![0; length.try_into().unwrap()];
        self.0.read_exact(&mut payload).await.ok()?;
        Some(Frame {
            kind,
            flags,
            stream: u32::from_be_bytes(stream),
            payload,
        })
    }

    /// The next frame of that kind, but the end of the connection.
    pub(super) async fn next(&mut self, kind: u8) -> Option<Vec<u8>> {
        loop {
            let frame = self.frame().await?;
            if frame.kind == kind {
                return Some(frame.payload);
            }
        }
    }
}
