//! Who a call comes from.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use byline_app::access::{KeyRefusal, KeyRing};
use byline_domain::access::{Caller, PresentedKey};
use http::{Extensions, HeaderMap};
use tonic::Status;

use super::bearer::{self, Bearer};
use super::bounds::Bounds;
use super::jwt::{self, JwtVerifier};
use super::mtls::{Grants, Nameless};
use crate::causes::with_causes;
use crate::status::unauthenticated;

/// Why a call is not let in. What it says is for a log, and holds no secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It proves nothing.
    #[error("there are none")]
    Missing,
    /// What it proves itself by is no proof.
    #[error("{0}")]
    Invalid(Cow<'static, str>),
    /// What it proves itself by was good until a while ago.
    #[error("{0}")]
    Expired(Cow<'static, str>),
    /// Whether it is a proof cannot be told now.
    #[error("{0}")]
    Unavailable(String),
}

/// A refusal of what is no proof, and why it is none.
fn invalid(why: &'static str) -> Refusal {
    Refusal::Invalid(why.into())
}

/// The ways by which callers are known; those that are absent are not taken.
#[derive(Default)]
pub(crate) struct Ways {
    /// API keys.
    pub(crate) keys: Option<Arc<KeyRing>>,
    /// Signed tokens.
    pub(crate) jwt: Option<JwtVerifier>,
    /// Certificates of connections, and what was given to whom.
    pub(crate) mtls: Option<Grants>,
}

/// Knows callers.
pub(crate) enum Gate {
    /// Everybody may do everything.
    Open,
    /// Whoever is known by one of these may do what was given to it, within bounds.
    Guarded(Box<(Ways, Bounds)>),
}

/// How often the keys are read anew; a key that is revoked is refused after that.
const REFRESH: Duration = Duration::from_secs(5);
/// How long a call waits to be told apart.
const PATIENCE: Duration = Duration::from_secs(3);

impl Gate {
    /// Who makes a call of these headers, over the connection that the extensions tell of. Where
    /// there is a token it alone counts: behind a proxy the connection is the proxy's.
    pub(crate) async fn caller(
        &self,
        headers: &HeaderMap,
        connection: &Extensions,
    ) -> Result<Caller, Refusal> {
        let Self::Guarded(guard) = self else {
            return Ok(Caller::anybody());
        };
        let (ways, _) = &**guard;
        match bearer::read(headers) {
            Bearer::Token(token) => tokio::time::timeout(PATIENCE, ways.bearer(token))
                .await
                .unwrap_or_else(|_| Err(Refusal::Unavailable("it took too long".to_owned()))),
            Bearer::Malformed => Err(invalid("it is no bearer token, or more than one")),
            Bearer::None => ways.certificate(connection),
        }
    }

    /// Counts a call of that caller, or refuses it.
    pub(crate) fn count(&self, caller: &Caller) -> Result<(), Status> {
        match self {
            // Callers that are not told apart are bounded together, by how many calls there are.
            Self::Open => Ok(()),
            Self::Guarded(guard) => guard.1.count(caller),
        }
    }

    /// What is told of a refusal of credentials that came over the connection that the
    /// extensions tell of.
    pub(crate) fn refuse(&self, refusal: &Refusal, connection: &Extensions) -> Status {
        match self {
            Self::Open => unauthenticated(refusal),
            Self::Guarded(guard) => guard.1.refuse(refusal, connection.get()),
        }
    }

    /// Learns of keys that are made and withdrawn, for as long as it is polled.
    pub(crate) async fn follow(&self) {
        let Self::Guarded(guard) = self else {
            return std::future::pending().await;
        };
        let (ways, _) = &**guard;
        let keys = async {
            match &ways.keys {
                Some(keys) => follow(keys).await,
                None => std::future::pending().await,
            }
        };
        let jwt = async {
            match &ways.jwt {
                Some(jwt) => jwt.follow().await,
                None => std::future::pending().await,
            }
        };
        tokio::join!(keys, jwt);
    }
}

/// Reads the API keys anew, again and again.
async fn follow(keys: &KeyRing) {
    let mut was_read = None;
    loop {
        let read = keys.refresh().await;
        match (&read, was_read) {
            (Err(error), None | Some(true)) => {
                tracing::warn!(error = %with_causes(error), "the API keys cannot be read");
            }
            (Ok(()), Some(false)) => tracing::info!("the API keys can be read again"),
            (Ok(()), None | Some(true)) | (Err(_), Some(false)) => {}
        }
        was_read = Some(read.is_ok());
        tokio::time::sleep(REFRESH).await;
    }
}

impl Ways {
    async fn bearer(&self, token: &str) -> Result<Caller, Refusal> {
        if PresentedKey::is_meant(token) {
            let keys = self.keys.as_ref();
            let keys = keys.ok_or_else(|| invalid("API keys are not taken (--auth)"))?;
            let key = PresentedKey::parse(token);
            let key = key.ok_or_else(|| invalid("it is no API key, or a mistyped one"))?;
            let id = key.id;
            let found = match keys.look_up(&key) {
                Some(found) => found,
                None => find(Arc::clone(keys), key).await?,
            };
            return found.map_err(|refusal| match refusal {
                KeyRefusal::Unknown => {
                    let why =
                        format!("there is no API key {id}, or no longer, or its secret is another");
                    Refusal::Invalid(why.into())
                }
                KeyRefusal::Expired => Refusal::Expired(format!("API key {id} has expired").into()),
                KeyRefusal::Unavailable(error) => Refusal::Unavailable(with_causes(&error)),
            });
        }
        let jwt = self.jwt.as_ref();
        let jwt = jwt.ok_or_else(|| invalid("tokens are not taken (--auth)"))?;
        jwt.verify(token).await.map_err(|refusal| {
            let why = refusal.to_string();
            match refusal {
                jwt::Refusal::Invalid(_) => Refusal::Invalid(why.into()),
                jwt::Refusal::Expired => Refusal::Expired(why.into()),
                jwt::Refusal::Unavailable(_) => Refusal::Unavailable(why),
            }
        })
    }

    fn certificate(&self, connection: &Extensions) -> Result<Caller, Refusal> {
        let grants = self.mtls.as_ref().ok_or(Refusal::Missing)?;
        let known = connection.get().and_then(|peer| grants.caller(peer));
        known
            .ok_or(Refusal::Missing)?
            .map_err(|Nameless| invalid("the certificate names nobody, or several"))
    }
}

/// Looks for a key on a task of its own: what is read there others wait for too, so it neither
/// ends with one caller nor counts as what that one's call cost.
async fn find(
    keys: Arc<KeyRing>,
    key: PresentedKey,
) -> Result<Result<Caller, KeyRefusal>, Refusal> {
    let finding = tokio::spawn(async move { keys.find(&key).await });
    let found = finding.await;
    found.map_err(|broken_off| Refusal::Unavailable(broken_off.to_string()))
}

#[cfg(test)]
mod tests {
    use byline_domain::access::ApiKey;
    use byline_domain::error::RepositoryError;
    use byline_domain::testing::fixtures::{FixedClock, time};
    use byline_domain::testing::mocks::MockKeyReader;
    use http::HeaderValue;
    use http::header::AUTHORIZATION;
    use secrecy::ExposeSecret;

    use super::*;
    use crate::system::RandomPause;

    fn headers(token: &str) -> HeaderMap {
        let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        HeaderMap::from_iter([(AUTHORIZATION, value)])
    }

    async fn refusal(ways: Ways, headers: &HeaderMap) -> Refusal {
        let known = Gate::Guarded(Box::new((ways, Bounds::new(None, None))))
            .caller(headers, &Extensions::new())
            .await;
        known.unwrap_err()
    }

    fn ring(reader: MockKeyReader) -> Ways {
        let clock = Arc::new(FixedClock(time(0)));
        Ways {
            keys: Some(Arc::new(KeyRing::new(
                Arc::new(reader),
                clock,
                Arc::new(RandomPause),
            ))),
            ..Ways::default()
        }
    }

    fn key() -> String {
        let key = ApiKey::from_random(&[7; ApiKey::RANDOM_BYTES]).reveal();
        key.expose_secret().to_owned()
    }

    #[tokio::test]
    async fn everybody_comes_through_an_open_gate_and_nobody_through_one_that_knows_no_way() {
        let anybody = Gate::Open
            .caller(&HeaderMap::new(), &Extensions::new())
            .await;
        assert_eq!(anybody.unwrap(), Caller::anybody());
        assert_eq!(
            refusal(Ways::default(), &HeaderMap::new()).await,
            Refusal::Missing
        );
        let with_key = refusal(Ways::default(), &headers(&key())).await;
        assert_eq!(with_key, invalid("API keys are not taken (--auth)"));
    }

    #[tokio::test]
    async fn keys_that_cannot_be_read_are_no_wrong_keys() {
        let mut reader = MockKeyReader::new();
        reader
            .expect_usable()
            .returning(|_| Err(RepositoryError::Unavailable("away".into())));
        let refusal = refusal(ring(reader), &headers(&key())).await;
        assert!(matches!(refusal, Refusal::Unavailable(_)), "{refusal:?}");
    }

    #[tokio::test]
    async fn what_cannot_be_a_key_is_looked_for_nowhere() {
        // A mock without expectations fails when it is asked.
        let mistyped = key().replace('7', "8");
        for token in [&mistyped[..], "byl_", "a.b.c"] {
            let refusal = refusal(ring(MockKeyReader::new()), &headers(token)).await;
            assert!(matches!(refusal, Refusal::Invalid(_)), "{token}: {refusal}");
        }
        assert!(PresentedKey::parse(&key()).is_some());
    }
}
