//! The verbs about what the database says was applied: stamp, verify and repair.

use std::process::ExitCode;

use byline_persistence::migrate::{Line, Standing};
use clap::Args;
use serde_json::json;

use super::output::{Output, named};
use super::show::hex;
use super::version::Version;
use super::{CommandError, DIFFERS, Look, Target};

#[derive(Args, Debug)]
pub(super) struct Stamp {
    /// A migration's number, `head`, or `base` for none
    #[arg(value_name = "V")]
    to: Version,

    #[command(flatten)]
    target: Target,

    /// Only say what would be changed
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args, Debug)]
pub(super) struct Verify {
    #[command(flatten)]
    look: Look,
}

#[derive(Args, Debug)]
pub(super) struct Repair {
    #[command(flatten)]
    target: Target,

    /// Only say what would be accepted
    #[arg(long)]
    dry_run: bool,
}

impl Stamp {
    pub(super) async fn run(self, output: &Output) -> Result<ExitCode, CommandError> {
        let migrations = self.target.source.read()?;
        let to = self.to.number(&migrations)?;
        let runner = self.target.runner(&migrations, self.target.options())?;
        let stamp = if self.dry_run {
            runner.plan_stamp(to).await?
        } else {
            runner.stamp(to).await?
        };
        let would = if self.dry_run { "would be " } else { "" };
        for version in &stamp.removed {
            output.line(format_args!(
                "{version:04} {would}no longer said to be applied"
            ));
        }
        for version in &stamp.added {
            output.line(format_args!("{version:04} {would}said to be applied"));
        }
        if stamp.added.is_empty() && stamp.removed.is_empty() {
            output.line("nothing to change");
        }
        output.document(&json!({
            "version": to, "added": stamp.added, "removed": stamp.removed, "dry_run": self.dry_run,
        }));
        Ok(ExitCode::SUCCESS)
    }
}

impl Verify {
    pub(super) async fn run(self, output: &Output) -> Result<ExitCode, CommandError> {
        let migrations = self.look.source.read()?;
        let lines = self.look.lines(&migrations).await?;
        let newest = lines.iter().rev().find(|line| line.entry.is_some());
        let newest = newest.map_or(0, |line| line.version);
        let mut problems = Vec::new();
        for line in &lines {
            if let Some((kind, text)) = problem(line, newest) {
                output.line(&text);
                problems.push(json!({
                    "version": line.version,
                    "name": line.name(),
                    "problem": kind,
                    "message": text,
                }));
            }
        }
        if problems.is_empty() {
            output.line("all that is applied is as its files are");
        }
        output.document(&json!({ "problems": problems }));
        Ok(if problems.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(DIFFERS)
        })
    }
}

/// What is wrong with what the ledger says of a migration: what kind of thing, and in words.
fn problem(line: &Line<'_>, newest: i64) -> Option<(&'static str, String)> {
    let (version, name) = (line.version, line.name());
    Some(match &line.standing {
        Standing::Applied => return None,
        // What is to come is no fault.
        Standing::Pending if version > newest => return None,
        Standing::Pending => (
            "missing",
            format!(
                "{version:04} {name} is not applied, though {newest:04} is: \
                 `byline migrate up --out-of-order` applies it"
            ),
        ),
        Standing::Changed => {
            let file = line.migration.map_or("", |migration| &migration.up.file);
            let now = line
                .migration
                .map_or(String::new(), |m| hex(&m.up.checksum));
            let then = line
                .entry
                .as_ref()
                .map_or(String::new(), |e| hex(&e.checksum));
            (
                "changed",
                format!(
                    "{file} was changed after it was applied (sha384 {}…, applied as {}…): bring it \
                     back as it was, or, if both do the same, accept it by `byline migrate repair`",
                    &now[..now.len().min(12)],
                    &then[..then.len().min(12)]
                ),
            )
        }
        Standing::HalfWay => (
            "half_way",
            format!(
                "{version:04} {name} is being applied, or was stopped half way: \
                 `byline migrate up` goes on with it"
            ),
        ),
        Standing::HalfBack => (
            "half_back",
            format!(
                "{version:04} {name} is being taken back, or was stopped half way: \
                 `byline migrate down` goes on with it"
            ),
        ),
        Standing::Unknown => (
            "unknown",
            format!("{version:04} {name} is applied, and not among these migrations"),
        ),
    })
}

impl Repair {
    pub(super) async fn run(self, output: &Output) -> Result<ExitCode, CommandError> {
        let migrations = self.target.source.read()?;
        let runner = self.target.runner(&migrations, self.target.options())?;
        let accepted = if self.dry_run {
            runner.plan_repair().await?
        } else {
            runner.repair().await?
        };
        let word = if self.dry_run {
            "would accept"
        } else {
            "accepted"
        };
        for migration in &accepted {
            output.line(format_args!("{word} {} as it is", migration.up.file));
        }
        if accepted.is_empty() {
            output.line("nothing to accept");
        }
        let accepted: Vec<_> = accepted.into_iter().map(named).collect();
        output.document(&json!({ "accepted": accepted, "dry_run": self.dry_run }));
        Ok(ExitCode::SUCCESS)
    }
}
