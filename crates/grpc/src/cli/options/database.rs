//! Which database a command is about.

use std::str::FromStr;

use byline_persistence::{PgConnectOptions, PgSslMode};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use crate::cli::CommandError;

/// Which database.
#[derive(Args, Debug)]
pub(in crate::cli) struct DatabaseOptions {
    /// The PostgreSQL database, such as postgres://user:password@host/name
    #[arg(long, env = "BYLINE_DATABASE_URL", value_name = "URL")]
    database_url: SecretString,
}

impl DatabaseOptions {
    pub(in crate::cli) fn server(&self) -> Result<PgConnectOptions, CommandError> {
        server("--database-url", &self.database_url)
    }
}

/// Which database, if any.
#[derive(Args, Debug)]
pub(in crate::cli) struct MaybeDatabase {
    /// The PostgreSQL database, such as postgres://user:password@host/name
    #[arg(long, env = "BYLINE_DATABASE_URL", value_name = "URL")]
    database_url: Option<SecretString>,
}

impl MaybeDatabase {
    pub(in crate::cli) fn server(&self) -> Result<Option<PgConnectOptions>, CommandError> {
        // Nothing where something is in the environment.
        let url = self.database_url.as_ref();
        let url = url.filter(|url| !url.expose_secret().is_empty());
        url.map(|url| server("--database-url", url)).transpose()
    }
}

/// How to connect to the database of that URL.
pub(in crate::cli) fn server(
    option: &str,
    url: &SecretString,
) -> Result<PgConnectOptions, CommandError> {
    let url = url.expose_secret();
    // The driver's message would repeat the URL, password included, and it takes any scheme.
    let is_ours = ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    let server = is_ours.then(|| PgConnectOptions::from_str(url).ok());
    let server = server.flatten().ok_or_else(|| NoUrl {
        option: option.to_owned(),
        why: if is_ours { what_is_wrong(url) } else { SCHEME },
    })?;
    for parameter in not_heeded(url) {
        tracing::warn!(parameter, "{option}: a parameter that is not heeded");
    }
    Ok(server)
}

/// What the driver heeds behind the `?` of a URL.
const HEEDED: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// The names of what the driver passes over. It would log them itself, values included, and one
/// may be a password whose name was mistyped; or left out, so that it stands for the name.
fn not_heeded(url: &str) -> impl Iterator<Item = &str> {
    let parameters = url.split_once('?').map(|(_, parameters)| parameters);
    let is_of_name = |b: u8| b.is_ascii_lowercase() || b == b'_' || b == b'-';
    let parameters = parameters.into_iter().flat_map(|it| it.split('&'));
    let names = parameters.map(move |parameter| match parameter.split_once('=') {
        Some((name, _)) if name.len() <= 32 && name.bytes().all(is_of_name) => name,
        Some((name, _)) if name.starts_with("options[") => "options",
        Some(_) | None => "(no name)",
    });
    names.filter(|name| !HEEDED.contains(name))
}

/// What was given as a URL is none.
#[derive(Debug, thiserror::Error)]
#[error("{option} is no URL such as postgres://user:password@host/name: {why}")]
pub(in crate::cli) struct NoUrl {
    option: String,
    why: &'static str,
}

const SCHEME: &str = "it does not begin with postgres:// or postgresql://";

/// What is wrong with a URL that the driver does not take, as far as that can be told without
/// repeating any of it.
fn what_is_wrong(url: &str) -> &'static str {
    let (place, parameters) = url.split_once('?').unwrap_or((url, ""));
    let mut parameters = parameters.split('&').filter_map(|it| it.split_once('='));
    let is_mode = |text: &str| text.parse::<PgSslMode>().is_ok();
    if parameters.any(|(name, value)| matches!(name, "sslmode" | "ssl-mode") && !is_mode(value)) {
        return "sslmode is none of disable, allow, prefer, require, verify-ca, verify-full";
    }
    let (_, place) = place.split_once("://").unwrap_or_default();
    let host = place.split('/').next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    // The colons of an IPv6 address are within brackets.
    let behind = host.rsplit_once(']').map_or(host, |(_, behind)| behind);
    let port = behind.rsplit_once(':').map(|(_, port)| port);
    if port.is_some_and(|port| !port.is_empty() && port.parse::<u16>().is_err()) {
        return "its port is no number up to 65535; where that is a part of the password, the password \
                has to be percent-encoded";
    }
    "its parts cannot be told apart; whatever is no letter and no digit in user and password has \
     to be percent-encoded, such as %2F for /"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_url_is_of_postgresql() {
        let server = |url: &str| {
            let database_url = url.into();
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

    #[test]
    fn what_is_wrong_with_a_url_is_told_without_its_parts() {
        for (url, why) in [
            ("mysql://u:secret@h/byline", "it does not begin with"),
            ("postgres://h/b?sslmode=verfy-full", "sslmode is none of"),
            ("postgres://u:secret@h:port/b", "its port is no number"),
            ("postgres://u:secret@h:70000/b", "its port is no number"),
            ("postgres://u:sec/ret@h/b", "its port is no number"),
            ("postgres://u:secret@[h/b", "its parts cannot be told apart"),
            (
                "postgres://u:secret@[::g]/b",
                "its parts cannot be told apart",
            ),
            ("postgres://u:secret@[::1]:x/b", "its port is no number"),
        ] {
            let message = server("--database-url", &url.into())
                .unwrap_err()
                .to_string();
            assert!(message.contains(&format!(": {why}")), "{url}: {message}");
            assert!(!message.contains("sec"), "{message}");
        }
    }

    #[test]
    fn what_is_not_heeded_in_a_url_is_named_without_its_value() {
        let named = |url| not_heeded(url).collect::<Vec<_>>();
        assert_eq!(named("postgres://u:p@h/byline"), [""; 0]);
        assert_eq!(named("postgres://h/b?sslmode=require&user=u"), [""; 0]);
        assert_eq!(
            named("postgres://h/b?pasword=secret&options[jit]=off&secret&Secret%3d=1"),
            ["pasword", "(no name)", "(no name)"]
        );
    }
}
