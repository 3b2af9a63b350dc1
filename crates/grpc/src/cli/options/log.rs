//! What is logged, and what never is.

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged, and how.
#[derive(Args, Debug)]
pub(in crate::cli) struct LogOptions {
    /// How log lines look on standard error: `auto` is text on a terminal and JSON elsewhere
    #[arg(
        long,
        global = true,
        env = "BYLINE_LOG_FORMAT",
        value_enum,
        default_value = "auto"
    )]
    log_format: LogFormat,

    /// What is logged: error, warn, info, debug, trace, or by module as in `warn,byline_grpc=debug`. Of other crates nothing below info, and of sqlx nothing below debug, since they would log what callers send
    #[arg(
        long,
        global = true,
        env = "BYLINE_LOG",
        default_value = "info,sqlx::postgres::notice=warn",
        value_name = "FILTER"
    )]
    log: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Auto,
    Text,
    Json,
}

impl LogOptions {
    pub(in crate::cli) fn init(&self) {
        let filter = EnvFilter::try_new(&self.log).unwrap_or_else(|_| EnvFilter::new("info"));
        let json = match self.log_format {
            LogFormat::Auto => !std::io::stderr().is_terminal(),
            LogFormat::Text => false,
            LogFormat::Json => true,
        };
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal());
        let subscriber = tracing_subscriber::registry().with(filter).with(bounds());
        if json {
            subscriber.with(lines.json().flatten_event(true)).init();
        } else {
            subscriber.with(lines.compact()).init();
        }
    }
}

/// The most that is logged, whatever is asked for. Ours is written so that it holds nothing of
/// anybody; what others write is theirs to decide, and below these levels some of them write
/// headers, frames and errors with the values that they are about.
fn bounds() -> Targets {
    Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target("byline", LevelFilter::TRACE)
        // Statements, in which values are never written.
        .with_target("sqlx", LevelFilter::DEBUG)
        // It repeats the value of what it does not know in a URL, such as a mistyped password.
        .with_target("sqlx_postgres::options::parse", LevelFilter::OFF)
        // What triggers say of the rows that they see is on a lower one.
        .with_target("sqlx::postgres::notice", LevelFilter::WARN)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn others_say_no_more_than_is_known_to_hold_nothing_of_anybody() {
        let bounds = bounds();
        for (target, level, is_logged) in [
            ("byline_grpc::access::gate", Level::TRACE, true),
            ("byline", Level::DEBUG, true),
            ("sqlx::query", Level::DEBUG, true),
            ("sqlx::query", Level::TRACE, false),
            ("sqlx_core::pool", Level::DEBUG, true),
            ("sqlx_postgres::options::parse", Level::ERROR, false),
            ("sqlx_postgres::options::pgpass", Level::WARN, true),
            ("h2::codec", Level::DEBUG, false),
            ("tonic::transport", Level::DEBUG, false),
            ("hyper", Level::TRACE, false),
            ("rustls", Level::INFO, true),
        ] {
            assert_eq!(bounds.would_enable(target, &level), is_logged, "{target}");
        }
    }
}
