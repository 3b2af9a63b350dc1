//! Options that several commands share.

mod auth;
mod connections;
mod database;
mod jwt;
mod log;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use byline_domain::audit::AuditRetention;
use byline_domain::lifecycle::Retention;
use byline_persistence::PoolSettings;
use chrono::TimeDelta;
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::{TcpListener, TcpSocket};

use super::CommandError;
use super::passwords::PasswordOptions;
use crate::bootstrap::PasswordSettings;
use crate::page_token::Keys;
use crate::server::Limits;
use crate::transport::{self, Certificates, Transport};

pub(super) use auth::AuthOptions;
use connections::ConnectionOptions;
pub(super) use connections::TlsOptions;
pub(super) use database::{DatabaseOptions, MaybeDatabase, NoUrl, server};
pub(super) use log::LogOptions;

/// Where a server listens, within which bounds it works, and what seals its tokens.
#[derive(Args, Debug)]
pub(super) struct ServerOptions {
    /// Where to listen; port 0 picks a free one. What others can reach is served over TLS (see `byline serve --help`)
    #[arg(
        long,
        env = "BYLINE_LISTEN",
        default_value = "127.0.0.1:50051",
        value_name = "ADDR",
        value_parser = address
    )]
    listen: SocketAddr,

    #[command(flatten)]
    connections: ConnectionOptions,

    /// Calls under way at once, of which no caller has more than half; the rest are told RESOURCE_EXHAUSTED
    #[arg(long, env = "BYLINE_MAX_CALLS", default_value_t = 256, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..))]
    max_calls: u32,

    /// How long a call may take whose caller sets no deadline, in milliseconds
    #[arg(long, env = "BYLINE_DEFAULT_DEADLINE_MS", default_value_t = 3_000, value_name = "MS",
        value_parser = clap::value_parser!(u64).range(1..))]
    default_deadline_ms: u64,

    /// How long a call may take whatever deadline its caller sets, in milliseconds
    #[arg(long, env = "BYLINE_MAX_DEADLINE_MS", default_value_t = 30_000, value_name = "MS",
        value_parser = clap::value_parser!(u64).range(1..))]
    max_deadline_ms: u64,

    /// Connections to the database at most
    #[arg(long, env = "BYLINE_POOL_SIZE", default_value_t = 16, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..))]
    pool_size: u32,

    /// How long a call waits for a connection to the database, in milliseconds
    #[arg(long, env = "BYLINE_ACQUIRE_TIMEOUT_MS", default_value_t = 1_500, value_name = "MS",
        value_parser = clap::value_parser!(u64).range(1..))]
    acquire_timeout_ms: u64,

    /// Creates or updates that arrive together and are made by one transaction at most; each has its own answer. 1 has each in its own
    #[arg(long, env = "BYLINE_GROUP_SIZE", default_value_t = 128, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=1_000))]
    group_size: u32,

    /// Imports and exports under way at once, of which no caller has more than half, and each of which takes a connection to the database; fewer than --pool-size, so that calls have some too. The rest are told RESOURCE_EXHAUSTED
    #[arg(long, env = "BYLINE_MAX_TRANSFERS", default_value_t = 4, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..))]
    max_transfers: u32,

    /// How long an import or export may take whatever deadline its caller sets, such as 1h
    #[arg(long, env = "BYLINE_TRANSFER_TIMEOUT", default_value = "1h", value_name = "TIME",
        value_parser = some_time)]
    transfer_timeout: Duration,

    /// How long the other side of an import or export may take or send nothing; tests shorten it
    #[arg(long, env = "BYLINE_TRANSFER_IDLE_TIMEOUT", default_value = "30s", value_name = "TIME",
        value_parser = some_time, hide = true)]
    transfer_idle_timeout: Duration,

    /// How long what is deleted can be brought back, such as 30d or 12h, before it is removed by itself
    #[arg(long, env = "BYLINE_RETENTION", default_value = "30d", value_name = "TIME",
        value_parser = retention)]
    retention: Retention,

    #[command(flatten)]
    audit: AuditOptions,

    /// How often what has had its time is removed, such as 60s; 0s for never
    #[arg(long, env = "BYLINE_SWEEP_INTERVAL", default_value = "60s", value_name = "TIME",
        value_parser = time)]
    sweep_interval: Duration,

    /// Keys that seal page tokens, separated by commas: the first seals, all of them open. Each is 32 bytes in base64, or 64 hex digits. Without one, tokens end with the process
    #[arg(
        long,
        env = "BYLINE_PAGE_TOKEN_KEY",
        // A key may begin with a hyphen, which clap's message would repeat.
        allow_hyphen_values = true,
        value_name = "KEY[,KEY…]"
    )]
    page_token_key: Option<SecretString>,

    #[command(flatten)]
    passwords: PasswordOptions,
}

