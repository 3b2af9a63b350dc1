//! Reads a file into the messages of an import, on a thread of its own, no further ahead than a few
//! messages.

use std::io::Read;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_util::stream::Stream;
use tokio::sync::{mpsc, oneshot};

use super::format::Format;
use super::lines::Unreadable;
use super::noun::Transferred;
use super::rows::{LineMap, RowReader};
use crate::pb::ImportSettings;

/// Rows in a message, at most.
const ROWS: usize = 1_000;
/// Bytes of rows in a message, at most, unless a single row has more.
const BYTES: usize = 1024 * 1024;
/// Bytes of a row at most: what is larger fits into no message, and is far from what a row may have.
const ROW_BYTES: usize = 3 * 1024 * 1024;
/// How long a row waits for others to come along; the server takes a stream on which nothing moves
/// for one that has been left.
const LINGER: Duration = Duration::from_secs(5);
/// Messages that are read ahead.
const AHEAD: usize = 2;

/// A part of what a file holds.
enum Part<P> {
    Next(P),
    /// All of it was read.
    End,
}

/// The messages of a file. They end only with the file: of one that cannot be read on, nothing more
/// comes, since a stream that ends is an import that is to be kept.
pub(super) struct Parts<P>(mpsc::Receiver<Part<P>>);

impl<P> Stream for Parts<P> {
    type Item = P;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<P>> {
        match ready!(self.0.poll_recv(context)) {
            Some(Part::Next(part)) => Poll::Ready(Some(part)),
            Some(Part::End) => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

/// A file that is being read.
pub(super) struct Feed<P> {
    pub(super) parts: Parts<P>,
    /// Completes once the file was read, before the messages end.
    pub(super) read: oneshot::Receiver<Result<LineMap, Unreadable>>,
}

/// Begins to read.
pub(super) fn feed<R: Transferred>(
    input: impl Read + Send + 'static,
    format: Format,
    settings: ImportSettings,
) -> Feed<R::Part> {
    let (send, receive) = mpsc::channel(AHEAD);
    let (done, read) = oneshot::channel();
    // Not a task of the runtime, which would wait for it at the end: standard input may never
    // come to one.
    std::thread::spawn(move || {
        let reader = RowReader::<R, _>::new(format, input);
        if let Some(result) = run(reader, settings, &send).transpose() {
            let is_whole = result.is_ok();
            // Those who receive them may be gone.
            let _ = done.send(result);
            if is_whole {
                let _ = send.blocking_send(Part::End);
            }
        }
    });
    Feed {
        parts: Parts(receive),
        read,
    }
}

/// Nothing if nobody takes the messages any more.
fn run<R: Transferred>(
    mut reader: RowReader<R, impl Read>,
    settings: ImportSettings,
    send: &mpsc::Sender<Part<R::Part>>,
) -> Result<Option<LineMap>, Unreadable> {
    // At once and without a row: the server waits less long for the first message than for others,
    // and rows may be long in coming.
    let first = R::part(Some(settings), Vec::new());
    if send.blocking_send(Part::Next(first)).is_err() {
        return Ok(None);
    }
    let mut lines = LineMap::default();
    let mut rows = Vec::new();
    let mut bytes = 0;
    let mut oldest = Instant::now();
    while let Some((row, line)) = reader.next()? {
        let size = row.encoded_len();
        if size > ROW_BYTES {
            return Err(Unreadable::new(
                line,
                format!("the row has more than {ROW_BYTES} bytes"),
            ));
        }
        lines.note(line);
        let is_full = rows.len() == ROWS || bytes + size > BYTES || oldest.elapsed() > LINGER;
        if is_full && !rows.is_empty() {
            let part = R::part(None, std::mem::take(&mut rows));
            if send.blocking_send(Part::Next(part)).is_err() {
                return Ok(None);
            }
            bytes = 0;
        }
        if rows.is_empty() {
            oldest = Instant::now();
        }
        bytes += size;
        rows.push(row);
    }
    if rows.is_empty() {
        return Ok(Some(lines));
    }
    let last = R::part(None, rows);
    let is_taken = send.blocking_send(Part::Next(last)).is_ok();
    Ok(is_taken.then_some(lines))
}
