//! What is logged, and what never is.

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

const DEFAULT: &str = "info";

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

    /// What is logged: error, warn, info, debug, trace, or by module as in `warn,byline_grpc=debug`. Of other crates nothing below info, of sqlx nothing below debug and no notice of PostgreSQL, since they would log what callers send
    #[arg(
        long,
        global = true,
        env = "BYLINE_LOG",
        default_value = DEFAULT,
        value_name = "FILTER",
        value_parser = filter
    )]
    log: Targets,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Auto,
    Text,
    Json,
}

impl LogOptions {
    pub(in crate::cli) fn init(&self) {
        let json = match self.log_format {
            LogFormat::Auto => !std::io::stderr().is_terminal(),
            LogFormat::Text => false,
            LogFormat::Json => true,
        };
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal());
        let subscriber = tracing_subscriber::registry()
            .with(self.log.clone())
            .with(bounds());
        if json {
            subscriber.with(lines.json().flatten_event(true)).init();
        } else {
            subscriber.with(lines.compact()).init();
        }
    }
}

/// Reads levels, of all or by module. A word that is no level would be taken for a module that nobody
/// has, of which all is logged, and nothing of the others.
fn filter(text: &str) -> Result<Targets, &'static str> {
    const EXPECTED: &str = "expected error, warn, info, debug, trace or off, or MODULE=LEVEL such as \
        byline_grpc=debug, separated by commas";
    let is_level = |text: &str| !text.is_empty() && text.parse::<LevelFilter>().is_ok();
    let is_module = |text: &str| {
        let is_of_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':');
        !text.is_empty() && text.bytes().all(is_of_name)
    };
    let is_known = |part: &str| match part.split_once('=') {
        Some((module, level)) => is_module(module) && is_level(level),
        None => is_level(part),
    };
    // Nothing in the environment is as if the variable were not there.
    let text = if text.is_empty() { DEFAULT } else { text };
    let parts: Vec<_> = text.split(',').map(str::trim).collect();
    if !parts.iter().all(|part| is_known(part)) {
        return Err(EXPECTED);
    }
    parts.join(",").parse().map_err(|_| EXPECTED)
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
        // It repeats lines that lack a field, and so passwords.
        .with_target("sqlx_postgres::options::pgpass", LevelFilter::OFF)
        // What triggers say of the rows that they see, on any level.
        .with_target("sqlx::postgres::notice", LevelFilter::OFF)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn a_filter_is_of_levels_and_of_modules_with_their_levels() {
        let filter_of = |text| filter(text).unwrap();
        let logs = |text, target, level| filter_of(text).would_enable(target, &level);
        assert!(logs("info", "byline", Level::INFO) && !logs("info", "byline", Level::DEBUG));
        let one = "WARN,byline_grpc::access=debug";
        assert!(logs(one, "byline_grpc::access::gate", Level::DEBUG));
        assert!(!logs(one, "byline", Level::INFO));
        assert!(!logs("off", "byline", Level::ERROR));
        assert!(logs("", "byline", Level::INFO) && logs("warn, b=info", "b", Level::INFO));
        for text in [
            " ",
            "warning",
            "inof",
            "info,",
            "a=b=c",
            "byline=warning",
            "=info",
            "a b=info",
        ] {
            assert!(filter(text).is_err(), "{text}");
        }
    }

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
            ("sqlx_postgres::options::pgpass", Level::ERROR, false),
            ("sqlx::postgres::notice", Level::ERROR, false),
            ("sqlx_postgres::advisory_lock", Level::WARN, true),
            ("h2::codec", Level::DEBUG, false),
            ("tonic::transport", Level::DEBUG, false),
            ("hyper", Level::TRACE, false),
            ("rustls", Level::INFO, true),
        ] {
            assert_eq!(bounds.would_enable(target, &level), is_logged, "{target}");
        }
    }
}
