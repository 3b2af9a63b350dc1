//! The verbs that need no database: new and sql.

use std::path::Path;
use std::process::ExitCode;

use byline_persistence::migrate::{Migrations, script, write};
use clap::Args;
use serde_json::json;

use super::output::Output;
use super::version::Span;
use super::{CommandError, Folder, Locks, Source};

#[derive(Args, Debug)]
pub(super) struct New {
    /// What it does, such as `nickname` or "add a nickname"
    name: String,

    #[command(flatten)]
    folder: Folder,

    /// Only say which files would be written
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Example, of all after migration 5, for somebody who may not run this program:\n  \
    byline migrate sql 5:head | psql --set ON_ERROR_STOP=1 postgres://user:password@host/name"
)]
pub(super) struct Sql {
    /// From which migration to which, such as 3:5, base:head, or 5:4 to take 5 back
    #[arg(value_name = "FROM:TO")]
    span: Span,

    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    locks: Locks,
}

impl New {
    pub(super) fn run(self, output: &Output) -> Result<ExitCode, CommandError> {
        write_empty(output, &self.folder.dir, &self.name, self.dry_run)
    }
}

/// Writes the files of a migration that somebody is to fill in.
pub(super) fn write_empty(
    output: &Output,
    dir: &Path,
    name: &str,
    dry_run: bool,
) -> Result<ExitCode, CommandError> {
    let files = if dry_run {
        write::empty_pair(&Migrations::read(dir)?, name)?
    } else {
        write::write_empty_pair(dir, name)?
    };
    let paths = files.map(|file| dir.join(file.name));
    let word = if dry_run { "would write" } else { "wrote" };
    for path in &paths {
        output.line(format_args!("{word} {}", path.display()));
    }
    output.document(&json!({ "files": paths, "dry_run": dry_run }));
    Ok(ExitCode::SUCCESS)
}

impl Sql {
    pub(super) fn run(self, output: &Output) -> Result<ExitCode, CommandError> {
        let migrations = self.source.read()?;
        let from = self.span.from.number(&migrations)?;
        let to = self.span.to.number(&migrations)?;
        let sql = script::script(&migrations, from, to, self.locks.lock_timeout)?;
        output.line(sql.trim_end());
        output.document(&json!({ "from": from, "to": to, "sql": sql }));
        Ok(ExitCode::SUCCESS)
    }
}
