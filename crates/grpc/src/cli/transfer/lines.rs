//! Reads a file line by line, no line beyond a bound, and knows where it is.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

/// How long a line may be, and a row that has line breaks in it, in bytes: as long as the largest
/// row is when each of its characters is escaped.
pub(super) const LONGEST: usize = 8 * 1024 * 1024;

/// Why a file cannot be read on, and on which line, the first of which is 1.
#[derive(Debug, PartialEq)]
pub(super) struct Unreadable {
    line: u64,
    why: String,
}

impl Unreadable {
    pub(super) fn new(line: u64, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { line, why }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

pub(super) struct Lines<I> {
    input: BufReader<I>,
    read: u64,
    longest: usize,
}

impl<I: Read> Lines<I> {
    pub(super) fn new(input: I, longest: usize) -> Self {
        Self {
            input: BufReader::with_capacity(256 * 1024, input),
            read: 0,
            longest,
        }
    }

    /// How many lines were read.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// Adds the next line, with its end, to what is there already, of which it is a part. Answers whether
    /// there was one.
    pub(super) fn append(&mut self, to: &mut Vec<u8>) -> Result<bool, Unreadable> {
        let room = (self.longest + 1).saturating_sub(to.len());
        let room = u64::try_from(room).unwrap_or(u64::MAX);
        let line = self.read + 1;
        let mut bounded = self.input.by_ref().take(room);
        let count = bounded
            .read_until(b'\n', to)
            .map_err(|error: io::Error| Unreadable::new(line, error.to_string()))?;
        if to.len() > self.longest {
            return Err(Unreadable::new(
                line,
                format!("it has more than {} bytes", self.longest),
            ));
        }
        if count == 0 {
            return Ok(false);
        }
        self.read = line;
        // What some programs put before a text to say that it is UTF-8.
        if line == 1 && to.starts_with(b"\xef\xbb\xbf") {
            to.drain(..3);
        }
        Ok(true)
    }
}

/// The row without the end of its line.
pub(super) fn without_end(row: &[u8]) -> &[u8] {
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    row.strip_suffix(b"\r").unwrap_or(row)
}

/// The bytes as text.
pub(super) fn text(bytes: &[u8], line: u64) -> Result<&str, Unreadable> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let parts = before.split(|byte| *byte == b'\n').count();
        let line = line + u64::try_from(parts).unwrap_or_default() - 1;
        Unreadable::new(line, "it is not UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], longest: usize) -> Result<Vec<Vec<u8>>, Unreadable> {
        let mut lines = Lines::new(bytes, longest);
        let mut all = Vec::new();
        let mut line = Vec::new();
        while lines.append(&mut line)? {
            all.push(std::mem::take(&mut line));
        }
        Ok(all)
    }

    #[test]
    fn a_line_ends_with_the_file_too() {
        let lines: Vec<Vec<u8>> = vec![b"a\n".into(), b"\n".into(), b"b".into()];
        assert_eq!(all(b"a\n\nb", 10), Ok(lines));
        assert_eq!(all(b"", 10), Ok(Vec::new()));
    }

    #[test]
    fn a_mark_of_utf_8_before_the_first_line_is_no_part_of_it() {
        let lines: Vec<Vec<u8>> = vec![b"a\n".into(), b"\xef\xbb\xbfb".into()];
        assert_eq!(all(b"\xef\xbb\xbfa\n\xef\xbb\xbfb", 10), Ok(lines));
    }

    #[test]
    fn a_line_beyond_the_bound_is_refused_with_its_number() {
        assert!(all(b"a\n123456\n", 7).is_ok());
        let refused = all(b"a\n1234567\n", 7).unwrap_err();
        assert_eq!(refused.to_string(), "line 2: it has more than 7 bytes");
    }

    #[test]
    fn what_is_no_text_is_told_by_its_line() {
        assert_eq!(text("é\nb".as_bytes(), 3), Ok("é\nb"));
        let refused = text(b"a\nb\xff", 3).unwrap_err();
        assert_eq!(refused.to_string(), "line 4: it is not UTF-8");
    }
}
