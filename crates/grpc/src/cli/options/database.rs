//! Which database a command is about.

use std::str::FromStr;

use byline_persistence::PgConnectOptions;
use clap::Args;

use crate::cli::CommandError;

/// Which database.
#[derive(Args)]
pub(in crate::cli) struct DatabaseOptions {
    /// The PostgreSQL database, such as postgres://user:password@host/name
    #[arg(
        long,
        env = "BYLINE_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    database_url: String,
}

impl DatabaseOptions {
    pub(in crate::cli) fn server(&self) -> Result<PgConnectOptions, CommandError> {
        server("--database-url", &self.database_url)
    }
}

/// Which database, if any.
#[derive(Args)]
pub(in crate::cli) struct MaybeDatabase {
    /// The PostgreSQL database, such as postgres://user:password@host/name
    #[arg(
        long,
        env = "BYLINE_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    database_url: Option<String>,
}

impl MaybeDatabase {
    pub(in crate::cli) fn server(&self) -> Result<Option<PgConnectOptions>, CommandError> {
        // Nothing where something is in the environment.
        let url = self.database_url.as_deref().filter(|url| !url.is_empty());
        url.map(|url| server("--database-url", url)).transpose()
    }
}

pub(in crate::cli) fn server(option: &str, url: &str) -> Result<PgConnectOptions, CommandError> {
    // The driver's message would repeat the URL, password included, and it takes any scheme.
    let is_ours = ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    let server = is_ours.then(|| PgConnectOptions::from_str(url).ok());
    let server = server.flatten();
    server.ok_or_else(|| NoUrl(option.to_owned()).into())
}

/// What was given as a URL is none.
#[derive(Debug, thiserror::Error)]
#[error("{0} is no URL such as postgres://user:password@host/name")]
pub(in crate::cli) struct NoUrl(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_url_is_of_postgresql() {
        let server = |url: &str| {
            let database_url = url.to_owned();
            DatabaseOptions { database_url }.server()
        };
        for url in ["postgres:///byline", "postgresql://u:secret@h:1/byline"] {
            assert!(server(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "localhost:50051",
            "mysql://u:secret@h/byline",
            "postgres:secret",
        ] {
            let message = server(url).unwrap_err().to_string();
            assert!(
                message.starts_with("--database-url is no URL such as"),
                "{message}"
            );
            assert!(!message.contains("secret"), "{message}");
        }
    }
}
