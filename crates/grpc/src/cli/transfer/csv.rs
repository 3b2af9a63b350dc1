//! Rows as CSV (RFC 4180): a header of the fields' names, and a record a row. An empty cell is
//! absent; an empty text, which `content` alone can be, is a quoted empty cell.
//!
//! Read by hand, since the usual readers neither tell a quoted cell from another nor refuse a
//! file that ends within one, as half a file does.

use std::borrow::Cow;

use super::fields::{Expected, Field, Fields, Value, named};

/// The columns of a file, in its order.
pub(super) type Columns<R> = Vec<&'static Field<R>>;

/// Whether what was read of a record ends within a quoted cell, so that the next line belongs to it.
pub(super) fn is_open(record: &[u8]) -> bool {
    record
        .iter()
        .fold(false, |is_open, byte| is_open ^ (*byte == b'"'))
}

/// Reads the header. Fails with what is wrong with it.
pub(super) fn read_header<R: Fields>(record: &str) -> Result<Columns<R>, String> {
    let mut columns = Columns::<R>::new();
    for cell in Cells(Some(record)) {
        let name = cell?.text;
        let place = R::place(&name).ok_or_else(|| {
            let is_apart = |mark| !record.contains(',') && record.contains(mark);
            let marks = if is_apart(';') || is_apart('\t') {
                ", separated by commas"
            } else {
                ""
            };
            format!(
                "there is no field {}: the first line names the fields, of {}{marks}",
                named(&name),
                R::names()
            )
        })?;
        let field = &R::FIELDS[place];
        if columns.iter().any(|it| it.name == field.name) {
            return Err(format!("{name} is there twice"));
        }
        columns.push(field);
    }
    Ok(columns)
}

/// What is wrong with a file without a header.
pub(super) fn no_header<R: Fields>() -> String {
    format!(
        "there is nothing: the first line names the fields, of {}",
        R::names()
    )
}

/// Reads a row. Fails with what is wrong with it.
pub(super) fn read<R: Fields>(record: &str, columns: &[&Field<R>]) -> Result<R, String> {
    let mut row = R::default();
    let mut count = 0;
    for cell in Cells(Some(record)) {
        let cell = cell?;
        if let Some(field) = columns.get(count)
            && !(cell.text.is_empty() && !(cell.is_quoted && field.keeps_empty_text()))
        {
            let set = field.set_written(&mut row, &cell.text);
            set.map_err(|Expected(what)| format!("{} is not {what}", field.name))?;
        }
        count += 1;
    }
    if count == columns.len() {
        Ok(row)
    } else {
        let cells = if count == 1 { "cell" } else { "cells" };
        Err(format!(
            "it has {count} {cells}, and the first line has {}",
            columns.len()
        ))
    }
}

pub(super) fn write_header<R>(columns: &[&Field<R>], to: &mut Vec<u8>) {
    let names: Vec<_> = columns.iter().map(|field| field.name).collect();
    to.extend_from_slice(names.join(",").as_bytes());
    to.push(b'\n');
}

/// Adds a row, with the end of its line.
pub(super) fn write<R>(row: &R, columns: &[&Field<R>], to: &mut Vec<u8>) {
    for (index, field) in columns.iter().enumerate() {
        if index > 0 {
            to.push(b',');
        }
        match field.get(row) {
            None => {}
            Some(Value::Text(text)) => write_text(text, to),
            Some(Value::Flag(flag)) => to.extend_from_slice(flag.to_string().as_bytes()),
            Some(Value::Time(time)) => to.extend_from_slice(time.to_string().as_bytes()),
        }
    }
    to.push(b'\n');
}

fn write_text(text: &str, to: &mut Vec<u8>) {
    let is_plain = !text.is_empty() && !text.contains([',', '"', '\r', '\n']);
    if is_plain {
        to.extend_from_slice(text.as_bytes());
    } else {
        to.push(b'"');
        to.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        to.push(b'"');
    }
}

struct Cell<'a> {
    text: Cow<'a, str>,
    is_quoted: bool,
}

/// The cells of what is left of a record.
struct Cells<'a>(Option<&'a str>);

