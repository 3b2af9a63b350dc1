//! Key sets (RFC 7517): which keys there are, and for what each may be used.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::error::Category;

use super::algorithms::Algorithms;
use super::object::Object;
use super::token::SignedToken;

/// The largest document that is read, in bytes.
pub(super) const MAX_BYTES: usize = 1024 * 1024;
const MAX_KEYS: usize = 100;
/// How many keys are tried on a token that names none, or one of several: each costs time, also
/// for whoever has made the token up.
const MAX_TRIED: usize = 10;

/// How many bits the modulus of an RSA key has.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;
/// FIPS 186-5: small ones have made forgeries easy, and large ones cost time.
const RSA_EXPONENTS: std::ops::RangeInclusive<u64> = 65_537..=0xffff_ffff;

const RSA: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// Keys of which at least one can be used.
pub(super) struct KeySet {
    keys: Vec<Key>,
    /// What is wrong with the others.
    unusable: String,
}

struct Key {
    kid: Option<String>,
    /// Those of its kind that it may be used with.
    algorithms: Vec<Algorithm>,
    public: DecodingKey,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Entry>,
}

/// One of a kind that is not known must not spoil the rest (RFC 7517, 5).
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Key(Object<Box<Jwk>>),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// Its private part.
    d: Option<IgnoredAny>,
}

/// Why there is no set.
#[derive(Debug)]
pub(super) enum NoKeys {
    /// It is not known what keys there are.
    Unreadable(String),
    /// It is known that there are none: whoever made the set has taken them out.
    Withdrawn(String),
}

impl NoKeys {
    /// What is wrong.
    pub(super) fn problem(&self) -> &str {
        match self {
            Self::Unreadable(problem) | Self::Withdrawn(problem) => problem,
        }
    }
}

impl From<String> for NoKeys {
    fn from(problem: String) -> Self {
        Self::Unreadable(problem)
    }
}

impl KeySet {
    /// Reads a document.
    pub(super) fn parse(document: &[u8], allowed: &Algorithms) -> Result<Self, NoKeys> {
        let Object(document): Object<Document> =
            serde_json::from_slice(document).map_err(|error| unreadable(&error))?;
        if document.keys.len() > MAX_KEYS {
            return Err(format!("it has more than {MAX_KEYS} keys").into());
        }
        let mut keys = Vec::new();
        let mut unusable = String::new();
        for (index, entry) in document.keys.iter().enumerate() {
            let key = match entry {
                Entry::Key(Object(jwk)) => jwk.read(allowed),
                Entry::Other(_) => Err("cannot be read".to_owned()),
            };
            match key {
                Ok(key) => keys.push(key),
                Err(problem) => {
                    let comma = if unusable.is_empty() { "" } else { ", " };
                    let _ = write!(unusable, "{comma}key {} {problem}", index + 1);
                }
            }
        }
        match (keys.is_empty(), unusable.is_empty()) {
            (false, _) => Ok(Self { keys, unusable }),
            (true, false) => Err(NoKeys::Withdrawn(format!(
                "it has no key that can be used: {unusable}"
            ))),
            (true, true) => Err(NoKeys::Withdrawn("it has no keys".to_owned())),
        }
    }

    /// How many can be used.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// What is wrong with those that cannot be used; empty if there are none.
    pub(super) fn unusable(&self) -> &str {
        &self.unusable
    }

