//! What a token claims, once its signature is known to be good.

use byline_domain::access::{Caller, CallerName, Scopes, Way};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Refusal;
use super::object::Object;
use super::token::given;

/// By how many seconds clocks may differ.
const LEEWAY: f64 = 60.0;

/// Those claims that matter. A name that is there twice is refused by serde.
#[derive(Deserialize)]
pub(super) struct Claims {
    #[serde(default, deserialize_with = "given")]
    iss: Option<String>,
    #[serde(default, deserialize_with = "given")]
    sub: Option<String>,
    #[serde(default, deserialize_with = "given")]
    aud: Option<Audience>,
    /// Seconds since 1970, as all times here; maybe with a fraction.
    #[serde(default, deserialize_with = "given")]
    exp: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    nbf: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    iat: Option<f64>,
    /// Names separated by spaces (RFC 9068, RFC 8693). A list is no `scope` of these.
    #[serde(default, deserialize_with = "given")]
    scope: Option<String>,
    #[serde(default, deserialize_with = "given")]
    cnf: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn has(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Many(many) => many.iter().any(|one| one == name),
        }
    }
}

impl Claims {
    pub(super) fn parse(payload: &[u8]) -> Result<Self, Refusal> {
        let claims = serde_json::from_slice(payload);
        let claims = claims.map(|Object(claims)| claims);
        claims.map_err(|_| Refusal::Invalid("its claims cannot be read"))
    }

    /// Whom the token is of, if it was made by `issuer` for `audience` and is valid `now`.
    pub(super) fn caller(
        &self,
        issuer: &str,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<Caller, Refusal> {
        if self.iss.as_deref() != Some(issuer) {
            return Err(Refusal::Invalid("it is of another issuer (`iss`)"));
        }
        if !self.aud.as_ref().is_some_and(|aud| aud.has(audience)) {
            return Err(Refusal::Invalid("it is for another audience (`aud`)"));
        }
        // Whoever stole it would need more than the token; nothing here asks for that.
        if self.cnf.is_some() {
            return Err(Refusal::Invalid(
                "it is bound to a key of its bearer (`cnf`)",
            ));
        }
        self.check_times((now - DateTime::UNIX_EPOCH).as_seconds_f64())?;
        let scopes = self.scope.as_deref().unwrap_or_default();
        let scopes = Scopes::known(scopes.split(' '));
        Ok(Caller::new(Way::Jwt, &self.name()?, scopes))
    }

    fn check_times(&self, now: f64) -> Result<(), Refusal> {
        let later = |time: Option<f64>| time.is_some_and(|time| now + LEEWAY < time);
        let exp = self
            .exp
            .ok_or(Refusal::Invalid("it does not expire (`exp`)"))?;
        if exp + LEEWAY <= now {
            return Err(Refusal::Expired);
        }
        if later(self.nbf) {
            return Err(Refusal::Invalid("it is not valid yet (`nbf`)"));
        }
        if later(self.iat) {
            return Err(Refusal::Invalid("it was issued in the future (`iat`)"));
        }
        Ok(())
    }

    /// Subjects are told apart to the letter (RFC 7519, 4.1.2), so one that only becomes a name
    /// in NFC is none: it could become somebody else's.
    fn name(&self) -> Result<CallerName, Refusal> {
        let sub = self
            .sub
            .as_deref()
            .ok_or(Refusal::Invalid("it is of nobody (`sub`)"))?;
        let name = CallerName::parse(sub).ok();
        name.filter(|name| name.as_str() == sub)
            .ok_or(Refusal::Invalid("its `sub` is no name of a caller"))
    }
}
