//! Migrations as the text of their files.

use super::diff::Phase;
use crate::migrate::Migrations;
use crate::migrate::write::{NewFile, numbers};

/// The pairs of files, numbered on.
pub(super) fn files(migrations: &Migrations, slug: &str, phases: &[Phase]) -> Vec<NewFile> {
    let numbered = phases.iter().zip(numbers(migrations));
    numbered
        .flat_map(|(phase, number)| {
            let name = format!("{number}_{}", phase.name.replace("{}", slug));
            [("up", &phase.up), ("down", &phase.down)].map(|(way, statements)| NewFile {
                name: format!("{name}.{way}.sql"),
                text: text(statements, phase.no_transaction),
            })
        })
        .collect()
}

/// The statements below each other; those of several lines, or with a comment, apart.
fn text(statements: &[String], no_transaction: bool) -> String {
    let mut text = String::new();
    if no_transaction {
        text.push_str("-- no-transaction\n");
    }
    let mut last_is_long = no_transaction;
    for (place, statement) in statements.iter().enumerate() {
        let is_long = statement.contains('\n');
        if place > 0 && (is_long || last_is_long) {
            text.push('\n');
        }
        text.push_str(statement);
        text.push_str(";\n");
        last_is_long = is_long;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_statements_stand_apart() {
        let statements = ["a", "b", "c\n    d", "e"].map(str::to_owned);
        assert_eq!(text(&statements, false), "a;\nb;\n\nc\n    d;\n\ne;\n");
        assert_eq!(text(&statements[..1], true), "-- no-transaction\na;\n");
    }
}
