//! The verbs that compare schemas: revision and check.

use std::path::PathBuf;
use std::process::ExitCode;

use byline_persistence::migrate::{Migrations, write};
use byline_persistence::schema::{self, Change, Difference, Lost, ScratchOptions};
use clap::Args;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::output::Output;
use super::{CommandError, DIFFERS, Folder, Source, files};
use crate::cli::options::{MaybeDatabase, server};
use crate::cli::shown::file_name;
use crate::cli::stop_signal;

#[derive(Args, Debug)]
#[command(
    after_help = "Example, of a schema.sql that was changed, where a column only has another name:\n  \
    byline migrate revision --autogenerate -m \"display name\" --rename users.nickname:display_name"
)]
pub(super) struct Revision {
    /// What it does, such as "add a nickname"
    #[arg(long, short, value_name = "TEXT")]
    message: String,

    /// Write what makes of the schema what schema.sql says, after having tried it
    #[arg(long)]
    autogenerate: bool,

    /// That something has another name in schema.sql, and is no other thing: table.old:new for a column, a constraint or a trigger, old:new for anything else
    #[arg(long, value_name = "OLD:NEW", requires = "autogenerate")]
    rename: Vec<String>,

    /// Only print what would be written
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    folder: Folder,

    #[command(flatten)]
    trials: Trials,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Example, of a database in use, compared on a server of its version:\n  \
    byline migrate check --database-url postgres://user:password@host/name --scratch-url postgres://localhost/postgres"
)]
pub(super) struct Check {
    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    database: MaybeDatabase,

    #[command(flatten)]
    trials: Trials,
}

/// Where schemas are tried.
#[derive(Args, Debug)]
struct Trials {
    /// A server to make scratch databases on, which are dropped afterwards; a private one is started if left out
    #[arg(long, env = "BYLINE_SCRATCH_URL", value_name = "URL")]
    scratch_url: Option<SecretString>,

    /// Fail where no PostgreSQL is installed, instead of bringing one
    #[arg(long, env = "BYLINE_NO_FETCH")]
    no_fetch: bool,

    /// The folder of PostgreSQL's programs; looked for if left out
    #[arg(long, env = "BYLINE_PG_BINDIR", value_name = "DIR", value_parser = file_name())]
    pg_bindir: Option<PathBuf>,
}

impl Trials {
    fn options(&self) -> Result<ScratchOptions, CommandError> {
        let url = self.scratch_url.as_ref();
        Ok(ScratchOptions {
            server: url.map(|url| server("--scratch-url", url)).transpose()?,
            bindir: self.pg_bindir.clone(),
            fetch: !self.no_fetch,
            // Where it is for the second that it is there is nobody's to know.
            notice: |line| {
                if !line.starts_with("making ") {
                    eprintln!("{line}");
                }
            },
        })
    }
}

/// Does the work unless a signal ends it, after which nothing of it is left either.
async fn unless_stopped<T, E: Into<CommandError>>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, CommandError> {
    tokio::select! {
        done = work => done.map_err(Into::into),
        () = stop_signal() => Err("stopped".into()),
    }
}

impl Revision {
    pub(super) async fn run(self, output: &Output) -> Result<ExitCode, CommandError> {
        let dir = &self.folder.dir;
        if !self.autogenerate {
            return files::write_empty(output, dir, &self.message, self.dry_run);
        }
        let migrations = Migrations::read(dir)?;
        let scratch = self.trials.options()?;
        let asked = schema::revision(&migrations, &self.message, &self.rename, &scratch);
        let revision = Box::pin(unless_stopped(asked)).await?;
        if !self.dry_run {
            write::write(dir, &revision.files)?;
        }
        if revision.files.is_empty() {
            output.line("nothing to do: the migrations make what schema.sql says");
        }
        let word = if self.dry_run { "would write" } else { "wrote" };
        for file in &revision.files {
            output.line(format_args!("{word} {}", dir.join(&file.name).display()));
            if self.dry_run {
                for line in file.text.lines() {
                    output.line(format_args!("    {line}").to_string().trim_end());
                }
            }
        }
        self.tell_lost(output, &revision.lost);
        let files = revision
            .files
            .iter()
            .map(|file| json!({ "path": dir.join(&file.name), "text": file.text }));
        output.document(&json!({
            "files": files.collect::<Vec<_>>(),
            "differences": documents(&revision.differences),
            "loses": revision.lost.iter().map(|lost| json!({
                "object": lost.object.to_string(),
                "rename": lost.rename,
            })).collect::<Vec<_>>(),
            "dry_run": self.dry_run,
        }));
        Ok(ExitCode::SUCCESS)
    }

