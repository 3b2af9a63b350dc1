//! Who is let in.

use std::num::NonZeroU32;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::jwt::JwtOptions;
use crate::access::jwt::JwtVerifier;
use crate::access::mtls::{Grant, Grants};
use crate::access::{Bounds, Gate, Ways, rights};
use crate::bootstrap::App;
use crate::cli::CommandError;
use crate::cli::shown::shown;
use crate::rates::Quota;

/// How callers are told apart.
#[derive(Args, Debug)]
pub(in crate::cli) struct AuthOptions {
    /// The ways by which callers are known, any of them, separated by commas; `none` lets everybody do everything, on a loopback address
    #[arg(
        long,
        env = "BYLINE_AUTH",
        value_enum,
        value_delimiter = ',',
        required = true,
        value_name = "WAY[,WAY…]"
    )]
    auth: Vec<AuthWay>,

    #[command(flatten)]
    jwt: JwtOptions,

    /// What a caller may do that is known by its certificate: its SPIFFE ID or DNS name, and scopes or a role, such as spiffe://example.org/web=users.read,posts.read or web.example.org=reader. Once a caller; in the environment separated by spaces
    #[arg(
        long,
        env = "BYLINE_MTLS_GRANT",
        value_name = "NAME=SCOPES",
        value_delimiter = ' ',
        value_parser = grant
    )]
    mtls_grant: Vec<Grant>,

    /// Calls a second that each caller may make on and on, of this process; more are told RESOURCE_EXHAUSTED; 0 for as many as it likes. A batch, an import or an export is one call. Without meaning for --auth none
    #[arg(
        long,
        env = "BYLINE_CALLER_RATE",
        default_value_t = 5_000,
        value_name = "N"
    )]
    caller_rate: u32,

    /// Calls that a caller may make at once after it has made none for a while
    #[arg(
        long,
        env = "BYLINE_CALLER_BURST",
        default_value = "10000",
        value_name = "N",
        value_parser = at_least_one
    )]
    caller_burst: NonZeroU32,

    /// Times a minute that the credentials which come from an address may be refused before it is told to rest; good ones are let in all the same. 0 for no bound; tests lower it
    #[arg(
        long,
        env = "BYLINE_REFUSALS_PER_MINUTE",
        default_value_t = 600,
        value_name = "N",
        hide = true
    )]
    refusals_per_minute: u32,

    /// Let everybody who reaches the server read its contract by reflection
    #[arg(long, env = "BYLINE_REFLECTION")]
    reflection: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AuthWay {
    /// API keys, made by `byline keys create`
    Keys,
    /// Tokens that are signed by a key of --jwks
    Jwt,
    /// Certificates of --client-ca
    Mtls,
    /// Nobody is asked
    None,
}

/// Says whose grant is wrong, since there may be many.
fn grant(text: &str) -> Result<Grant, String> {
    let name = text.rsplit_once('=').map_or(text, |(name, _)| name);
    Grant::parse(text).map_err(|why| format!("of {}: {why}", shown(name)))
}

impl AuthOptions {
    /// Refuses what contradicts itself, and to let everybody in who is on the network. `has_ca`:
    /// whether certificates of clients are verified.
    pub(in crate::cli) fn check(
        &self,
        is_loopback: bool,
        has_ca: bool,
    ) -> Result<(), CommandError> {
        if self.is_open() {
            if self.auth.iter().any(|way| *way != AuthWay::None) {
                let message =
                    "--auth: none means that nobody is asked: leave out the others, or it";
                return Err(message.into());
            }
            if !is_loopback {
                let message = "--auth none lets everybody do everything: it is taken on loopback \
                     addresses such as 127.0.0.1 alone";
                return Err(message.into());
            }
        }
        if self.takes(AuthWay::Mtls) && !has_ca {
            return Err("--auth mtls needs --tls-cert, --tls-key and --client-ca".into());
        }
        if self.takes(AuthWay::Jwt) {
            self.jwt.settings()?;
        }
        Ok(())
    }

    pub(in crate::cli) const fn reflection(&self) -> bool {
        self.reflection
    }

    fn is_open(&self) -> bool {
        self.takes(AuthWay::None)
    }

    fn takes(&self, way: AuthWay) -> bool {
        self.auth.contains(&way)
    }

    /// Says what is there to no end.
    fn warn(&self) {
        if !self.mtls_grant.is_empty() && !self.takes(AuthWay::Mtls) {
            tracing::warn!("--mtls-grant gives nothing without --auth mtls");
        }
        if self.mtls_grant.is_empty() && self.takes(AuthWay::Mtls) {
            tracing::warn!(
                "--auth mtls without --mtls-grant lets nobody do anything by a certificate"
            );
        }
        if self.jwt.is_given() && !self.takes(AuthWay::Jwt) {
            tracing::warn!("--jwks and what belongs to it let nobody in without --auth jwt");
        }
    }

    /// How often callers may call, and be refused.
    fn bounds(&self) -> Bounds {
        let rate = NonZeroU32::new(self.caller_rate);
        let callers = rate.map(|rate| Quota::per_second(rate).allow_burst(self.caller_burst));
        Bounds::new(callers, NonZeroU32::new(self.refusals_per_minute))
    }

    /// What lets callers in.
    pub(in crate::cli) async fn gate(&self, app: &App) -> Result<Gate, CommandError> {
        self.warn();
        // Read now, and not by the first call.
        rights::contract();
        if self.is_open() {
            tracing::warn!("--auth none: everybody who reaches this server may do everything");
            return Ok(Gate::Open);
        }
        let jwt = if self.takes(AuthWay::Jwt) {
            let started = JwtVerifier::start(self.jwt.settings()?, app.clock());
            Some(started.await.map_err(|error| format!("--jwks: {error}"))?)
        } else {
            None
        };
        let ways = Ways {
            keys: self.takes(AuthWay::Keys).then(|| Arc::new(app.key_ring())),
            jwt,
            mtls: self
                .takes(AuthWay::Mtls)
                .then(|| Grants::new(self.mtls_grant.iter().cloned())),
        };
        Ok(Gate::Guarded(Box::new((ways, self.bounds()))))
    }
}

fn at_least_one(text: &str) -> Result<NonZeroU32, &'static str> {
    let number = text.parse();
    number.map_err(|_| "expected a number of 1 at least")
}
