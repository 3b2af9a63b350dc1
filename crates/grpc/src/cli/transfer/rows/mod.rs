//! Reads and writes rows in a format, and knows on which line of a file each row begins.

use std::io::Read;

use prost::encoding::{decode_varint, encode_varint};

use super::csv::{self, Columns};
use super::fields::{Field, Fields};
use super::format::Format;
use super::json_lines;
use super::lines::{self, LONGEST, Lines, Unreadable};

/// The rows of a file, one after the other.
pub(super) struct RowReader<R: Fields, I> {
    lines: Lines<I>,
    /// The columns, once the header was read; of CSV only.
    columns: Option<Columns<R>>,
    format: Format,
    record: Vec<u8>,
}

impl<R: Fields, I: Read> RowReader<R, I> {
    pub(super) fn new(format: Format, input: I) -> Self {
        Self {
            lines: Lines::new(input, LONGEST),
            columns: None,
            format,
            record: Vec::new(),
        }
    }

    /// The next row, and the line on which it begins.
    pub(super) fn next(&mut self) -> Result<Option<(R, u64)>, Unreadable> {
        while let Some(line) = self.next_record()? {
            let text = lines::text(lines::without_end(&self.record), line)?;
            let row = match (self.format, &self.columns) {
                (Format::JsonLines, _) => json_lines::read(text),
                (Format::Csv, Some(columns)) => csv::read(text, columns),
                (Format::Csv, None) => {
                    let columns = csv::read_header(text);
                    self.columns = Some(columns.map_err(|why| Unreadable::new(line, why))?);
                    continue;
                }
            };
            let row = row.map_err(|why| Unreadable::new(line, why))?;
            return Ok(Some((row, line)));
        }
        match (self.format, &self.columns) {
            // As of a command that failed and wrote nothing.
            (Format::Csv, None) => Err(Unreadable::new(1, csv::no_header::<R>())),
            (Format::Csv, Some(_)) | (Format::JsonLines, _) => Ok(None),
        }
    }

    /// Reads what belongs to the next row, and answers the line on which it begins.
    fn next_record(&mut self) -> Result<Option<u64>, Unreadable> {
        loop {
            self.record.clear();
            let line = self.lines.read() + 1;
            if !self.lines.append(&mut self.record)? {
                return Ok(None);
            }
            if self.record.trim_ascii().is_empty() {
                continue;
            }
            let mut looked_at = 0;
            let mut is_open = false;
            while self.format == Format::Csv {
                is_open ^= csv::is_open(&self.record[looked_at..]);
                looked_at = self.record.len();
                // What is still open at the end of the file is told when its cells are read.
                if !is_open || !self.lines.append(&mut self.record)? {
                    break;
                }
            }
            return Ok(Some(line));
        }
    }
}

/// Writes rows into memory.
pub(super) struct RowWriter<R: Fields> {
    format: Format,
    fields: Vec<&'static Field<R>>,
}

impl<R: Fields> RowWriter<R> {
    /// Of those fields.
    pub(super) fn new(format: Format, fields: Vec<&'static Field<R>>) -> Self {
        Self { format, fields }
    }

    /// Adds what stands before all rows.
    pub(super) fn begin(&self, to: &mut Vec<u8>) {
        match self.format {
            Format::JsonLines => {}
            Format::Csv => csv::write_header(&self.fields, to),
        }
    }

    pub(super) fn write(&self, row: &R, to: &mut Vec<u8>) {
        match self.format {
            Format::JsonLines => json_lines::write(row, &self.fields, to),
            Format::Csv => csv::write(row, &self.fields, to),
        }
    }
}

/// On which line each row of a file began: in two bytes for each row that is not on the line after
/// the row before it, and none for the others.
#[derive(Debug, Default)]
pub(super) struct LineMap {
    /// Pairs: how many rows there were since the last such row, and how many lines are between.
    jumps: Vec<u8>,
    rows_since: u64,
    rows: u64,
    last_line: u64,
}

impl LineMap {
    /// Notes the line of the next row.
    pub(super) fn note(&mut self, line: u64) {
        let skipped = line.saturating_sub(self.last_line + 1);
        if skipped > 0 {
            encode_varint(self.rows_since, &mut self.jumps);
            encode_varint(skipped, &mut self.jumps);
            self.rows_since = 0;
        }
        self.rows_since += 1;
        self.rows += 1;
        self.last_line = line;
    }

    /// The lines of rows, whose numbers begin with 1 and ascend.
    pub(super) fn lines(&self, rows: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let mut rest = self.jumps.as_slice();
        let mut next = || -> Option<(u64, u64)> {
            let rows = decode_varint(&mut rest).ok()?;
            Some((rows, decode_varint(&mut rest).ok()?))
        };
        // Where the next jump is, and how many lines were skipped before.
        let (mut at, mut skipped) = (1, 0);
        let mut jump = next();
        let line = |row| {
            while let Some((rows, lines)) = jump
                && at + rows <= row
            {
                at += rows;
                skipped += lines;
                jump = next();
            }
            row + skipped
        };
        rows.into_iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests;
