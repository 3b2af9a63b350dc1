//! Migrations as the text of their files.

use super::diff::Phase;
use super::render::{MADE_AGAIN, MADE_BEFORE, MADE_OTHERWISE};
use crate::migrate::lint::{Rule, lint};
use crate::migrate::state::takes_away;
use crate::migrate::write::{NewFile, numbers};
use crate::migrate::{CONTRACT, Migrations};

/// The pairs of files, numbered on.
pub(super) fn files(migrations: &Migrations, slug: &str, phases: &[Phase]) -> Vec<NewFile> {
    let numbered = phases.iter().zip(numbers(migrations));
    let files = numbered
        .flat_map(|(phase, number)| {
            let name = format!("{number}_{}", name(slug, phase));
            [("up", &phase.up), ("down", &phase.down)].map(|(way, statements)| NewFile {
                name: format!("{name}.{way}.sql"),
                text: text(statements, phase.no_transaction),
            })
        })
        .collect();
    excused(migrations, files)
}

/// Where the lint would tell that something is taken away which is made again, with the
/// reason why it is not.
fn excused(migrations: &Migrations, mut files: Vec<NewFile>) -> Vec<NewFile> {
    let texts = files.iter().map(|file| (&*file.name, &*file.text));
    let all = migrations.followed_by(texts);
    let found = lint(&all, Some(migrations.head())).into_iter();
    for found in found.filter(|found| found.rule == Rule::DropInUse) {
        let Some(file) = files.iter_mut().find(|file| file.name == found.file) else {
            continue;
        };
        let mut lines: Vec<String> = file.text.lines().map(str::to_owned).collect();
        let above = lines.iter_mut().take(found.line - 1).rev();
        let mut comments = above.take_while(|line| line.starts_with("--"));
        let is_marked =
            |line: &&mut String| [MADE_AGAIN, MADE_BEFORE, MADE_OTHERWISE].contains(&line.as_str());
        if let Some(line) = comments.find(is_marked) {
            *line = line.replacen("-- Made", "-- lint: allow(drop-in-use) made", 1);
        }
        file.text = lines.join("\n") + "\n";
    }
    files
}

/// The name of a migration. It begins with `contract` if programs may miss what it takes
/// away, and only then: a program that does not know it takes that word for it.
fn name(slug: &str, phase: &Phase) -> String {
    let words = slug.split('_').skip_while(|word| *word == CONTRACT);
    let all: Vec<&str> = phase
        .breaks
        .then_some(CONTRACT)
        .into_iter()
        .chain(words)
        .chain((!phase.part.is_empty()).then_some(phase.part.as_str()))
        .collect();
    let name = all.join("_");
    if name.is_empty() {
        return "expand".to_owned();
    }
    // It may be what a table is called.
    if !phase.breaks && takes_away(&name) {
        return format!("expand_{name}");
    }
    name
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
    fn only_what_breaks_is_said_to_contract_and_once() {
        let named = |slug, breaks, part: &str| {
            let phase = Phase {
                breaks,
                part: part.to_owned(),
                no_transaction: false,
                up: Vec::new(),
                down: Vec::new(),
            };
            name(slug, &phase)
        };
        for (slug, breaks, part, expected) in [
            ("nickname", false, "", "nickname"),
            ("nickname", false, "indexes", "nickname_indexes"),
            ("nickname", true, "", "contract_nickname"),
            ("contract_nickname", true, "", "contract_nickname"),
            (
                "contract_nickname",
                true,
                "values",
                "contract_nickname_values",
            ),
            ("contract_nickname", false, "", "nickname"),
            ("contract_contract_n", true, "", "contract_n"),
            ("contract", true, "", "contract"),
            ("contract", false, "", "expand"),
            ("contract", false, "indexes", "indexes"),
            ("contract", false, "contract_items", "expand_contract_items"),
            ("contracts", false, "", "contracts"),
        ] {
            assert_eq!(
                named(slug, breaks, part),
                expected,
                "{slug} {breaks} {part}"
            );
        }
    }

    #[test]
    fn long_statements_stand_apart() {
        let statements = ["a", "b", "c\n    d", "e"].map(str::to_owned);
        assert_eq!(text(&statements, false), "a;\nb;\n\nc\n    d;\n\ne;\n");
        assert_eq!(text(&statements[..1], true), "-- no-transaction\na;\n");
    }
}
