//! How connections are bounded and secured.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::some_time;
use crate::cli::CommandError;
use crate::cli::shown::file_name;
use crate::transport::{Certificates, Everybody, Files, Patience, Places, Transport, room};

/// How many connections there are, and how long they may take.
#[derive(Args, Debug)]
pub(super) struct ConnectionOptions {
    /// Connections at once; more are closed at once. No other host than this one has more than half of them. If left out as many as the limit of open files leaves room for, and 10,000 at most
    #[arg(long, env = "BYLINE_MAX_CONNECTIONS", value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: Option<u32>,

    /// How long a connection may take until TLS is agreed on; tests shorten it
    #[arg(long, env = "BYLINE_HANDSHAKE_TIMEOUT", default_value = "5s", value_name = "TIME",
        value_parser = some_time, hide = true)]
    handshake_timeout: Duration,

    /// How long a connection may take until the preface of HTTP/2 has come; tests shorten it
    #[arg(long, env = "BYLINE_PREFACE_TIMEOUT", default_value = "10s", value_name = "TIME",
        value_parser = some_time, hide = true)]
    preface_timeout: Duration,

    /// How long a client may leave what it is sent where it is; longer than an export is left alone. Tests shorten it
    #[arg(long, env = "BYLINE_WRITE_TIMEOUT", default_value = "45s", value_name = "TIME",
        value_parser = some_time, hide = true)]
    write_timeout: Duration,

    /// How long a connection may be silent before it is asked whether anybody is there; tests shorten it
    #[arg(long, env = "BYLINE_KEEPALIVE_INTERVAL", default_value = "30s", value_name = "TIME",
        value_parser = some_time, hide = true)]
    keepalive_interval: Duration,

    /// How long that may take to be answered; tests shorten it
    #[arg(long, env = "BYLINE_KEEPALIVE_TIMEOUT", default_value = "20s", value_name = "TIME",
        value_parser = some_time, hide = true)]
    keepalive_timeout: Duration,

    /// How long a connection is used before its client is told to make another one, and to show its certificate again; ten seconds later no call begins on it any more. Tests shorten it
    #[arg(long, env = "BYLINE_MAX_CONNECTION_AGE", default_value = "1h", value_name = "TIME",
        value_parser = some_time, hide = true)]
    max_connection_age: Duration,
}

/// Checks of health under way at once that there are places for, however few connections there are:
/// a connection may make many.
const LEAST_CHECKS: usize = 100;

impl ConnectionOptions {
    /// How connections are taken, if there is room for them beside those to the database.
    pub(super) fn transport(
        &self,
        to_database: u32,
        certificates: Option<Certificates>,
    ) -> Result<Transport, CommandError> {
        let size = |number: u32| number.try_into().unwrap_or(usize::MAX);
        let connections = room(self.max_connections.map(size), size(to_database))
            .map_err(|error| format!("--max-connections: {error}"))?;
        Ok(Transport {
            places: Places::new("connections", connections),
            // One for each, which is what clients need that watch health. Whoever could take all of
            // these could take all connections.
            everybody: Everybody {
                streams: Places::new("streams of health and reflection", connections),
                checks: Places::new("checks of health", connections.max(LEAST_CHECKS)),
            },
            patience: Patience {
                handshake: self.handshake_timeout,
                preface: self.preface_timeout,
                write: self.write_timeout,
                keepalive_interval: self.keepalive_interval,
                keepalive_timeout: self.keepalive_timeout,
                age: self.max_connection_age,
            },
            certificates: certificates.map(Into::into),
        })
    }
}

/// What secures connections.
#[derive(Args, Debug)]
pub(in crate::cli) struct TlsOptions {
    /// The server's certificate in PEM, followed by those between it and its CA. Like the other files it is read anew when it changes
    #[arg(
        long,
        env = "BYLINE_TLS_CERT",
        value_name = "FILE",
        value_parser = file_name(),
        requires = "tls_key"
    )]
    tls_cert: Option<PathBuf>,

    /// The key of --tls-cert, in PEM
    #[arg(
        long,
        env = "BYLINE_TLS_KEY",
        value_name = "FILE",
        value_parser = file_name(),
        requires = "tls_cert"
    )]
    tls_key: Option<PathBuf>,

    /// The CA whose certificates clients may show, in PEM
    #[arg(
        long,
        env = "BYLINE_CLIENT_CA",
        value_name = "FILE",
        value_parser = file_name(),
        requires = "tls_cert"
    )]
    client_ca: Option<PathBuf>,

    /// Listen where others can connect, without TLS, since something else secures the wire, such as a proxy
    #[arg(long, env = "BYLINE_INSECURE_PLAINTEXT", conflicts_with = "tls_cert")]
    insecure_plaintext: bool,
}

impl TlsOptions {
    /// Refuses to send in the clear what others can read.
    pub(in crate::cli) fn check_address(&self, is_loopback: bool) -> Result<(), CommandError> {
        if is_loopback || self.tls_cert.is_some() {
            return Ok(());
        }
        if self.insecure_plaintext {
            tracing::warn!(
                "--insecure-plaintext: whoever is on the wire reads and changes what is sent, \
                 unless something else secures it"
            );
            return Ok(());
        }
        Err(
            "--listen: only loopback addresses such as 127.0.0.1 are served without TLS: give \
             --tls-cert and --tls-key, or --insecure-plaintext if something else secures the wire"
                .into(),
        )
    }

    /// Whether certificates of clients are verified.
    pub(in crate::cli) const fn has_client_ca(&self) -> bool {
        self.client_ca.is_some()
    }

    /// The certificates, if there are any.
    pub(in crate::cli) fn certificates(&self) -> Result<Option<Certificates>, CommandError> {
        let (Some(chain), Some(key)) = (&self.tls_cert, &self.tls_key) else {
            return Ok(None);
        };
        let files = Files {
            chain: chain.clone(),
            key: key.clone(),
            client_ca: self.client_ca.clone(),
        };
        Ok(Some(Certificates::load(files)?))
    }
}
