//! The commands of docs/migrations.md, from top to bottom, by the built program, while a server
//! over the same database is called without a pause.
//!
//! `BYLINE_WRITE_PAGES=1` has the page show what is printed now.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use byline_persistence::testing::execute;
use tokio::process::Command;

use super::load::Load;
use super::program;
use crate::support::World;

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/migrations.md")
}

/// A folder with a copy of the migrations, as in a checkout.
fn checkout() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    // Whoever PostgreSQL runs as may have to look into it.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let migrations = folder.path().join("migrations");
    std::fs::create_dir(&migrations).unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, migrations.join(path.file_name().unwrap())).unwrap();
    }
    folder
}

/// What a page knows while its commands are run.
struct Walk<'a> {
    world: &'a World,
    folder: tempfile::TempDir,
}

impl Walk<'_> {
    /// What the command prints, of which the page shows that.
    async fn run(&self, line: &str, shown: &str) -> String {
        let (command, tells_code) = match line.strip_suffix("; echo $?") {
            Some(command) => (command, true),
            None => (line, false),
        };
        let words = words(command);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        match words[..] {
            ["byline", "migrate", ..] => {
                let output = program(&words[1..])
                    .current_dir(self.folder.path())
                    .env("BYLINE_DATABASE_URL", self.world.database.url())
                    .env("BYLINE_MIGRATIONS_DIR", "migrations")
                    .output();
                told(command, &output.await.unwrap(), tells_code)
            }
            ["cat", file] => {
                let path = self.folder.path().join(file);
                if !path.exists() {
                    std::fs::write(&path, shown).unwrap();
                }
                std::fs::read_to_string(path).unwrap()
            }
            ["sed", ..] => {
                let mut sed = Command::new("sed");
                let output = sed
                    .args(&words[1..])
                    .current_dir(self.folder.path())
                    .output();
                told(command, &output.await.unwrap(), false)
            }
            ["psql", "-qc", sql] => {
                let mut connection = self.world.database.connection().await;
                execute(&mut connection, sql.to_owned().leak()).await;
                String::new()
            }
            _ => panic!("no command that the page can have: {line}"),
        }
    }
}

/// What it printed, and how it ended if that is asked; which must be fine otherwise.
fn told(command: &str, output: &Output, tells_code: bool) -> String {
    let code = output.status.code().unwrap();
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    if tells_code {
        let _ = writeln!(text, "{code}");
    } else {
        assert_eq!(code, 0, "{command}: {text}");
    }
    text
}

/// The words of a command, of which some are quoted.
pub(crate) fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for character in command.chars() {
        match (character, quote) {
            (' ', None) => words.push(String::new()),
            ('\'' | '"', None) => quote = Some(character),
            (_, Some(open)) if open == character => quote = None,
            _ => words.last_mut().unwrap().push(character),
        }
    }
    words
}

#[tokio::test]
async fn the_page_of_migrations_does_what_it_shows_and_no_call_fails_meanwhile() {
    let text = std::fs::read_to_string(page()).unwrap();
    let world = World::new().await;
    let walk = Walk {
        world: &world,
        folder: checkout(),
    };
    let load = Load::on(&world).await;
    let mut made = String::new();
    let mut rest = text.as_str();
    let mut blocks = 0;
    while let Some((before, from)) = rest.split_once("```console\n") {
        let (block, after) = from.split_once("```").unwrap();
        let (line, shown) = block.split_once('\n').unwrap();
        let line = line.strip_prefix("$ ").unwrap();
        let printed = walk.run(line, shown).await;
        let _ = write!(made, "{before}```console\n$ {line}\n{printed}```");
        rest = after;
        blocks += 1;
    }
    made.push_str(rest);
    let calls = load.end().await;
    assert!(calls.failures.is_empty(), "{:#?}", calls.failures);
    assert!(calls.made >= 500, "only {} calls", calls.made);
    assert!(blocks >= 30, "only {blocks} commands");
    if std::env::var_os("BYLINE_WRITE_PAGES").is_some() {
        std::fs::write(page(), &made).unwrap();
        return;
    }
    for (made, shown) in made.lines().zip(text.lines()) {
        assert_eq!(
            made, shown,
            "BYLINE_WRITE_PAGES=1 shows what is printed now"
        );
    }
    assert_eq!(made, text);
}

#[test]
fn words_may_be_quoted() {
    assert_eq!(words(r#"a 'b "c"' "d e" ''"#), ["a", "b \"c\"", "d e", ""]);
}
