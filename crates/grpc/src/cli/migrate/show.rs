//! The verbs that only look: current, history and heads.

use std::process::ExitCode;

use byline_persistence::migrate::{Line, Migrations, RunOptions, Runner, Standing};
use clap::Args;
use serde_json::{Value, json};

use super::output::{Output, named};
use super::{CommandError, DIFFERS, Look, Source};
use crate::cli::options::MaybeDatabase;

#[derive(Args, Debug)]
pub(super) struct Current {
    #[command(flatten)]
    look: Look,
}

#[derive(Args, Debug)]
pub(super) struct History {
    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    database: MaybeDatabase,

    /// Also files and checksums, how each runs, and when it was applied
    #[arg(long, short)]
    verbose: bool,
}

#[derive(Args, Debug)]
pub(super) struct Heads {
    #[command(flatten)]
    source: Source,
}

impl Current {
    pub(super) async fn run(self, output: &Output) -> Result<ExitCode, CommandError> {
        let migrations = self.look.source.read()?;
        let lines = self.look.lines(&migrations).await?;
        let is_whole = |line: &&Line<'_>| {
            line.entry.is_some() && !matches!(line.standing, Standing::HalfWay | Standing::HalfBack)
        };
        let newest = lines.iter().rev().find(is_whole);
        match newest {
            Some(newest) => output.line(format_args!("{:04} {}", newest.version, newest.name())),
            None => output.line("no migration is applied"),
        }
        let mut counts = serde_json::Map::new();
        let mut is_head = true;
        for (standing, word, what) in [
            (
                Standing::Pending,
                "missing",
                "missing: see `byline migrate up`",
            ),
            (
                Standing::Changed,
                "changed",
                "changed after being applied: see `byline migrate verify`",
            ),
            (
                Standing::HalfWay,
                "half_way",
                "half way: `byline migrate up` goes on with it, once nobody else does",
            ),
            (
                Standing::HalfBack,
                "half_back",
                "half way back: `byline migrate down` goes on with it, once nobody else does",
            ),
            (
                Standing::Unknown,
                "unknown",
                "applied, and not among these migrations",
            ),
        ] {
            let alike: Vec<_> = lines
                .iter()
                .filter(|line| line.standing == standing)
                .collect();
            for line in &alike {
                output.line(format_args!(
                    "  {:04} {} is {what}",
                    line.version,
                    line.name()
                ));
                is_head = false;
            }
            let versions: Vec<_> = alike.iter().map(|line| line.version).collect();
            counts.insert(word.to_owned(), json!(versions));
        }
        if is_head {
            output.line("  which is the newest");
        }
        counts.insert("version".to_owned(), json!(newest.map(|line| line.version)));
        counts.insert("head".to_owned(), json!(migrations.head()));
        counts.insert("is_head".to_owned(), json!(is_head));
        output.document(&Value::Object(counts));
        Ok(if is_head {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(DIFFERS)
        })
    }
}

impl History {
    pub(super) async fn run(self, output: &Output) -> Result<ExitCode, CommandError> {
        let migrations = self.source.read()?;
        let Some(server) = self.database.server()? else {
            let lines = migrations.all().iter().rev().map(|migration| Line {
                version: migration.version,
                migration: Some(migration),
                entry: None,
                standing: Standing::Pending,
            });
            self.print(output, &lines.collect::<Vec<_>>(), false);
            return Ok(ExitCode::SUCCESS);
        };
        let runner = Runner::new(&server, &migrations, RunOptions::default());
        let mut lines = runner.lines().await?;
        lines.reverse();
        self.print(output, &lines, true);
        Ok(ExitCode::SUCCESS)
    }

    fn print(&self, output: &Output, lines: &[Line<'_>], with_database: bool) {
        let mut documents = Vec::new();
        for line in lines {
            let word = word(&line.standing);
            if with_database {
                output.line(format_args!(
                    "{:04}  {word:9}  {}",
                    line.version,
                    line.name()
                ));
            } else {
                output.line(format_args!("{:04}  {}", line.version, line.name()));
            }
            if self.verbose {
                details(output, line);
            }
            let mut document = json!({ "version": line.version, "name": line.name() });
            if let Some(migration) = line.migration {
                document["file"] = json!(migration.up.file);
                document["down_file"] = json!(migration.down.as_ref().map(|down| &down.file));
                document["no_transaction"] = json!(migration.up.no_transaction);
                document["checksum"] = json!(hex(&migration.up.checksum));
            }
            if with_database {
                document["standing"] = json!(word);
            }
            if let Some(entry) = &line.entry {
                document["applied_at"] = json!(entry.installed_on.to_rfc3339());
                document["ms"] = json!(entry.took.map(|took| took.as_millis()));
            }
            documents.push(document);
        }
        output.document(&json!({ "migrations": documents }));
    }
}

impl Heads {
    pub(super) fn run(self, output: &Output) -> Result<ExitCode, CommandError> {
        let migrations: Migrations = self.source.read()?;
        let newest = migrations.all().last();
        match newest {
            Some(newest) => output.line(newest),
            None => output.line("there is no migration"),
        }
        let heads: Vec<_> = newest.map(named).into_iter().collect();
        output.document(&json!({ "heads": heads }));
        Ok(ExitCode::SUCCESS)
    }
}

fn word(standing: &Standing) -> &'static str {
    match standing {
        Standing::Pending => "missing",
        Standing::Applied => "applied",
        Standing::Changed => "changed",
        Standing::HalfWay => "half way",
        Standing::HalfBack => "half back",
        Standing::Unknown => "unknown",
    }
}

fn details(output: &Output, line: &Line<'_>) {
    if let Some(migration) = line.migration {
        let how = if migration.up.no_transaction {
            "each statement for itself"
        } else {
            "one transaction"
        };
        output.line(format_args!("      {}, {how}", migration.up.file));
        match &migration.down {
            Some(down) => output.line(format_args!("      {}", down.file)),
            None => output.line("      no way back"),
        }
        output.line(format_args!("      sha384 {}", hex(&migration.up.checksum)));
    }
    if let Some(entry) = &line.entry {
        let took = entry.took.map_or(String::new(), |took| {
            format!(
                " in {}",
                humantime::format_duration(whole_milliseconds(took))
            )
        });
        output.line(format_args!(
            "      applied {}{took}",
            entry.installed_on.format("%Y-%m-%dT%H:%M:%SZ")
        ));
    }
}

fn whole_milliseconds(took: std::time::Duration) -> std::time::Duration {
    std::time::Duration::from_millis(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
