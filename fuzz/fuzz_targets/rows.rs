//! Holds the readers of files to what they promise of any bytes.
#![no_main]

use std::fmt::Debug;
use std::io::{self, Read};

use byline_fuzz::{hold, pb};
use libfuzzer_sys::fuzz_target;

use fields::{Fields, Value};
use format::Format;
use pb::{Post, User};
use rows::{LineMap, RowReader, RowWriter};

#[path = "../../crates/grpc/src/cli/transfer/csv.rs"]
mod csv;
#[path = "../../crates/grpc/src/cli/transfer/fields.rs"]
mod fields;
#[path = "../../crates/grpc/src/cli/transfer/json_lines.rs"]
mod json_lines;
#[path = "../../crates/grpc/src/cli/transfer/lines.rs"]
mod lines;
#[path = "../../crates/grpc/src/cli/transfer/rows/mod.rs"]
mod rows;

/// The program's own can be asked for on its command line too.
mod format {
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub(crate) enum Format {
        JsonLines,
        Csv,
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut is_taken = false;
    for format in [Format::JsonLines, Format::Csv] {
        is_taken |= check::<User>(format, bytes);
        is_taken |= check::<Post>(format, bytes);
    }
    hold(bytes, &[("", is_taken)]);
});

/// The rows before what cannot be read, on the lines where they begin, and what that is.
type Told<R> = (Vec<(R, u64)>, Option<String>);

fn read<R: Fields>(format: Format, input: impl Read) -> Told<R> {
    let mut reader = RowReader::new(format, input);
    let mut rows = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(row)) => rows.push(row),
            Ok(None) => return (rows, None),
            Err(unreadable) => return (rows, Some(unreadable.to_string())),
        }
    }
}

/// Whether all that is there is rows.
fn check<R: Fields + PartialEq + Debug>(format: Format, bytes: &[u8]) -> bool {
    let told = read::<R>(format, bytes);
    assert_eq!(read(format, InPieces(bytes)), told);
    let (rows, refusal) = told;
    let is_taken = refusal.is_none();
    if let Some(refusal) = refusal {
        check_refusal(&refusal, bytes);
    }
    check_lines(&rows, bytes);
    let rows: Vec<R> = rows.into_iter().map(|(row, _)| row).collect();
    if rows.iter().all(has_times_of_four_digits) {
        check_comes_back(format, &rows);
    }
    is_taken
}

/// What was read is read again from what is written of it.
fn check_comes_back<R: Fields + PartialEq + Debug>(format: Format, rows: &[R]) {
    let fields = R::FIELDS.iter().filter(|field| field.is_written());
    let writer = RowWriter::new(format, fields.collect());
    let mut written = Vec::new();
    writer.begin(&mut written);
    for row in rows {
        writer.write(row, &mut written);
    }
    let (again, refusal) = read::<R>(format, written.as_slice());
    assert_eq!(refusal, None);
    assert!(
        again.iter().map(|(row, _)| row).eq(rows),
        "{again:?} is not {rows:?}"
    );
}

/// Rows begin on lines that ascend and that the file has, and are found there again.
fn check_lines<R>(rows: &[(R, u64)], bytes: &[u8]) {
    let lines: Vec<u64> = rows.iter().map(|(_, line)| *line).collect();
    assert!(lines.is_sorted_by(|line, next| line < next), "{lines:?}");
    assert!(lines.last().is_none_or(|last| *last <= lines_of(bytes)));
    let mut map = LineMap::default();
    for line in &lines {
        map.note(*line);
    }
    assert_eq!(map.lines((1..).take(lines.len())), lines);
}

/// A refusal is short, on one line, and names a line of the file.
fn check_refusal(refusal: &str, bytes: &[u8]) {
    assert!(!refusal.contains(char::is_control), "{refusal:?}");
    assert!(refusal.chars().count() < 300, "{refusal:?}");
    let line = refusal
        .strip_prefix("line ")
        .and_then(|rest| rest.split_once(": "));
    let line: u64 = line
        .and_then(|(line, _)| line.parse().ok())
        .expect("a line");
    assert!((1..=lines_of(bytes).max(1)).contains(&line), "{refusal:?}");
}

fn lines_of(bytes: &[u8]) -> u64 {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').count();
    u64::try_from(lines).expect("inputs are short")
}

/// Whether its times are of the years 1 to 9999: others can be written with an offset, and are refused
/// by the server.
fn has_times_of_four_digits<R: Fields>(row: &R) -> bool {
    R::FIELDS.iter().all(|field| match field.get(row) {
        Some(Value::Time(time)) => (-62_135_596_800..=253_402_300_799).contains(&time.seconds),
        Some(Value::Text(_) | Value::Flag(_)) | None => true,
    })
}

/// The bytes as a pipe gives them.
struct InPieces<'a>(&'a [u8]);

impl Read for InPieces<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let most = to.len().min(7);
        self.0.read(&mut to[..most])
    }
}
