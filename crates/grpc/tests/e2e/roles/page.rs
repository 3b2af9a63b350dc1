//! The commands of docs/database-roles.md, from top to bottom, by the built program, on a
//! PostgreSQL of its own.
//!
//! `BYLINE_WRITE_PAGES=1` has the page show what is printed now.

use std::fmt::Write as _;
use std::path::Path;

use byline_persistence::embedded::EmbeddedPostgres;
use byline_persistence::testing::run_on;
use tokio::process::Command;

use super::{postgres_of_its_own, url_as};
use crate::migrations::page::words;
use crate::support::{PROGRAM, stop_postgres};

/// What the command prints.
async fn printed(postgres: &EmbeddedPostgres, line: &str) -> String {
    let (line, filter) = line.split_once(" | ").unwrap_or((line, ""));
    let (line, tells_code) = match line.strip_suffix(" >report; echo $?") {
        Some(line) => (line, true),
        None => (line, false),
    };
    let words = words(line);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let text = match words[..] {
        ["psql", "-qc", sql] => {
            run_on(&postgres.connect_options("postgres"), sql).await;
            return String::new();
        }
        ["psql", "-qc", sql, database] => {
            run_on(&postgres.connect_options(database), sql).await;
            return String::new();
        }
        ["byline", ref arguments @ ..] => {
            let arguments = arguments.iter().map(|argument| match *argument {
                "$OWNER_URL" => url_as(postgres, "byline_owner"),
                "$SERVICE_URL" => url_as(postgres, "byline_service"),
                other => other.to_owned(),
            });
            let output = Command::new(PROGRAM)
                .args(arguments)
                .kill_on_drop(true)
                .output()
                .await
                .unwrap();
            if tells_code {
                return format!("{}\n", output.status.code().unwrap());
            }
            let text = String::from_utf8(output.stdout).unwrap();
            text + std::str::from_utf8(&output.stderr).unwrap()
        }
        _ => panic!("no command that the page can have: {line}"),
    };
    let lines = text.lines();
    match filter {
        "" => text,
        "tail -n 1" => lines.last().map(|line| format!("{line}\n")).unwrap(),
        "grep -v -e ^fine -e ^skipped" => lines
            .filter(|line| !line.starts_with("fine") && !line.starts_with("skipped"))
            .fold(String::new(), |text, line| text + line + "\n"),
        _ => panic!("no filter that the page can have: {filter}"),
    }
}

#[tokio::test]
async fn the_page_of_roles_does_what_it_shows() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/database-roles.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (postgres, _folder) = postgres_of_its_own().await;
    let mut made = String::new();
    let mut rest = text.as_str();
    let mut blocks = 0;
    while let Some((before, from)) = rest.split_once("```console\n") {
        let (block, after) = from.split_once("```").unwrap();
        let (line, _) = block.split_once('\n').unwrap();
        let printed = printed(&postgres, line.strip_prefix("$ ").unwrap()).await;
        let _ = write!(made, "{before}```console\n{line}\n{printed}```");
        rest = after;
        blocks += 1;
    }
    made.push_str(rest);
    stop_postgres(postgres).await;
    assert!(blocks >= 10, "only {blocks} commands");
    if std::env::var_os("BYLINE_WRITE_PAGES").is_some() {
        std::fs::write(page, &made).unwrap();
        return;
    }
    assert_eq!(made, text, "BYLINE_WRITE_PAGES=1 shows what is printed now");
}
