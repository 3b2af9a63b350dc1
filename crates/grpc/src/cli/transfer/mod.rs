//! `byline import` and `byline export`: users and posts between files and a running server, by the
//! calls that anybody can make.

mod csv;
mod export;
mod feed;
mod fields;
mod format;
mod import;
mod json_lines;
mod lines;
mod noun;
mod progress;
mod report;
mod retry;
mod rows;
mod server;
mod target;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use tonic::{Code, Status};

pub(super) use self::export::ExportCommand;
use self::format::Format;
pub(super) use self::import::ImportCommand;
use self::noun::Noun;
use self::server::ServerOptions;
use super::shown::file_name;
use crate::causes::with_causes;

/// What a program answers that was called in a wrong way, as clap does.
const USAGE: u8 = 2;

/// What is transferred, where the file is, and where the server.
#[derive(Args, Debug)]
pub(super) struct Ends {
    /// What is transferred
    #[arg(value_enum, value_name = "WHAT")]
    noun: Noun,

    /// The file; - is standard input, or standard output
    #[arg(value_parser = file_name())]
    file: PathBuf,

    /// How rows stand in the file; by its name (.jsonl, .ndjson, .csv) if left out
    #[arg(long, value_enum)]
    format: Option<Format>,

    #[command(flatten)]
    server: ServerOptions,
}

impl Ends {
    /// The file, unless it is one of the standard streams.
    fn path(&self) -> Option<&Path> {
        (self.file.as_os_str() != "-").then_some(&self.file)
    }

    /// The format, if all that is said of the ends can be.
    fn format(&self) -> Result<Format, Usage> {
        self.server
            .check()
            .map_err(|problem| Usage(problem.to_string()))?;
        let format = self.format.or_else(|| Format::of(&self.file));
        format.ok_or_else(|| {
            let file = self.file.display();
            Usage(format!(
                "{file} does not tell its format: say --format json-lines or --format csv"
            ))
        })
    }
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
        Some(source) => format!("the connection was lost: {}", with_causes(source)),
        None if status.code() == Code::Unauthenticated => format!(
            "{}: --token or --client-cert says who calls",
            status.message()
        ),
        None => status.message().to_owned(),
    }
}
