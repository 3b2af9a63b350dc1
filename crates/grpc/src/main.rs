//! The program `byline`.

use std::process::ExitCode;

use byline_grpc::cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(Cli::read().run()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("byline: {error}");
            ExitCode::FAILURE
        }
    }
}