impl ServerOptions {
    /// Whether nobody but this machine can reach the address.
    pub(super) fn listens_on_loopback(&self) -> bool {
        self.listen.ip().to_canonical().is_loopback()
    }

    /// How connections are taken, secured by those certificates if there are any.
    pub(super) fn transport(
        &self,
        certificates: Option<Certificates>,
    ) -> Result<Transport, CommandError> {
        // An export asks over a connection of its own whether its statement still runs.
        let to_database = self.pool_size.saturating_add(self.max_transfers);
        self.connections.transport(to_database, certificates)
    }

    /// Takes the address. Whoever connects is refused until [`Self::listen`].
    pub(super) fn bind(&self) -> Result<TcpSocket, CommandError> {
        transport::bind(self.listen).map_err(|error| self.cannot_listen(&error))
    }

    /// Listens at the address that was taken.
    pub(super) fn listen(&self, bound: TcpSocket) -> Result<TcpListener, CommandError> {
        transport::listen(bound).map_err(|error| self.cannot_listen(&error))
    }

    fn cannot_listen(&self, error: &io::Error) -> CommandError {
        format!("--listen {}: {error}", self.listen).into()
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            max_calls: self.max_calls.try_into().unwrap_or(usize::MAX),
            default_deadline: Duration::from_millis(self.default_deadline_ms),
            max_deadline: Duration::from_millis(self.max_deadline_ms),
            max_audit_reads: self.audit_reads(),
            max_transfers: self.transfers(),
            transfer_timeout: self.transfer_timeout,
            transfer_idle_timeout: self.transfer_idle_timeout,
            sweep_interval: self.sweep_interval,
            audit_retention: self.audit.retention(),
        }
    }

    /// As many transfers as leave a connection for calls, however small the pool is.
    fn transfers(&self) -> usize {
        let most = self.pool_size - 1;
        if self.max_transfers > most {
            tracing::warn!(
                "--max-transfers {} would leave calls no connection of --pool-size {}: no more \
                 than {most} transfers are run at a time",
                self.max_transfers,
                self.pool_size
            );
        }
        self.max_transfers
            .min(most)
            .try_into()
            .unwrap_or(usize::MAX)
    }

    /// As many reads of the audit log as leave most connections for others: a few, which are enough
    /// for people who look something up.
    fn audit_reads(&self) -> usize {
        (self.pool_size / 4).clamp(1, 4) as usize
    }

    /// How many changes a transaction makes at most that arrive together.
    pub(super) fn group_size(&self) -> usize {
        self.group_size.try_into().unwrap_or(usize::MAX)
    }

    pub(super) fn retention(&self) -> Retention {
        self.retention
    }

    pub(super) fn pool(&self) -> PoolSettings {
        PoolSettings {
            max_connections: self.pool_size,
            acquire_timeout: Duration::from_millis(self.acquire_timeout_ms),
            // The call is over by then, whatever becomes of the statement.
            statement_timeout: Duration::from_millis(self.max_deadline_ms),
            transfer_timeout: self.transfer_timeout,
            transfer_idle_timeout: self.transfer_idle_timeout,
            ..PoolSettings::default()
        }
    }

    /// How passwords are hashed and verified.
    pub(super) fn passwords(&self) -> Result<PasswordSettings, CommandError> {
        self.passwords.settings()
    }

    /// The keys of page tokens, if there are any.
    pub(super) fn page_token_keys(&self) -> Result<Option<Keys>, CommandError> {
        // Not a `value_parser`: clap's message would repeat the key.
        self.page_token_key
            .as_ref()
            .map(|keys| Keys::parse(keys.expose_secret()))
            .transpose()
            .map_err(|error| format!("--page-token-key: {error}").into())
    }
}

/// How the audit log is kept.
#[derive(Args, Debug)]
pub(super) struct AuditOptions {
    /// How long events of the audit log are kept, 30d at least
    #[arg(long, env = "BYLINE_AUDIT_RETENTION", default_value = "400d", value_name = "TIME",
        value_parser = audit_retention)]
    audit_retention: AuditRetention,
}

