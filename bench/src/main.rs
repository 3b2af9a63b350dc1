//! Fills databases of any size and measures what reads of them and transfers cost.

mod copy;
mod fill;
mod machine;
mod options;
mod page;
mod program;
mod reads;
mod tasks;
mod transfer;
mod world;

use clap::{Parser, Subcommand};

/// Fill databases of any size, and measure what reads of them and transfers cost
#[derive(Parser)]
#[command(name = "bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Fill a migrated, empty database
    Fill(fill::FillCommand),
    /// Measure what reads cost, over a small database and a large one
    Reads(reads::ReadsCommand),
    /// Measure imports and exports against bare COPY, and what memory they take
    Transfer(transfer::TransferCommand),
}

/// Why a command failed, in a sentence or two for whoever typed it.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let result = match Cli::parse().command {
        Command::Fill(command) => command.run().await,
        Command::Reads(command) => command.run().await,
        Command::Transfer(command) => command.run().await,
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
