//! What a token says of itself before anything in it is believed: JWS in its compact form
//! (RFC 7515), and which key is to be asked.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

use super::algorithms::Algorithms;
use super::object::Object;

/// The longest token that is looked at, in bytes.
const MAX_BYTES: usize = 8 * 1024;

/// Why a token is not taken, for a log.
pub(super) type Flaw = &'static str;

/// A token, not verified yet.
pub(super) struct SignedToken<'a> {
    /// What is signed.
    message: &'a str,
    payload: &'a str,
    signature: &'a str,
    algorithm: Algorithm,
    kid: Option<String>,
}

/// What of a header matters. Where the token says its key is to be found (`jwk`, `jku`, `x5u`,
/// `x5c`) is not even read. A name that is there twice is refused by serde.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default, deserialize_with = "given")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "given")]
    typ: Option<String>,
    #[serde(default, deserialize_with = "given")]
    crit: Option<IgnoredAny>,
}

/// Reads what is there: `null` is no value of it, and not as if it were absent.
pub(super) fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

impl<'a> SignedToken<'a> {
    /// Reads a token that is said to be signed by one of the algorithms.
    pub(super) fn parse(text: &'a str, allowed: &Algorithms) -> Result<Self, Flaw> {
        if text.len() > MAX_BYTES {
            return Err("it is larger than 8 KiB");
        }
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("it is not of three parts");
        };
        let header = decode(header)?;
        let Object(header): Object<Header> =
            serde_json::from_slice(&header).map_err(|_| "its header cannot be read")?;
        if header.crit.is_some() {
            return Err("its header has extensions (`crit`)");
        }
        if !header.typ.as_deref().is_none_or(is_of_access) {
            return Err("its header says that it is for something else (`typ`)");
        }
        Ok(Self {
            message: &text[..text.len() - signature.len() - 1],
            payload,
            signature,
            algorithm: allowed
                .named(&header.alg)
                .ok_or("its algorithm is not in the list")?,
            kid: header.kid,
        })
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key that it names, if it names one.
    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub(super) fn is_signed_by(&self, key: &DecodingKey) -> bool {
        let message = self.message.as_bytes();
        crypto::verify(self.signature, message, key, self.algorithm).unwrap_or(false)
    }

    /// What was signed for: to be read once it is known that it was.
    pub(super) fn payload(&self) -> Result<Vec<u8>, Flaw> {
        decode(self.payload)
    }
}

/// Reads base64 that is written in the one way that RFC 7515 allows: no padding, no white
/// space, no bits left over.
fn decode(text: &str) -> Result<Vec<u8>, Flaw> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| "a part of it is no base64url")
}

/// Whether a `typ` is that of an access token (RFC 9068) or of no particular one: else a token
/// that was made for something else would be taken (RFC 8725, 3.11).
fn is_of_access(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    let typ = typ.strip_prefix("application/").unwrap_or(&typ);
    matches!(typ, "jwt" | "at+jwt")
}
