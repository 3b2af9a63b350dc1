//! `byline migrate lint`: hazards in migrations, without a database.

use std::path::PathBuf;
use std::process::ExitCode;

use byline_persistence::migrate::lint::lint;
use clap::Args;
use serde_json::json;

use super::output::Output;
use super::version::Version;
use super::{CommandError, Source};

#[derive(Args, Debug)]
pub(super) struct Lint {
    #[command(flatten)]
    source: Source,

    /// Tell only of migrations later than this one, such as 5, or base for all
    #[arg(long, value_name = "V")]
    since: Option<Version>,
}

impl Lint {
    pub(super) fn run(self, output: &Output) -> Result<ExitCode, CommandError> {
        let migrations = self.source.read()?;
        let since = self.since.map(|version| version.number(&migrations));
        let findings = lint(&migrations, since.transpose()?);
        let mut documents = Vec::new();
        for finding in &findings {
            let file = migrations.dir().map_or_else(
                || PathBuf::from(&finding.file),
                |dir| dir.join(&finding.file),
            );
            let (line, rule) = (finding.line, finding.rule);
            output.line(format_args!(
                "{}:{line}: {rule}: {}",
                file.display(),
                finding.message
            ));
            for way in finding.instead.lines() {
                output.line(format_args!("    {way}"));
            }
            documents.push(json!({
                "file": file,
                "line": line,
                "rule": rule.name(),
                "message": finding.message,
                "instead": finding.instead,
            }));
        }
        if findings.is_empty() {
            output.line("nothing found");
        }
        output.document(&json!({ "findings": documents }));
        Ok(if findings.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}
