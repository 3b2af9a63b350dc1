//! The server's log of statements, as calls.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tonic::Status;

/// What one call sent.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) name: &'static str,
    /// Each statement with the texts of its parameters.
    pub(super) statements: Vec<(String, Vec<Option<String>>)>,
    /// Whether the program does not know the call.
    pub(super) refused: bool,
}

/// The log of a server on which nothing else runs.
pub(super) struct Log {
    path: PathBuf,
    read: usize,
    calls: Vec<Call>,
    ids: BTreeMap<String, String>,
}

impl Log {
    pub(super) fn new(path: PathBuf) -> Self {
        let mut log = Self {
            path,
            read: 0,
            calls: Vec::new(),
            ids: BTreeMap::new(),
        };
        log.rest();
        log
    }

    /// What a program understood; one that another program does not know leaves no trace.
    pub(super) fn calls(self) -> Vec<Call> {
        self.calls
    }

    /// Notes what the call sent that has just ended, and hands its answer on.
    pub(super) fn note<T: Default>(
        &mut self,
        name: &'static str,
        result: Result<tonic::Response<T>, Status>,
    ) -> T {
        let sent = read(&self.rest());
        if let Err(status) = &result {
            eprintln!("{name}: {status}");
        }
        let sent = if result.is_ok() { sent } else { Vec::new() };
        self.keep(name, sent, result.is_err());
        result.map_or_else(|_| T::default(), tonic::Response::into_inner)
    }

    /// Notes the unit of work of many changes among what was sent since the last time, if there is
    /// one that sent statements which have each of those parts in them, and tells whether there
    /// was.
    pub(super) fn note_together(&mut self, name: &'static str, parts: &[&str]) -> bool {
        let mut open: BTreeMap<String, Vec<Sent>> = BTreeMap::new();
        for sent in read(&self.rest()) {
            let unit = open.entry(sent.process.clone()).or_default();
            if sent.sql.starts_with("begin") {
                unit.clear();
            }
            let is_over = sent.sql == "commit";
            unit.push(sent);
            let has = |part: &&str| unit.iter().any(|sent| sent.sql.contains(part));
            if is_over && unit[0].sql.contains("savepoint") && parts.iter().all(has) {
                let unit = std::mem::take(unit);
                self.keep(name, unit, false);
                return true;
            }
        }
        false
    }

    /// Notes a call that is not as it should be.
    pub(super) fn refuse(&mut self, name: &'static str) {
        self.keep(name, Vec::new(), true);
    }

    fn keep(&mut self, name: &'static str, sent: Vec<Sent>, refused: bool) {
        let mut statements = Vec::new();
        for Sent { sql, values, .. } in sent {
            let values = values.into_iter();
            let values = values.map(|value| value.map(|value| self.without_ids(&value)));
            statements.push((sql, values.collect()));
        }
        self.calls.push(Call {
            name,
            statements,
            refused,
        });
    }

    /// Whether what is noted next has that in it.
    pub(super) fn is_to_have(&self, part: &str) -> bool {
        let text = std::fs::read_to_string(&self.path).unwrap();
        text[self.read..].contains(part)
    }

    /// What was written since the last time.
    fn rest(&mut self) -> String {
        let text = std::fs::read_to_string(&self.path).unwrap();
        let rest = text[self.read..].to_owned();
        self.read = text.len();
        rest
    }

    /// With each id in it by its place among all ids.
    fn without_ids(&mut self, value: &str) -> String {
        let mut text = String::new();
        let mut rest = value;
        while let Some(place) = (0..rest.len()).find(|place| is_id(rest, *place)) {
            let (before, from) = rest.split_at(place);
            let (id, after) = from.split_at(36);
            let next = format!("{{id{}}}", self.ids.len() + 1);
            text.push_str(before);
            text.push_str(self.ids.entry(id.to_owned()).or_insert(next));
            rest = after;
        }
        text.push_str(rest);
        text
    }
}

/// What the log puts before each entry: the process that it is of.
pub(super) const PREFIX: &str = "%p ";

/// A statement as the log has it.
struct Sent {
    process: String,
    sql: String,
    values: Vec<Option<String>>,
}

fn read(log: &str) -> Vec<Sent> {
    let mut all: Vec<Sent> = Vec::new();
    // Lines after the first of an entry begin with a tab.
    for entry in log.replace("\n\t", "\u{0}").lines() {
        let entry = entry.replace('\u{0}', "\n");
        let Some((process, entry)) = entry.split_once(' ') else {
            continue;
        };
        if let Some(parameters) = entry.strip_prefix("DETAIL:  parameters: ") {
            let last = all.iter_mut().rev().find(|sent| sent.process == process);
            if let Some(last) = last {
                last.values = parse(parameters);
            }
            continue;
        }
        let sql = entry
            .strip_prefix("LOG:  statement: ")
            .or_else(|| Some(entry.strip_prefix("LOG:  execute ")?.split_once(": ")?.1));
        if let Some(sql) = sql {
            all.push(Sent {
                process: process.to_owned(),
                sql: sql.trim().to_owned(),
                values: Vec::new(),
            });
        }
    }
    // What a connection is opened with, and what health asks for.
    all.retain(|sent| {
        ["_sqlx_migrations", "to_regclass", "random_page_cost"]
            .iter()
            .all(|part| !sent.sql.contains(part))
    });
    all
}

fn is_id(text: &str, place: usize) -> bool {
    let Some(id) = text.as_bytes().get(place..place + 36) else {
        return false;
    };
    id.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

/// `$1 = 'it''s', $2 = NULL` as values.
fn parse(parameters: &str) -> Vec<Option<String>> {
    let mut values = Vec::new();
    let mut rest = parameters;
    while let Some((_, from)) = rest.split_once(" = ") {
        if let Some(after) = from.strip_prefix("NULL") {
            values.push(None);
            rest = after;
            continue;
        }
        let mut value = String::new();
        let mut characters = from.char_indices().skip(1).peekable();
        let mut end = from.len();
        while let Some((place, character)) = characters.next() {
            if character == '\'' && characters.next_if(|(_, next)| *next == '\'').is_none() {
                end = place + 1;
                break;
            }
            value.push(character);
        }
        values.push(Some(value));
        rest = &from[end..];
    }
    values
}

#[test]
fn parameters_are_read_as_the_server_writes_them() {
    assert_eq!(
        parse("$1 = 'it''s = so, $9', $2 = NULL, $3 = ''"),
        [Some("it's = so, $9".to_owned()), None, Some(String::new())]
    );
}
