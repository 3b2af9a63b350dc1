use proptest::prelude::*;
use prost_types::Timestamp;

use super::*;
use crate::pb::{Post, User};

/// What gave readers trouble once: marks, breaks, spaces, letters of all kinds, and nothing.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[\",\r\n\t;'\\\\ éẞ漢😀a=]{1,8}",
        "\\PC{0,12}",
        Just("\"".to_owned()),
        Just("\r\n".to_owned()),
    ]
}

fn times() -> impl Strategy<Value = Option<Timestamp>> {
    // From the year 1 to the year 9999.
    let time = (-62_135_596_800..=253_402_300_799_i64, 0..1_000_000_i32);
    proptest::option::of(time.prop_map(|(seconds, micros)| Timestamp {
        seconds,
        nanos: micros * 1_000,
    }))
}

prop_compose! {
    fn users()(
        id in words(), email in words(), role in words(), etag in words(),
        // A name is never empty.
        name in proptest::option::of(words().prop_filter("a name", |name| !name.is_empty())),
        is_active in any::<Option<bool>>(),
        times in [times(), times(), times(), times()],
    ) -> User {
        let [created_at, updated_at, deleted_at, purge_at] = times;
        User {
            id, email, name, role, is_active, created_at, updated_at, deleted_at, purge_at, etag,
            ..User::default()
        }
    }
}

prop_compose! {
    fn posts()(
        id in words(), title in words(), author_id in words(), etag in words(),
        content in proptest::option::of(words()),
        published in any::<Option<bool>>(),
        times in [times(), times(), times(), times(), times()],
    ) -> Post {
        let [published_at, created_at, updated_at, deleted_at, purge_at] = times;
        Post {
            id, title, content, published, published_at, author_id, created_at, updated_at,
            deleted_at, purge_at, etag,
            ..Post::default()
        }
    }
}

fn written<R: Fields>(format: Format, rows: &[R]) -> Vec<u8> {
    let writer = RowWriter::new(
        format,
        R::FIELDS.iter().filter(|it| it.is_written()).collect(),
    );
    let mut bytes = Vec::new();
    writer.begin(&mut bytes);
    for row in rows {
        writer.write(row, &mut bytes);
    }
    bytes
}

fn read<R: Fields>(format: Format, bytes: &[u8]) -> Result<Vec<(R, u64)>, Unreadable> {
    let mut reader = RowReader::new(format, bytes);
    let mut rows = Vec::new();
    while let Some(row) = reader.next()? {
        rows.push(row);
    }
    Ok(rows)
}

fn assert_comes_back<R: Fields + PartialEq + std::fmt::Debug>(rows: &[R]) {
    for format in [Format::JsonLines, Format::Csv] {
        let bytes = written(format, rows);
        let back = read::<R>(format, &bytes).unwrap();
        let (back, lines): (Vec<_>, Vec<_>) = back.into_iter().unzip();
        assert_eq!(
            back,
            rows,
            "{format:?}: {}",
            String::from_utf8_lossy(&bytes)
        );
        let mut map = LineMap::default();
        for line in &lines {
            map.note(*line);
        }
        assert_eq!(map.lines((1..).take(lines.len())), lines);
    }
}

proptest! {
    #[test]
    fn users_that_were_written_are_read_as_they_were(rows in proptest::collection::vec(users(), 0..8)) {
        assert_comes_back(&rows);
    }

    #[test]
    fn posts_that_were_written_are_read_as_they_were(rows in proptest::collection::vec(posts(), 0..8)) {
        assert_comes_back(&rows);
    }

    #[test]
    fn another_reader_and_another_writer_of_csv_agree(rows in proptest::collection::vec(posts(), 0..8)) {
        let bytes = written(Format::Csv, &rows);
        let mut theirs = ::csv::Reader::from_reader(bytes.as_slice());
        let records: Vec<_> = theirs.records().map(Result::unwrap).collect();
        prop_assert_eq!(records.len(), rows.len());
        let titles: Vec<_> = records.iter().map(|record| record[1].to_owned()).collect();
        prop_assert_eq!(titles, rows.iter().map(|row| row.title.clone()).collect::<Vec<_>>());

        let mut again = ::csv::WriterBuilder::new().quote_style(::csv::QuoteStyle::Always).from_writer(Vec::new());
        again.write_record(theirs.headers().unwrap()).unwrap();
        for record in &records {
            again.write_record(record).unwrap();
        }
        let back = read::<Post>(Format::Csv, &again.into_inner().unwrap()).unwrap();
        for ((back, _), mut row) in back.into_iter().zip(rows) {
            // It cannot tell none from an empty one.
            row.content = Some(row.content.unwrap_or_default());
            prop_assert_eq!(back, row);
        }
    }
}

