//! `byline import` and `byline export`: users and posts between files and a running server, by the
//! calls that anybody can make.

mod csv;
mod export;
mod feed;
mod fields;
mod import;
mod json_lines;
mod lines;
mod noun;
mod progress;
mod report;
mod retry;
mod rows;
mod target;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

pub(super) use self::export::ExportCommand;
pub(super) use self::import::ImportCommand;
use self::noun::Noun;
use self::rows::Format;
use super::CommandError;
use crate::pb::transfer_service_client::TransferServiceClient;

/// What a program answers that was called in a wrong way, as clap does.
const USAGE: u8 = 2;

const CONNECT: Duration = Duration::from_secs(10);
/// How often a server that says nothing is asked whether it is still there, and how long it may take
/// to say so.
const ALIVE: Duration = Duration::from_secs(20);

/// What is transferred, where the file is, and where the server.
#[derive(Args)]
pub(super) struct Ends {
    /// What is transferred
    #[arg(value_enum, value_name = "WHAT")]
    noun: Noun,

    /// The file; - is standard input, or standard output
    file: PathBuf,

    /// How rows stand in the file; by its name (.jsonl, .ndjson, .csv) if left out
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// The server
    #[arg(
        long,
        env = "BYLINE_SERVER",
        default_value = "http://127.0.0.1:50051",
        value_name = "URL",
        value_parser = endpoint
    )]
    server: Endpoint,
}

impl Ends {
    /// The file, unless it is one of the standard streams.
    fn path(&self) -> Option<&Path> {
        (self.file.as_os_str() != "-").then_some(&self.file)
    }

    fn format(&self) -> Result<Format, Usage> {
        let format = self.format.or_else(|| Format::of(&self.file));
        format.ok_or_else(|| {
            let file = self.file.display();
            Usage(format!(
                "{file} does not tell its format: say --format json-lines or --format csv"
            ))
        })
    }

    async fn client(&self) -> Result<TransferServiceClient<Channel>, CommandError> {
        let connected = self.server.connect().await;
        let channel =
            connected.map_err(|error| format!("{}: {}", self.server.uri(), chain(&error)))?;
        Ok(TransferServiceClient::new(channel))
    }
}

fn endpoint(url: &str) -> Result<Endpoint, String> {
    let url = match url.split_once("://") {
        None => format!("http://{url}"),
        Some(("http", _)) => url.to_owned(),
        Some(("https", _)) => return Err("there is no TLS: expected http://…".to_owned()),
        Some(_) => return Err("expected a URL such as http://127.0.0.1:50051".to_owned()),
    };
    let endpoint = Endpoint::from_shared(url).map_err(|error| chain(&error))?;
    Ok(endpoint
        .connect_timeout(CONNECT)
        .http2_keep_alive_interval(ALIVE)
        .keep_alive_timeout(ALIVE))
}

/// The command was given in a way that says nothing.
struct Usage(String);

impl Usage {
    fn told(&self) -> ExitCode {
        eprintln!("byline: {}", self.0);
        ExitCode::from(USAGE)
    }
}

/// What a status says: what the server said, or why nothing came of it.
fn said(status: &Status) -> String {
    match std::error::Error::source(status) {
        Some(source) => format!("the connection was lost: {}", chain(source)),
        None => status.message().to_owned(),
    }
}

/// What an error says, and what is behind it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let more = error.to_string();
        // Some repeat what is behind them.
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = error.source();
    }
    text
}
