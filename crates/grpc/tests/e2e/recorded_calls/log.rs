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
        let rest = self.rest();
        let statements = match &result {
            Ok(_) => self.statements(&rest),
            Err(status) => {
                eprintln!("{name}: {status}");
                Vec::new()
            }
        };
        self.calls.push(Call {
            name,
            statements,
            refused: result.is_err(),
        });
        result.map_or_else(|_| T::default(), tonic::Response::into_inner)
    }

    /// What was written since the last time.
    fn rest(&mut self) -> String {
        let text = std::fs::read_to_string(&self.path).unwrap();
        let rest = text[self.read..].to_owned();
        self.read = text.len();
        rest
    }

    fn statements(&mut self, log: &str) -> Vec<(String, Vec<Option<String>>)> {
        let mut statements: Vec<(String, Vec<Option<String>>)> = Vec::new();
        // Lines after the first of an entry begin with a tab.
        for entry in log.replace("\n\t", "\u{0}").lines() {
            let entry = entry.replace('\u{0}', "\n");
            if let Some(parameters) = entry.strip_prefix("DETAIL:  parameters: ") {
                if let Some(last) = statements.last_mut() {
                    last.1 = parse(parameters)
                        .into_iter()
                        .map(|value| value.map(|value| self.without_ids(&value)))
                        .collect();
                }
                continue;
            }
            let sql = entry
                .strip_prefix("LOG:  statement: ")
                .or_else(|| Some(entry.strip_prefix("LOG:  execute ")?.split_once(": ")?.1));
            if let Some(sql) = sql {
                statements.push((sql.trim().to_owned(), Vec::new()));
            }
        }
        // What a connection is opened with, and what health asks for.
        statements.retain(|(sql, _)| {
            ["_sqlx_migrations", "to_regclass", "random_page_cost"]
                .iter()
                .all(|part| !sql.contains(part))
        });
        statements
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
