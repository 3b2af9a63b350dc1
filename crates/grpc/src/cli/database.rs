//! `byline database`: what the service may do in its database.

use byline_persistence::PgConnectOptions;
use byline_persistence::grants::{Granted, grant};
use clap::{Args, Subcommand};

use super::CommandError;
use super::options::DatabaseOptions;
use super::shown::name_in_database;

#[derive(Args, Debug)]
pub(super) struct DatabaseCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Give the role that the service runs as exactly the rights that it needs
    Grant(Grant),
}

#[derive(Args, Debug)]
#[command(
    after_help = "The role is made before, by whoever may make roles, such as a superuser in psql:\n  \
    create role byline_service login;\n  \\password byline_service"
)]
struct Grant {
    /// The role that the service runs as
    #[arg(long, env = "BYLINE_SERVICE_ROLE", value_name = "NAME",
        value_parser = name_in_database)]
    service_role: String,

    #[command(flatten)]
    database: DatabaseOptions,

    /// Only print the statements
    #[arg(long)]
    dry_run: bool,
}

impl DatabaseCommand {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        match self.verb {
            Verb::Grant(verb) => verb.run().await,
        }
    }
}

impl Grant {
    async fn run(self) -> Result<(), CommandError> {
        let server = self.database.server()?;
        let granted = grant(&server, &self.service_role, self.dry_run).await?;
        for statement in &granted.statements {
            println!("{statement}");
        }
        if granted.statements.is_empty() {
            println!("nothing to grant");
        }
        complete(&granted)
    }
}

/// Gives the role its rights.
pub(super) async fn grant_all(
    server: &PgConnectOptions,
    service_role: &str,
) -> Result<(), CommandError> {
    complete(&grant(server, service_role, false).await?)
}

/// Tells of what is left to others.
fn complete(granted: &Granted) -> Result<(), CommandError> {
    if granted.left.is_empty() {
        return Ok(());
    }
    let left = granted.left.iter();
    let left: Vec<_> = left
        .map(|(says, sql)| format!("\n  {says}: {sql}"))
        .collect();
    Err(format!("others have to mend what is left:{}", left.concat()).into())
}
