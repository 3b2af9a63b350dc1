//! The program's commands. Each flag is also an environment variable; there is
//! no configuration file.

mod database;
mod dev;
mod doctor;
mod keys;
mod migrate;
mod options;
mod passwords;
mod purge;
mod search_language;
mod serve;
mod transfer;

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, Subcommand};

/// Accounts and the posts they author, served to other services over gRPC.
#[derive(Debug, Parser)]
#[command(name = "byline", version, propagate_version = true)]
#[command(after_help = "Start here:\n  \
    byline dev                 a server with a database of its own and demo data in it\n  \
    byline serve --help        a server over your PostgreSQL\n\n\
    Each flag can be set by the environment variable that its help names.")]
pub struct Cli {
    #[command(flatten)]
    log: options::LogOptions,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve over a PostgreSQL database that you name
    Serve(Box<serve::ServeCommand>),
    /// Serve over a private PostgreSQL with demo data: to try Byline, and to develop against it
    Dev(Box<dev::DevCommand>),
    /// Bring a database's schema up to this program's, or back
    Migrate(migrate::MigrateCommand),
    /// Give the role that the service runs as its rights in the database
    Database(database::DatabaseCommand),
    /// Look whether a live database is as the service needs it, and say what mends it
    Doctor(doctor::DoctorCommand),
    /// Make, list and revoke the API keys that callers come with
    Keys(keys::KeysCommand),
    /// Remove what was deleted longer ago than its retention, or say what would go
    Purge(purge::PurgeCommand),
    /// Import users or posts from a file into a running server, all or none of them
    Import(Box<transfer::ImportCommand>),
    /// Export users or posts of a running server into a file
    Export(Box<transfer::ExportCommand>),
    /// Search posts by the rules of a language, and index them anew
    SearchLanguage(search_language::SearchLanguageCommand),
}

/// Why a command failed, in a sentence or two for whoever typed it.
pub type CommandError = Box<dyn std::error::Error + Send + Sync>;

impl Cli {
    /// Reads the arguments; ends the process where they cannot be.
    pub fn read() -> Self {
        Self::try_parse().unwrap_or_else(|error| without_values(error).exit())
    }

    /// Runs the command. Answers how it ended where it has said that already.
    pub async fn run(self) -> Result<ExitCode, CommandError> {
        // These say what they have to say by themselves.
        if !matches!(self.command, Command::Import(_) | Command::Export(_)) {
            self.log.init();
        }
        match self.command {
            Command::Serve(command) => command.run().await?,
            Command::Dev(command) => command.run().await?,
            Command::Migrate(command) => return command.run().await,
            Command::Database(command) => command.run().await?,
            Command::Doctor(command) => return Ok(command.run().await),
            Command::Keys(command) => command.run().await?,
            Command::Purge(command) => command.run().await?,
            Command::Import(command) => return command.run().await,
            Command::Export(command) => return command.run().await,
            Command::SearchLanguage(command) => command.run().await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What is wrong with the arguments, without what was given where nothing belongs: it may be the
/// URL of a database, password included, whose option was left out.
fn without_values(mut error: clap::Error) -> clap::Error {
    let is_option = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(given)) => {
            let name = given.trim_start_matches('-');
            given.starts_with('-')
                && name.len() <= 40
                && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        }
        _ => true,
    };
    if error.kind() == ErrorKind::UnknownArgument && !is_option {
        let unnamed = ContextValue::String("(a value)".to_owned());
        error.insert(ContextKind::InvalidArg, unnamed);
        // It says how to give that value.
        error.remove(ContextKind::Suggested);
    }
    error
}

/// Completes when the process is asked to stop: SIGTERM, or Ctrl-C.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        // Without handlers the signals end the process by themselves.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_and_flags_fit_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_secret_is_shown_of_the_arguments() {
        const URL: &str = "postgres://user:secret@host/name?password=secret";
        for arguments in [
            &[
                "serve",
                "--auth",
                "none",
                "--database-url",
                URL,
                "--page-token-key",
                "secret",
            ][..],
            &[
                "serve",
                "--auth",
                "none",
                "--database-url",
                URL,
                "--password-pepper",
                "1:secret",
            ],
            &[
                "dev",
                "--page-token-key",
                "secret",
                "--password-pepper",
                "1:secret",
            ],
            &["migrate", "up", "--database-url", URL],
            &[
                "migrate",
                "check",
                "--database-url",
                URL,
                "--scratch-url",
                URL,
            ],
            &["migrate", "current", "--database-url", URL],
            &[
                "migrate",
                "revision",
                "--autogenerate",
                "-m",
                "x",
                "--scratch-url",
                URL,
            ],
            &[
                "database",
                "grant",
                "--service-role",
                "web",
                "--database-url",
                URL,
            ],
            &["doctor", "--database-url", URL],
            &["keys", "list", "--database-url", URL],
            &[
                "keys",
                "create",
                "--name",
                "web",
                "--role",
                "reader",
                "--database-url",
                URL,
            ],
            &["purge", "--database-url", URL],
            &["search-language", "english", "--database-url", URL],
            &[
                "import",
                "users",
                "f.csv",
                "--token",
                "secret",
                "--server",
                "http://u:secret@h",
            ],
            &[
                "export",
                "users",
                "f.csv",
                "--token",
                "secret",
                "--server",
                "http://u:secret@h",
            ],
        ] {
            let read = Cli::try_parse_from([&["byline"], arguments].concat());
            let shown = format!("{:?}", read.unwrap_or_else(|error| panic!("{error}")));
            assert!(!shown.contains("secret"), "{shown}");
        }
    }

    #[test]
    fn a_value_in_a_wrong_place_is_not_repeated() {
        for arguments in [
            &["doctor", "postgres://user:secret@host/name"][..],
            &["serve", "--auth", "none", "--", "secret"],
            &["import", "users", "f.csv", "secret"],
            &["serve", "--tls-key", "-----BEGIN PRIVATE KEY-----\nsecret"],
        ] {
            let read = Cli::try_parse_from([&["byline"], arguments].concat());
            let told = without_values(read.err().unwrap()).to_string();
            assert!(!told.contains("secret"), "{told}");
        }
    }
}