fn lines_of(format: Format, text: &str) -> Result<Vec<u64>, String> {
    match read::<User>(format, text.as_bytes()) {
        Ok(rows) => Ok(rows.into_iter().map(|(_, line)| line).collect()),
        Err(unreadable) => Err(unreadable.to_string()),
    }
}

#[test]
fn rows_are_told_by_the_line_on_which_they_begin() {
    assert_eq!(
        lines_of(Format::JsonLines, "{}\n\n  \r\n{}\r\n{}"),
        Ok(vec![1, 4, 5])
    );
    assert_eq!(
        lines_of(
            Format::Csv,
            "\nemail,name\r\na,\"x\r\n\r\ny\"\r\n\r\nb,\n\"c\",\"z\""
        ),
        Ok(vec![3, 7, 8])
    );
}

#[test]
fn what_cannot_be_read_is_told_by_its_line() {
    for (format, text, told) in [
        (
            Format::JsonLines,
            "{}\n{\n",
            "line 2: column 1: EOF while parsing an object",
        ),
        (
            Format::Csv,
            "email,name\na,\"x\n\ny\"\nb\n",
            "line 5: it has 1 cell, and the first line has 2",
        ),
        (
            Format::Csv,
            "email,name\na,b\nc,\"d\ne,f\n",
            "line 3: a quoted cell does not end",
        ),
    ] {
        assert_eq!(lines_of(format, text), Err(told.to_owned()), "{text}");
    }
    let bytes = b"email,name\na,\"b\n\xff\"\n";
    let refused = read::<User>(Format::Csv, bytes).unwrap_err();
    assert_eq!(refused.to_string(), "line 3: it is not UTF-8");
}

#[test]
fn a_file_of_nothing_is_no_csv() {
    for text in ["", "\n\r\n"] {
        let refused = lines_of(Format::Csv, text).unwrap_err();
        assert!(
            refused.starts_with("line 1: there is nothing: "),
            "{refused}"
        );
        assert_eq!(lines_of(Format::JsonLines, text), Ok(vec![]));
    }
    assert_eq!(lines_of(Format::Csv, "email\n"), Ok(vec![]));
}

#[test]
fn other_marks_between_names_are_told() {
    for text in ["email;name\n", "email\tname\n"] {
        let refused = lines_of(Format::Csv, text).unwrap_err();
        assert!(refused.ends_with(", separated by commas"), "{refused}");
    }
    let refused = lines_of(Format::Csv, "email,a;b\n").unwrap_err();
    assert!(!refused.contains("commas"), "{refused}");
}

#[test]
fn a_quotation_mark_too_many_is_no_reason_to_read_the_whole_file() {
    let row = "a,\"b\nc,d\n";
    let text = format!("email,name\n{row}{}", "e,f\n".repeat(LONGEST / 4));
    let refused = lines_of(Format::Csv, &text).unwrap_err();
    assert!(refused.ends_with("more than 8388608 bytes"), "{refused}");
}

#[test]
fn a_file_that_ends_within_an_object_or_before_the_last_cell_is_refused() {
    let rows = [Post {
        id: "1".to_owned(),
        content: Some("two\nlines".to_owned()),
        ..Post::default()
    }];
    for format in [Format::JsonLines, Format::Csv] {
        let bytes = written(format, &rows);
        let header = written::<Post>(format, &[]).len();
        for end in header + 1..bytes.len() - 1 {
            assert!(
                read::<Post>(format, &bytes[..end]).is_err(),
                "{format:?} {end}"
            );
        }
    }
}
