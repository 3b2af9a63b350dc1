//! The program's commands. Each flag is also an environment variable; there is
//! no configuration file.

mod database;
mod dev;
mod doctor;
mod keys;
mod migrate;
mod options;
mod panics;
mod passwords;
mod purge;
mod search_language;
mod serve;
mod shown;
mod transfer;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

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
        panics::tell_places_alone();
        Self::read_from(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    fn read_from<T: Into<OsString> + Clone>(
        arguments: impl IntoIterator<Item = T>,
    ) -> Result<Self, clap::Error> {
        let mut command = silent_of_environment(Self::command());
        let read = match command.try_get_matches_from_mut(arguments) {
            Ok(mut matches) => {
                Self::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
            }
            Err(error) => Err(error),
        };
        read.map_err(shown::without_secrets)
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

/// Help shows no value of the environment: one may be there whose name was mixed up.
fn silent_of_environment(command: clap::Command) -> clap::Command {
    command
        .mut_args(|argument| argument.hide_env_values(true))
        .mut_subcommands(silent_of_environment)
}

/// Completes when the process is asked to stop: SIGTERM, or Ctrl-C. From the call on, and not only
/// once it is polled, neither ends the process by itself.
fn stop_signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let handlers = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    );
    async move {
        let (Ok(mut terminate), Ok(mut interrupt)) = handlers else {
            // Without handlers the signals end the process by themselves.
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests;
