//! The verbs that run migrations: up and down.

use std::process::ExitCode;

use byline_persistence::grants::check_role;
use byline_persistence::migrate::{self, Done, Migration};
use clap::Args;
use serde_json::{Value, json};

use super::output::{Output, Told, named};
use super::version::{Count, Version};
use super::{CommandError, Locks, Target};
use crate::cli::database::grant_all;
use crate::cli::shown::name_in_database;

#[derive(Args, Debug)]
#[command(
    after_help = "Example, only as far as migration 7, and with more patience for locks:\n  \
    byline migrate up --to 7 --lock-patience 30m --database-url postgres://user:password@host/name"
)]
pub(super) struct Up {
    #[command(flatten)]
    target: Target,

    #[command(flatten)]
    locks: Locks,

    /// Up to this one; all that are missing if left out
    #[arg(long, value_name = "V")]
    to: Option<Version>,

    /// Apply also those that are missing before one that is applied
    #[arg(long)]
    out_of_order: bool,

    /// Give the role that the service runs as its rights afterwards, as `byline database grant` does; over Byline's own migrations
    #[arg(long, env = "BYLINE_SERVICE_ROLE", value_name = "NAME",
        value_parser = name_in_database)]
    service_role: Option<String>,

    /// Only say what would be applied
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "Example, what the last two would be:\n  \
    byline migrate down 2 --dry-run --database-url postgres://user:password@host/name")]
pub(super) struct Down {
    /// How many, the newest first, or `base` for all; 1 if left out
    #[arg(value_name = "N|base")]
    count: Option<Count>,

    /// Down to this one, which stays
    #[arg(long, value_name = "V", conflicts_with = "count")]
    to: Option<Version>,

    #[command(flatten)]
    target: Target,

    #[command(flatten)]
    locks: Locks,

    /// Only say what would be taken back
    #[arg(long)]
    dry_run: bool,
}

/// The words of one direction.
struct Words {
    done: &'static str,
    would: &'static str,
    nothing: &'static str,
    key: &'static str,
    would_key: &'static str,
}

const UP: Words = Words {
    done: "applied",
    would: "would apply",
    nothing: "nothing to apply",
    key: "applied",
    would_key: "would_apply",
};

const DOWN: Words = Words {
    done: "took back",
    would: "would take back",
    nothing: "nothing to take back",
    key: "taken_back",
    would_key: "would_take_back",
};

impl Up {
    pub(super) async fn run(self, output: &Output) -> Result<ExitCode, CommandError> {
        let migrations = self.target.source.read()?;
        let to = self.to.map(|to| to.number(&migrations)).transpose()?;
        let mut options = self.locks.options(self.target.options());
        options.out_of_order = self.out_of_order;
        let runner = self.target.runner(&migrations, options)?;
        if self.dry_run {
            would(output, &UP, &runner.plan_up(to).await?);
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(role) = &self.service_role {
            check_role(&self.target.database.server()?, role).await?;
        }
        let mut told = Vec::new();
        let result = runner
            .up(to, |done| tell(output, &UP, done, &mut told))
            .await
            .map_err(CommandError::from);
        let result = match (&self.service_role, result) {
            (Some(role), Ok(())) => self.give_rights(role, output).await,
            (_, result) => result,
        };
        finish(output, &UP, &told, result)
    }
}

impl Up {
    async fn give_rights(&self, role: &str, output: &Output) -> Result<(), CommandError> {
        grant_all(&self.target.database.server()?, role).await?;
        output.line(format_args!("{role} has its rights"));
        Ok(())
    }
}

impl Down {
    pub(super) async fn run(self, output: &Output) -> Result<ExitCode, CommandError> {
        let migrations = self.target.source.read()?;
        let target = match (self.count, self.to) {
            (_, Some(to)) => migrate::Down::To(to.number(&migrations)?),
            (Some(Count::All), None) => migrate::Down::To(0),
            (Some(Count::Some(steps)), None) => migrate::Down::Steps(steps),
            (None, None) => migrate::Down::Steps(1),
        };
        let options = self.locks.options(self.target.options());
        let runner = self.target.runner(&migrations, options)?;
        if self.dry_run {
            would(output, &DOWN, &runner.plan_down(target).await?);
            return Ok(ExitCode::SUCCESS);
        }
        let mut told = Vec::new();
        let tell = |done: &Done<'_>| tell(output, &DOWN, done, &mut told);
        let result = runner.down(target, tell).await;
        finish(output, &DOWN, &told, result.map_err(CommandError::from))
    }
}

fn would(output: &Output, words: &Words, planned: &[&Migration]) {
    for migration in planned {
        output.line(format_args!("{} {migration}", words.would));
    }
    if planned.is_empty() {
        output.line(words.nothing);
    }
    let planned: Vec<_> = planned.iter().map(|migration| named(migration)).collect();
    output.document(&json!({ words.would_key: planned }));
}

fn tell(output: &Output, words: &Words, done: &Done<'_>, told: &mut Vec<Value>) {
    output.line(format_args!("{} {}", words.done, done.migration));
    let mut one = named(done.migration);
    one["ms"] = json!(u64::try_from(done.took.as_millis()).unwrap_or(u64::MAX));
    told.push(one);
}

fn finish(
    output: &Output,
    words: &Words,
    told: &[Value],
    result: Result<(), CommandError>,
) -> Result<ExitCode, CommandError> {
    let mut document = json!({ words.key: told });
    match result {
        Ok(()) => {
            if told.is_empty() {
                output.line(words.nothing);
            }
            output.document(&document);
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            document["error"] = json!(error.to_string());
            output.document(&document);
            Err(Told(error).into())
        }
    }
}
