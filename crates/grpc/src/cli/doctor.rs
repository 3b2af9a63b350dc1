//! `byline doctor`: whether a live database is as the service needs it, and what mends it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use byline_persistence::PoolSettings;
use byline_persistence::doctor::{Asked, Check, Grade};
use clap::Args;
use serde_json::json;

use super::CommandError;
use super::options::{AuditOptions, DatabaseOptions};
use super::serve::unreachable;
use super::shown::name_in_database;
use crate::bootstrap::App;

#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(super) struct DoctorCommand {
    #[command(flatten)]
    database: DatabaseOptions,

    /// The role that the service runs as, where the URL is of another one, such as the owner; what only the role itself can see is skipped then
    #[arg(long, env = "BYLINE_SERVICE_ROLE", value_name = "NAME",
        value_parser = name_in_database)]
    service_role: Option<String>,

    /// Connections to the database at most, as of `byline serve`
    #[arg(long, env = "BYLINE_POOL_SIZE", default_value_t = 16, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..))]
    pool_size: u32,

    #[command(flatten)]
    audit: AuditOptions,

    /// Print one JSON document on standard output instead of text
    #[arg(long)]
    json: bool,
}

const EXIT_CODES: &str = "Changes nothing. Exit codes: 0 fine, or nothing but hints; 1 warnings \
    or faults were found; 2 the database could not be looked at, or what was typed is wrong.";

const FOUND: u8 = 1;
const NOT_LOOKED_AT: u8 = 2;

impl DoctorCommand {
    pub(super) async fn run(self) -> ExitCode {
        match self.examine().await {
            Ok(checks) => {
                let text = if self.json {
                    format!("{:#}\n", document(&checks))
                } else {
                    lines(&checks)
                };
                // Whoever reads it may have left.
                let _ = std::io::stdout().write_all(text.as_bytes());
                let worst = checks.iter().map(|check| check.grade).max();
                match worst {
                    Some(Grade::Warning | Grade::Fault) => ExitCode::from(FOUND),
                    Some(Grade::Fine | Grade::Skipped | Grade::Hint) | None => ExitCode::SUCCESS,
                }
            }
            Err(error) => {
                if self.json {
                    println!("{:#}", json!({ "error": error.to_string() }));
                }
                eprintln!("byline: {error}");
                ExitCode::from(NOT_LOOKED_AT)
            }
        }
    }

    async fn examine(&self) -> Result<Vec<Check>, CommandError> {
        let server = self.database.server()?;
        let pool = PoolSettings {
            max_connections: self.pool_size,
            ..PoolSettings::default()
        };
        let asked = Asked {
            service_role: self.service_role.as_deref(),
            pool: &pool,
            audit_retention: self.audit.retention(),
        };
        let app = App::for_command(server, &pool);
        app.database.reach().await.map_err(unreachable)?;
        let checks = app.database.examine(&asked).await.map_err(unreachable)?;
        app.database.close().await;
        Ok(checks)
    }
}

fn lines(checks: &[Check]) -> String {
    let widest = checks.iter().map(|check| check.name.len()).max();
    let widest = widest.unwrap_or_default();
    let mut text = String::new();
    for check in checks {
        let (name, grade) = (check.name, check.grade.name());
        let _ = writeln!(text, "{grade:7}  {name:widest$}  {}", check.says);
        for mend in &check.mend {
            let _ = writeln!(text, "         {:widest$}    {mend}", "");
        }
    }
    text
}

fn document(checks: &[Check]) -> serde_json::Value {
    let checks: Vec<_> = checks
        .iter()
        .map(|check| {
            json!({
                "check": check.name,
                "grade": check.grade.name(),
                "says": check.says,
                "mend": check.mend,
            })
        })
        .collect();
    json!({ "checks": checks })
}