impl AuditOptions {
    pub(super) fn retention(&self) -> AuditRetention {
        self.audit_retention
    }
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    let address = text.parse();
    address.map_err(|_| "expected an address and a port, such as 127.0.0.1:50051")
}

/// A length of time. What is none is not repeated, as the reader's own message would.
fn time(text: &str) -> Result<Duration, &'static str> {
    let time = humantime::parse_duration(text);
    time.map_err(|_| "expected a time such as 500ms, 90s, 12h or 30d")
}

/// A length of time that is not none, and short enough to add to any moment.
pub(super) fn some_time(text: &str) -> Result<Duration, CommandError> {
    let time = time(text)?;
    if time.is_zero() || time > LONGEST {
        return Err("must be more than 0s and at most 365 days".into());
    }
    Ok(time)
}

/// How long a key holds.
pub(super) fn key_lifetime(text: &str) -> Result<Duration, CommandError> {
    let time = time(text)?;
    if time.is_zero() || time > 10 * LONGEST {
        return Err("must be more than 0s and at most 3650 days".into());
    }
    Ok(time)
}

const LONGEST: Duration = Duration::from_hours(365 * 24);

fn retention(text: &str) -> Result<Retention, CommandError> {
    let span = time(text)?;
    let span = TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX);
    Retention::new(span).map_err(|invalid| invalid.message.into())
}

pub(super) fn audit_retention(text: &str) -> Result<AuditRetention, CommandError> {
    let span = time(text)?;
    let span = TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX);
    AuditRetention::new(span).map_err(|invalid| invalid.message.into())
}

/// How long a statement of a migration may wait for a lock: PostgreSQL takes less than a
/// millisecond for no limit, and after a minute nobody would be let through.
pub(super) fn lock_timeout(text: &str) -> Result<Duration, CommandError> {
    let time = time(text)?;
    if time < Duration::from_millis(1) || time > Duration::from_mins(1) {
        return Err("must be from 1ms to 1m".into());
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        server: ServerOptions,
    }

    fn keys(text: &str) -> Result<Option<Keys>, CommandError> {
        let program = Program::try_parse_from(["byline", "--page-token-key", text])?;
        program.server.page_token_keys()
    }

    #[test]
    fn a_page_token_key_may_begin_with_a_hyphen() {
        let key = "-_D_______________________________________8";
        assert!(keys(key).unwrap().is_some());
        assert!(keys(&format!("{key},{key}")).unwrap().is_some());
    }

    #[test]
    fn a_wrong_page_token_key_is_not_repeated() {
        for text in ["secret", "-secret", "--secret", "-_D_secret"] {
            let message = keys(text).unwrap_err().to_string();
            assert_eq!(
                message, "--page-token-key: key 1 is neither 32 bytes in base64 nor 64 hex digits",
                "{text}"
            );
        }
        // Set, but to nothing, is a mistake and not a wish for a random one.
        assert!(keys("").is_err());
    }

    #[test]
    fn transfers_leave_a_connection_for_calls() {
        let transfers = |arguments: &[&str]| {
            let program = Program::try_parse_from([&["byline"], arguments].concat());
            program.unwrap().server.limits().max_transfers
        };
        assert_eq!(transfers(&[]), 4);
        assert_eq!(transfers(&["--pool-size", "5"]), 4);
        assert_eq!(transfers(&["--pool-size", "4"]), 3);
        assert_eq!(transfers(&["--pool-size", "1"]), 0);
        assert_eq!(transfers(&["--max-transfers", "99"]), 15);
    }

    #[test]
    fn reads_of_the_audit_log_take_a_quarter_of_the_connections_at_most() {
        for (size, reads) in [("1", 1), ("7", 1), ("8", 2), ("16", 4), ("100", 4)] {
            let program = Program::try_parse_from(["byline", "--pool-size", size]);
            let limits = program.unwrap().server.limits();
            assert_eq!(limits.max_audit_reads, reads, "{size}");
        }
    }

    #[test]
    fn audit_events_are_kept_for_30_days_at_least() {
        for (text, fits) in [("29d", false), ("0s", false), ("30d", true), ("10y", true)] {
            let program = Program::try_parse_from(["byline", "--audit-retention", text]);
            assert_eq!(program.is_ok(), fits, "{text}");
        }
    }

    #[test]
    fn a_transfer_has_some_time() {
        for text in ["0s", "-1s", "1", "366d"] {
            assert!(
                Program::try_parse_from(["byline", "--transfer-timeout", text]).is_err(),
                "{text}"
            );
        }
    }
}