impl<'a> Iterator for Cells<'a> {
    type Item = Result<Cell<'a>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.0.take()?;
        Some(match record.strip_prefix('"') {
            Some(quoted) => self.quoted(quoted),
            None => self.plain(record),
        })
    }
}

impl<'a> Cells<'a> {
    fn plain(&mut self, record: &'a str) -> Result<Cell<'a>, String> {
        let cell = match record.split_once(',') {
            Some((cell, rest)) => {
                self.0 = Some(rest);
                cell
            }
            None => record,
        };
        if cell.contains('"') {
            return Err("a cell with a quotation mark in it has to begin with one".to_owned());
        }
        Ok(Cell {
            text: cell.into(),
            is_quoted: false,
        })
    }

    /// After the mark that opens the cell.
    fn quoted(&mut self, record: &'a str) -> Result<Cell<'a>, String> {
        let mut end = 0;
        let mut has_marks = false;
        loop {
            let Some(found) = record[end..].find('"') else {
                return Err("a quoted cell does not end".to_owned());
            };
            end += found;
            if !record[end + 1..].starts_with('"') {
                break;
            }
            has_marks = true;
            end += 2;
        }
        let (cell, rest) = (&record[..end], &record[end + 1..]);
        match rest.strip_prefix(',') {
            Some(rest) => self.0 = Some(rest),
            None if rest.is_empty() => {}
            None => {
                return Err(
                    "a quoted cell ends before its end: a mark in it is written twice".to_owned(),
                );
            }
        }
        Ok(Cell {
            text: if has_marks {
                cell.replace("\"\"", "\"").into()
            } else {
                cell.into()
            },
            is_quoted: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::{Post, User};

    fn user(header: &str, record: &str) -> Result<User, String> {
        read(record, &read_header::<User>(header)?)
    }

    #[test]
    fn columns_come_in_any_order_and_any_number() {
        let row = user("is_active,email,name", "TRUE,a@b,\"Ada \"\"A\"\", L\"").unwrap();
        assert_eq!(row.email, "a@b");
        assert_eq!(row.name.as_deref(), Some("Ada \"A\", L"));
        assert_eq!(row.is_active, Some(true));
        assert_eq!(row.created_at, None);
    }

    #[test]
    fn an_empty_cell_is_absent_and_a_quoted_one_is_an_empty_content() {
        let columns = read_header::<Post>("id,content").unwrap();
        assert_eq!(read("1,", &columns).unwrap().content, None);
        let empty = read("1,\"\"", &columns).unwrap();
        assert_eq!(empty.content.as_deref(), Some(""));
        // Those who quote every cell leave out a name like this.
        assert_eq!(user("email,name", "\"a@b\",\"\"").unwrap().name, None);
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (header, record, why) in [
            ("email,email", "", "email is there twice"),
            (
                "email,Name",
                "",
                "there is no field \"Name\": the first line names the fields, of id, email, name, \
                 role, is_active, created_at, updated_at, deleted_at, purge_at, etag",
            ),
            (
                "email,name",
                "a@b",
                "it has 1 cell, and the first line has 2",
            ),
            (
                "email,name",
                "a,b,c",
                "it has 3 cells, and the first line has 2",
            ),
            ("email,is_active", "a,yes", "is_active is not true or false"),
            (
                "email,created_at",
                "a,today",
                "created_at is not a time such as 2026-01-31T12:00:00Z",
            ),
            (
                "email,name",
                "a,5\"",
                "a cell with a quotation mark in it has to begin with one",
            ),
            ("email,name", "a,\"b", "a quoted cell does not end"),
            (
                "email,name",
                "a,\"b\" c",
                "a quoted cell ends before its end: a mark in it is written twice",
            ),
        ] {
            assert_eq!(
                user(header, record),
                Err(why.to_owned()),
                "{header}: {record}"
            );
        }
    }

    #[test]
    fn a_record_is_open_within_a_quoted_cell() {
        assert!(is_open(b"1,\"two\n"));
        assert!(!is_open(b"1,\"two\nthree\"\n"));
        assert!(!is_open(b"1,\"a \"\"b\"\"\"\n"));
        assert!(is_open(b"1,\"a \"\"b\n"));
    }
}
