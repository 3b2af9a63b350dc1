//! What the verbs print: lines for people, or one JSON document.

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
    pub(super) fn line(&self, line: impl std::fmt::Display) {
        if !self.json {
            println!("{line}");
        }
    }

    /// The document for programs.
    pub(super) fn document(&self, document: &Value) {
        if self.json {
            println!("{document:#}");
        }
    }

    /// The document of a verb that failed and has none of its own.
    pub(super) fn failed(&self, error: &CommandError) {
        if !error.is::<Told>() {
            self.document(&json!({ "error": error.to_string() }));
        }
    }
}

/// An error whose document was printed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct Told(pub(super) CommandError);

/// A migration as programs see it everywhere.
pub(super) fn named(migration: &Migration) -> Value {
    json!({ "version": migration.version, "name": migration.name })
}