    /// Whether there is a key of that name.
    pub(super) fn knows(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// Whether a key of the set signed the token: one of the name that it gives, if it gives
    /// one, and in any case one that may be used with its algorithm.
    pub(super) fn has_signed(&self, token: &SignedToken<'_>) -> bool {
        let fits = |key: &&Key| {
            let is_named = token
                .kid()
                .is_none_or(|kid| key.kid.as_deref() == Some(kid));
            is_named && key.algorithms.contains(&token.algorithm())
        };
        let mut fitting = self.keys.iter().filter(fits).take(MAX_TRIED);
        fitting.any(|key| token.is_signed_by(&key.public))
    }
}

/// Where a document stops being a key set. What stands there may be a secret: the file of another
/// one, such as a private key, is given by mistake.
fn unreadable(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let why = match error.classify() {
        Category::Eof => "ends",
        Category::Syntax | Category::Io => "is no JSON",
        Category::Data => "is something else",
    };
    format!("it is no key set (JWKS): it {why} at line {line} column {column}")
}

impl Jwk {
    fn read(&self, allowed: &Algorithms) -> Result<Key, String> {
        if self.d.is_some() {
            return Err("is private: a set that others read is for public keys".to_owned());
        }
        if self
            .purpose
            .as_deref()
            .is_some_and(|purpose| purpose != "sig")
        {
            return Err("is not for signatures (`use`)".to_owned());
        }
        let verifies = |operations: &Vec<String>| operations.iter().any(|name| name == "verify");
        if !self.key_ops.as_ref().is_none_or(verifies) {
            return Err("is not for verifying (`key_ops`)".to_owned());
        }
        let (public, kind) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => (self.rsa()?, RSA),
            ("EC", Some("P-256")) => (self.point(32)?, &[Algorithm::ES256][..]),
            ("EC", Some("P-384")) => (self.point(48)?, &[Algorithm::ES384][..]),
            ("OKP", Some("Ed25519")) => (self.edwards()?, &[Algorithm::EdDSA][..]),
            _ => return Err("is of a kind that is not known".to_owned()),
        };
        let is_meant = |name: &Algorithm| {
            let alg = self.alg.as_deref();
            allowed.has(*name) && alg.is_none_or(|alg| alg.parse().ok() == Some(*name))
        };
        let algorithms: Vec<_> = kind.iter().copied().filter(is_meant).collect();
        if algorithms.is_empty() {
            return Err("is for no algorithm that is in the list".to_owned());
        }
        Ok(Key {
            kid: self.kid.clone(),
            algorithms,
            public,
        })
    }

    fn rsa(&self) -> Result<DecodingKey, String> {
        let (n, e) = (number(self.n.as_ref())?, number(self.e.as_ref())?);
        let bits = n.first().map_or(0, |first| {
            n.len() * 8 - usize::try_from(first.leading_zeros()).unwrap_or(0)
        });
        if !RSA_BITS.contains(&bits) {
            let (least, most) = (RSA_BITS.start(), RSA_BITS.end());
            return Err(format!("has {bits} bits, and not {least} to {most}"));
        }
        let exponent =
            (e.len() <= 8).then(|| e.iter().fold(0, |e, byte| e << 8 | u64::from(*byte)));
        let is_good = |e: u64| RSA_EXPONENTS.contains(&e) && !e.is_multiple_of(2);
        if !exponent.is_some_and(is_good) {
            return Err("has an exponent (`e`) that is none for signatures".to_owned());
        }
        Ok(DecodingKey::from_rsa_raw_components(&n, &e))
    }

    fn point(&self, bytes: usize) -> Result<DecodingKey, String> {
        let (x, y) = (
            sized(self.x.as_ref(), bytes)?,
            sized(self.y.as_ref(), bytes)?,
        );
        DecodingKey::from_ec_components(x, y).map_err(|error| format!("cannot be read: {error}"))
    }

    fn edwards(&self) -> Result<DecodingKey, String> {
        let x = sized(self.x.as_ref(), 32)?;
        DecodingKey::from_ed_components(x).map_err(|error| format!("cannot be read: {error}"))
    }
}

/// A number in bytes, the greatest first, and no zeros before it.
fn number(text: Option<&String>) -> Result<Vec<u8>, String> {
    let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let bytes = bytes.ok_or("has no `n` and `e` that can be read")?;
    Ok(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}

/// Base64 of so many bytes.
fn sized(text: Option<&String>, bytes: usize) -> Result<&str, String> {
    let is_right = |text: &&String| {
        let decoded = URL_SAFE_NO_PAD.decode(text).ok();
        decoded.is_some_and(|decoded| decoded.len() == bytes)
    };
    let text = text.filter(is_right);
    text.map(String::as_str)
        .ok_or_else(|| format!("has a coordinate that is not {bytes} bytes"))
}