    fn tell_lost(&self, output: &Output, lost: &[Lost]) {
        let names: Vec<_> = lost.iter().map(|lost| lost.object.to_string()).collect();
        if !names.is_empty() {
            output.line(format_args!("loses: {}", names.join(", ")));
        }
        let instead = if self.dry_run {
            "say"
        } else {
            "remove these files and say"
        };
        for lost in lost {
            if let Some(rename) = &lost.rename {
                let object = &lost.object;
                output.line(format_args!(
                    "  if {object} only gets another name, {instead} --rename {rename}"
                ));
            }
        }
    }
}

impl Check {
    pub(super) async fn run(self, output: &Output) -> Result<ExitCode, CommandError> {
        let migrations = self.source.read()?;
        let scratch = self.trials.options()?;
        let live = self.database.server()?;
        let asked = schema::check(&migrations, &scratch, live.as_ref());
        let checked = Box::pin(unless_stopped(asked)).await?;
        match &checked.schema {
            None => output.line("there is no schema.sql to compare the migrations with"),
            Some(differences) => tell(
                output,
                differences,
                "the migrations make what schema.sql says",
                "the migrations do not make what schema.sql says:",
            ),
        }
        if let Some(live) = &checked.live {
            match &live.lacks {
                Ok(lacks) if lacks.is_empty() => {}
                Ok(lacks) => output.line(format_args!(
                    "the database lacks {}: see `byline migrate up`",
                    lacks.join(", ")
                )),
                Err(_) if live.differences.is_empty() => {}
                Err(error) => output.line(format_args!(
                    "which migrations the database has is not known: {error}"
                )),
            }
            tell(
                output,
                &live.differences,
                "the database is what the migrations make",
                "the database is not what the migrations make:",
            );
            for difference in &live.allowed {
                output.line(format_args!("  {difference}; schema.sql allows that"));
            }
            if let (Some((there, here)), false) = (&live.versions, live.differences.is_empty()) {
                output.line(format_args!(
                    "PostgreSQL {there} is compared with {here}, which may write the same otherwise: \
                     name a server of the same version by --scratch-url"
                ));
            }
        }
        output.document(&json!({
            "schema": checked.schema.as_deref().map(documents),
            "database": checked.live.as_ref().map(|live| json!({
                "lacks": live.lacks.as_ref().ok(),
                "differences": documents(&live.differences),
                "allowed": documents(&live.allowed),
                "versions": live.versions,
            })),
        }));
        let is_same = checked.schema.is_none_or(|all| all.is_empty())
            && checked.live.is_none_or(|live| {
                live.differences.is_empty() && live.lacks.unwrap_or_default().is_empty()
            });
        Ok(if is_same {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(DIFFERS)
        })
    }
}

fn tell(output: &Output, differences: &[Difference], same: &str, different: &str) {
    if differences.is_empty() {
        output.line(same);
        return;
    }
    output.line(different);
    for difference in differences {
        output.line(format_args!("  {difference}"));
    }
}

fn documents(differences: &[Difference]) -> Vec<Value> {
    let all = differences.iter().map(|difference| {
        let change = match difference.change {
            Change::Missing => "missing",
            Change::Surplus => "not_wanted",
            Change::Other(_) => "differs",
        };
        json!({
            "object": difference.object.to_string(),
            "change": change,
            "message": difference.to_string(),
        })
    });
    all.collect()
}
