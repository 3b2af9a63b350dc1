//! What a program sent for each call.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The calls of the program of one schema.
pub(crate) struct Recording {
    /// What addresses end with, which each replay has its own of.
    pub(crate) domain: String,
    pub(crate) statements: Vec<Statement>,
    pub(crate) calls: Vec<Call>,
}

pub(crate) struct Statement {
    pub(crate) sql: String,
    /// The numbers of its parameters' types.
    pub(crate) types: Vec<u32>,
}

pub(crate) struct Call {
    pub(crate) name: String,
    /// Places among the statements, with values.
    pub(crate) sent: Vec<(usize, Vec<Option<String>>)>,
}

fn file(version: i64) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/zero_downtime/calls")
        .join(format!("{version:04}.json"))
}

impl Recording {
    /// Of the newest program that served the schema of that version, or of one before it.
    pub(crate) fn newest(version: i64) -> Self {
        let newest = (1..=version).rev().find(|version| file(*version).exists());
        Self::of(newest.expect("a program served one of them"))
    }

    /// Of the program that served the schema of that version.
    pub(crate) fn of(version: i64) -> Self {
        let file = file(version);
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| {
            panic!(
                "{}: {error}; the calls of a program are recorded before the migration after it \
                 is made, see CONTRIBUTING.md",
                file.display()
            )
        });
        let document: Value = serde_json::from_str(&text).unwrap();
        let list = |value: &Value| value.as_array().unwrap().clone();
        Self {
            domain: document["domain"].as_str().unwrap().to_owned(),
            statements: list(&document["statements"])
                .iter()
                .map(|statement| Statement {
                    sql: statement["sql"].as_str().unwrap().to_owned(),
                    types: serde_json::from_value::<Option<_>>(statement["types"].clone())
                        .unwrap()
                        .unwrap_or_default(),
                })
                .collect(),
            calls: list(&document["calls"])
                .iter()
                .map(|call| Call {
                    name: call["call"].as_str().unwrap().to_owned(),
                    sent: list(&call["sent"])
                        .iter()
                        .map(|sent| {
                            let place = sent["statement"].as_u64().unwrap();
                            let values = serde_json::from_value(sent["values"].clone()).unwrap();
                            (usize::try_from(place).unwrap(), values)
                        })
                        .collect(),
                })
                .collect(),
        }
    }
}
