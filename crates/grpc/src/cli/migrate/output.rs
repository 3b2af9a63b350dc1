//! What the verbs print: lines for people, or one JSON document.

use std::fmt::Display;
use std::io::Write as _;

use byline_persistence::migrate::Migration;
use serde_json::{Value, json};

use super::CommandError;

/// Where to, and as what.
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// A line for people.
    pub(super) fn line(&self, line: impl Display) {
        if !self.json {
            print(line);
        }
    }

    /// The document for programs.
    pub(super) fn document(&self, document: &Value) {
        if self.json {
            print(format_args!("{document:#}"));
        }
    }

    /// The document of a verb that failed and has none of its own.
    pub(super) fn failed(&self, error: &CommandError) {
        if !error.is::<Told>() {
            self.document(&json!({ "error": error.to_string() }));
        }
    }
}

/// Whoever reads it may have left, which is no reason to stop half way.
fn print(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// An error whose document was printed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct Told(pub(super) CommandError);

/// A migration as programs see it everywhere.
pub(super) fn named(migration: &Migration) -> Value {
    json!({ "version": migration.version, "name": migration.name })
}
