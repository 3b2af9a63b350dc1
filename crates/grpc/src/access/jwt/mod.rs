//! Callers that are known by a signed token (JWT: RFC 7519, RFC 8725, RFC 9068).
//!
//! jsonwebtoken verifies signatures, and no more: its `decode` reads what a header says of
//! its own key, takes the system's time, and would read everything anew for each key that is
//! tried. A token is read here in this order, and the first thing that is wrong ends it:
//! its size, its header, its signature, its claims.

mod algorithms;
mod claims;
mod key_set;
mod keys;
mod object;
mod refusal;
mod source;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;

use byline_domain::access::Caller;
use byline_domain::clock::Clock;

pub(crate) use self::algorithms::Algorithms;
use self::claims::Claims;
use self::keys::{Keys, Pace};
pub(crate) use self::refusal::Refusal;
pub(crate) use self::source::JwksSource;
use self::token::SignedToken;

/// Which tokens are taken.
#[derive(Clone, Debug)]
pub(crate) struct JwtSettings {
    /// The keys that sign them.
    pub(crate) jwks: JwksSource,
    /// Their `iss`, to the letter.
    pub(crate) issuer: String,
    /// What is their `aud`, or is in it.
    pub(crate) audience: String,
    /// By what they may be signed.
    pub(crate) algorithms: Algorithms,
}

/// Why tokens cannot be verified at all.
#[derive(Debug, thiserror::Error)]
#[error("the key set {jwks}: {problem}")]
pub(crate) struct JwtError {
    jwks: String,
    problem: String,
}

impl JwtError {
    fn new(jwks: &JwksSource, problem: String) -> Self {
        Self {
            jwks: jwks.to_string(),
            problem,
        }
    }
}

/// Tells callers by their tokens.
pub(crate) struct JwtVerifier {
    issuer: String,
    audience: String,
    algorithms: Algorithms,
    keys: Keys,
    clock: Arc<dyn Clock>,
}

impl JwtVerifier {
    /// Reads the key set once. A file that cannot be read, or holds no key that can be used, is
    /// an error; a URL that gives none is a warning, and calls are refused as `Unavailable`
    /// until it does. Takes up to 5 s.
    pub(crate) async fn start(
        settings: JwtSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, JwtError> {
        let pace = Pace::of(&settings.jwks);
        Self::start_at(settings, clock, pace).await
    }

    async fn start_at(
        settings: JwtSettings,
        clock: Arc<dyn Clock>,
        pace: Pace,
    ) -> Result<Self, JwtError> {
        let algorithms = settings.algorithms;
        Ok(Self {
            issuer: settings.issuer,
            audience: settings.audience,
            keys: Keys::start(settings.jwks, algorithms.clone(), pace).await?,
            algorithms,
            clock,
        })
    }

    /// Whom a token is of. Waits up to 2 s, and only where the token names a key that is not
    /// known.
    pub(crate) async fn verify(&self, token: &str) -> Result<Caller, Refusal> {
        let token = SignedToken::parse(token, &self.algorithms).map_err(Refusal::Invalid)?;
        let keys = self.keys.find(token.kid()).await?;
        if !keys.has_signed(&token) {
            return Err(Refusal::Invalid("no key of the set has signed it"));
        }
        let payload = token.payload().map_err(Refusal::Invalid)?;
        Claims::parse(&payload)?.caller(&self.issuer, &self.audience, self.clock.now())
    }

    /// Keeps the key set up to date for as long as it is polled. Never ends.
    pub(crate) async fn follow(&self) {
        self.keys.follow().await;
    }
}
