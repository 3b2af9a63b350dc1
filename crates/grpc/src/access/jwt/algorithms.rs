//! The algorithms by which tokens may be signed: asymmetric ones alone.

use jsonwebtoken::{Algorithm, AlgorithmFamily};

/// A list of asymmetric algorithms. HS* and `none` cannot be in it, so that a public key is
/// never taken for a shared secret (RFC 8725, 3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Algorithms(Vec<Algorithm>);

/// What a list of algorithms may not hold.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} is no algorithm that tokens may be signed by: there are RS256, RS384, RS512, PS256, \
     PS384, PS512, ES256, ES384, EdDSA"
)]
pub(crate) struct BadAlgorithm(String);

impl BadAlgorithm {
    /// Repeats what may be the name of an algorithm, and not what may be a secret.
    fn named(name: &str) -> Self {
        let is_name = name.len() <= 8 && name.bytes().all(|b| b.is_ascii_alphanumeric());
        Self(if is_name {
            format!("{name:?}")
        } else {
            "what was given".to_owned()
        })
    }
}

impl Algorithms {
    /// Those that are allowed where nothing else is said, as [`Self::parse`] reads them.
    pub(crate) const DEFAULT: &str = "RS256,PS256,ES256,EdDSA";

    /// Reads names that are separated by commas, white space around them aside.
    pub(crate) fn parse(text: &str) -> Result<Self, BadAlgorithm> {
        let read = |name: &str| {
            let algorithm: Option<Algorithm> = name.parse().ok();
            algorithm
                .filter(|algorithm| algorithm.family() != AlgorithmFamily::Hmac)
                .ok_or_else(|| BadAlgorithm::named(name))
        };
        let algorithms = text.split(',').map(|name| read(name.trim()));
        algorithms.collect::<Result<_, _>>().map(Self)
    }

    /// The algorithm of that name, if it is in the list.
    pub(super) fn named(&self, name: &str) -> Option<Algorithm> {
        let algorithm = name.parse().ok()?;
        self.has(algorithm).then_some(algorithm)
    }

    /// Whether it is in the list.
    pub(super) fn has(&self, algorithm: Algorithm) -> bool {
        self.0.contains(&algorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_by_default_is_asymmetric() {
        let allowed = Algorithms::parse(Algorithms::DEFAULT).unwrap();
        for name in ["RS256", "PS256", "ES256", "EdDSA"] {
            assert!(allowed.named(name).is_some(), "{name}");
        }
        for name in ["none", "None", "HS256", "HS512", "ES384", "rs256", ""] {
            assert_eq!(allowed.named(name), None, "{name}");
        }
    }

    #[test]
    fn a_list_of_shared_secrets_none_or_nothing_is_refused() {
        assert_eq!(
            Algorithms::parse(" PS512, ES384 "),
            Algorithms::parse("PS512,ES384")
        );
        for text in ["HS256", "ES256,HS512", "none", "ES512", "RS256,", ""] {
            let refusal = Algorithms::parse(text).unwrap_err().to_string();
            assert!(refusal.contains("is no algorithm"), "{text}: {refusal}");
        }
    }
}
