//! Fills databases of any size, measures what reads of them and transfers cost, and compares
//! Byline with its limits and its peers.

mod call;
mod compare;
mod copy;
mod fill;
mod filled;
mod ids;
mod load;
mod machine;
mod numbers;
mod options;
mod page;
mod peer;
mod program;
mod reads;
mod regress;
mod services;
mod serving;
mod site;
mod tasks;
mod transfer;
mod usage;
mod wire;
mod world;

use clap::{Parser, Subcommand};

/// Fill databases of any size, measure what reads of them and transfers cost, and compare
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
    /// Measure Byline beside the limits of the wire and of the database, and beside other servers
    Compare(compare::CompareCommand),
    /// Compare two builds of Byline by the instructions that calls take
    Regress(regress::RegressCommand),
    /// Serve as the usual Rust service does, to be compared with
    #[command(hide = true)]
    Peer(peer::PeerCommand),
    /// Serve what was recorded, to be compared with
    #[command(hide = true)]
    Wire(wire::WireCommand),
}

/// Why a command failed, in a sentence or two for whoever typed it.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let result = match Cli::parse().command {
        Command::Fill(command) => Box::pin(command.run()).await,
        Command::Reads(command) => Box::pin(command.run()).await,
        Command::Transfer(command) => Box::pin(command.run()).await,
        Command::Compare(command) => Box::pin(command.run()).await,
        Command::Regress(command) => Box::pin(command.run()).await,
        Command::Peer(command) => command.run().await,
        Command::Wire(command) => command.run().await,
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
