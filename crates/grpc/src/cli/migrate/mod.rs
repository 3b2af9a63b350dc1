//! `byline migrate`: everything about the schema's migrations.

mod files;
mod ledger;
mod lint;
mod output;
mod run;
mod schema;
mod show;
mod version;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use byline_persistence::migrate::write::WriteError;
use byline_persistence::migrate::{Line, MigrateError, Migrations, RunOptions, Runner};
use byline_persistence::schema::SchemaError;
use clap::{Args, Subcommand};

use self::output::{Output, Told};
use super::CommandError;
use super::options::{DatabaseOptions, NoUrl, lock_timeout, some_time};
use super::shown::file_name;

#[derive(Args, Debug)]
#[command(after_help = EXAMPLE_AND_EXIT_CODES)]
pub(super) struct MigrateCommand {
    #[command(subcommand)]
    verb: Verb,

    /// Print one JSON document on standard output instead of text
    #[arg(long, global = true)]
    json: bool,
}

const EXAMPLE_AND_EXIT_CODES: &str = "Example, of where a database is, and what it lacks:\n  \
    byline migrate current --database-url postgres://user:password@host/name\n\n\
    Exit codes: 0 fine, 1 failed or something found, 2 wrong usage, 3 the database or the \
    schema is not where it should be (behind, ahead, changed, drifted).";

const FAILED: u8 = 1;

/// What was typed cannot be.
const USAGE: u8 = 2;

/// The database or the schema is not where it should be.
const DIFFERS: u8 = 3;

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write the files of a new migration, to be filled in
    New(files::New),
    /// Write the migrations that make of the schema what schema.sql says, or empty files
    Revision(Box<schema::Revision>),
    /// Tell what differs: schema.sql, the migrations, and a database if one is named; exit code 3 if anything does
    Check(Box<schema::Check>),
    /// Apply the migrations that the database does not have
    Up(run::Up),
    /// Take migrations back, and what is kept in their tables
    Down(run::Down),
    /// Tell where the database is; exit code 3 if that is not the newest migration
    Current(show::Current),
    /// List the migrations, newest first; with a database, also which it has
    History(show::History),
    /// Tell the newest migration
    Heads(show::Heads),
    /// Say of a database that it has a migration and all before it, and run nothing
    Stamp(ledger::Stamp),
    /// Look whether what was applied is what the files say; exit code 3 if not
    Verify(ledger::Verify),
    /// Accept files that were changed after they were applied
    Repair(ledger::Repair),
    /// Print what would run from one migration to another, without a database
    Sql(files::Sql),
    /// Tell what in migrations would hold up traffic, break programs that run, or not run twice
    Lint(lint::Lint),
}

impl MigrateCommand {
    pub(super) async fn run(self) -> Result<ExitCode, CommandError> {
        let output = Output::new(self.json);
        let result = match self.verb {
            Verb::New(verb) => verb.run(&output),
            Verb::Revision(verb) => verb.run(&output).await,
            Verb::Check(verb) => verb.run(&output).await,
            Verb::Up(verb) => verb.run(&output).await,
            Verb::Down(verb) => verb.run(&output).await,
            Verb::Current(verb) => verb.run(&output).await,
            Verb::History(verb) => verb.run(&output).await,
            Verb::Heads(verb) => verb.run(&output),
            Verb::Stamp(verb) => verb.run(&output).await,
            Verb::Verify(verb) => verb.run(&output).await,
            Verb::Repair(verb) => verb.run(&output).await,
            Verb::Sql(verb) => verb.run(&output),
            Verb::Lint(verb) => verb.run(&output),
        };
        result.or_else(|error| {
            output.failed(&error);
            match exit_code(&error) {
                FAILED => Err(error),
                code => {
                    eprintln!("byline: {error}");
                    Ok(ExitCode::from(code))
                }
            }
        })
    }
}

/// How a verb ends that failed.
fn exit_code(error: &CommandError) -> u8 {
    let error = match error.downcast_ref::<Told>() {
        Some(Told(told)) => told,
        None => error,
    };
    if error.is::<NoUrl>()
        || matches!(error.downcast_ref(), Some(WriteError::Name(_)))
        || matches!(
            error.downcast_ref(),
            Some(SchemaError::Malformed(_) | SchemaError::Name(WriteError::Name(_)))
        )
    {
        return USAGE;
    }
    match error.downcast_ref() {
        Some(MigrateError::NoSuchVersion(_)) => USAGE,
        Some(
            MigrateError::Changed(_)
            | MigrateError::Unknown { .. }
            | MigrateError::OutOfOrder { .. }
            | MigrateError::NotApplied(_)
            | MigrateError::HalfBack(_)
            | MigrateError::Elsewhere(_),
        ) => DIFFERS,
        _ => FAILED,
    }
}

/// Which migrations.
#[derive(Args, Debug)]
struct Source {
    /// The folder of the migrations; those of this program if left out
    #[arg(long, env = "BYLINE_MIGRATIONS_DIR", value_name = "DIR", value_parser = file_name())]
    dir: Option<PathBuf>,
}

impl Source {
    fn read(&self) -> Result<Migrations, MigrateError> {
        Ok(match &self.dir {
            Some(dir) => Migrations::read(dir)?,
            None => Migrations::embedded(),
        })
    }
}

/// A folder that new migrations are written to.
#[derive(Args, Debug)]
struct Folder {
    /// The folder of the migrations
    #[arg(
        long,
        env = "BYLINE_MIGRATIONS_DIR",
        default_value = "migrations",
        value_name = "DIR",
        value_parser = file_name()
    )]
    dir: PathBuf,
}

/// Which migrations, and a database that is only looked at.
#[derive(Args, Debug)]
struct Look {
    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    database: DatabaseOptions,
}

impl Look {
    /// Every migration that those or the database know, oldest first.
    async fn lines<'m>(&self, migrations: &'m Migrations) -> Result<Vec<Line<'m>>, CommandError> {
        let server = self.database.server()?;
        let runner = Runner::new(&server, migrations, RunOptions::default());
        Ok(runner.lines().await?)
    }
}

/// Which migrations, and over which database they are run.
#[derive(Args, Debug)]
struct Target {
    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    database: DatabaseOptions,

    /// How long to wait for another process that is migrating
    #[arg(long, env = "BYLINE_MIGRATE_WAIT", default_value = "10m", value_name = "TIME",
        value_parser = some_time)]
    wait: Duration,
}

/// How patient migrations are with traffic.
#[derive(Args, Debug)]
struct Locks {
    /// How long a statement waits for a lock, since all who come after it wait behind it; then it lets them through, and tries again
    #[arg(long, env = "BYLINE_MIGRATE_LOCK_TIMEOUT", default_value = "1s", value_name = "TIME",
        value_parser = lock_timeout)]
    lock_timeout: Duration,

    /// How long it is tried to get the locks of a migration
    #[arg(long, env = "BYLINE_MIGRATE_LOCK_PATIENCE", default_value = "5m", value_name = "TIME",
        value_parser = some_time)]
    lock_patience: Duration,
}

impl Target {
    fn options(&self) -> RunOptions {
        RunOptions {
            runner_patience: self.wait,
            ..RunOptions::default()
        }
    }

    fn runner<'a>(
        &self,
        migrations: &'a Migrations,
        options: RunOptions,
    ) -> Result<Runner<'a>, CommandError> {
        Ok(Runner::new(&self.database.server()?, migrations, options))
    }
}

impl Locks {
    fn options(&self, others: RunOptions) -> RunOptions {
        RunOptions {
            lock_timeout: self.lock_timeout,
            lock_patience: self.lock_patience,
            ..others
        }
    }
}
