//! `byline migrate`, and how a server takes the schema that it finds, as operators meet them.

mod boot;
mod check;
mod failures;
mod interrupted;
mod lint;
mod load;
pub(crate) mod page;
mod revision;
mod verbs;

use std::path::{Path, PathBuf};
use std::process::Output;

use byline_persistence::testing::TestDatabase;
use serde_json::Value;
use tokio::process::Command;

use crate::support::PROGRAM;

/// The program with those arguments, and nothing of the environment.
fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(arguments)
        .env_remove("BYLINE_DATABASE_URL")
        .env_remove("BYLINE_MIGRATIONS_DIR")
        .env_remove("BYLINE_SCRATCH_URL")
        .kill_on_drop(true);
    command
}

/// `byline migrate` with those arguments.
async fn migrate(arguments: &[&str]) -> Output {
    let arguments = [&["migrate"], arguments].concat();
    program(&arguments).output().await.unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// A database, and a folder of migrations to bring it to and fro.
struct Site {
    database: TestDatabase,
    folder: tempfile::TempDir,
}

impl Site {
    async fn new() -> Self {
        Self {
            database: TestDatabase::unmigrated().await,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn dir(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// With both files of a migration.
    fn pair(&self, number_and_name: &str, up: &str, down: &str) {
        self.write(&format!("{number_and_name}.up.sql"), up);
        self.write(&format!("{number_and_name}.down.sql"), down);
    }

    /// `byline migrate` over both.
    async fn migrate(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().await.unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(&[&["migrate"], arguments].concat());
        command
            .env("BYLINE_DATABASE_URL", self.database.url())
            .env("BYLINE_MIGRATIONS_DIR", self.dir());
        command
    }

    /// What a verb prints that ends with that exit code.
    async fn told(&self, expected: i32, arguments: &[&str]) -> String {
        let output = self.migrate(arguments).await;
        assert_eq!(code(&output), expected, "{arguments:?}: {output:?}");
        stdout(&output).to_owned()
    }
}

/// What the migrations of [`one_table`] make, and its `schema.sql` says.
const T: &str = "create table t (id bigint primary key, a text);\n";

async fn one_table() -> Site {
    let site = Site::new().await;
    site.pair("0001_t", T, "drop table t;\n");
    site.write("schema.sql", T);
    site
}
