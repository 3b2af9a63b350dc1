//! The names that callers have in their certificates.

use std::fmt;

/// The name of a peer by its certificate: a SPIFFE ID, or a DNS name in small letters. The one
/// has a scheme, so that neither can be taken for the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PeerName(String);

impl PeerName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads a name that a certificate may have. `None` if none of whoever is let in has it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.contains("://") {
            return Self::among(&[text], &[]);
        }
        let is_of_host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        let is_host = text.bytes().all(is_of_host);
        is_host.then(|| Self::among(&[], &[text])).flatten()
    }

    /// Whom names in a certificate stand for: the SPIFFE ID among the URIs, or the name of a host
    /// where there is none; nobody where it could be another one as well.
    pub(super) fn among(uris: &[&str], hosts: &[&str]) -> Option<Self> {
        if uris.iter().any(|uri| has_spiffe_scheme(uri)) {
            // An X.509-SVID has one URI and no other.
            return match uris[..] {
                [id] if is_spiffe_id(id) => Some(Self(id.to_owned())),
                _ => None,
            };
        }
        let mut names: Vec<_> = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        names.sort();
        names.dedup();
        match names.pop() {
            // A wildcard stands for many, and of several none is more the peer's than another.
            Some(name) if names.is_empty() && !name.contains('*') => Some(Self(name)),
            _ => None,
        }
    }
}

impl fmt::Display for PeerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const SPIFFE_ID_MAX: usize = 2_048;
const TRUST_DOMAIN_MAX: usize = 255;

fn has_spiffe_scheme(uri: &str) -> bool {
    let scheme = uri.split(':').next().unwrap_or_default();
    scheme.eq_ignore_ascii_case("spiffe")
}

/// Whether it is the ID of a workload, by the standards SPIFFE-ID and X509-SVID.
fn is_spiffe_id(uri: &str) -> bool {
    let Some((domain, path)) = uri
        .strip_prefix("spiffe://")
        .and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    let of_domain =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_');
    let of_path = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    uri.len() <= SPIFFE_ID_MAX
        && (1..=TRUST_DOMAIN_MAX).contains(&domain.len())
        && domain.bytes().all(of_domain)
        && path
            .split('/')
            .all(|segment| !matches!(segment, "" | "." | "..") && segment.bytes().all(of_path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spiffe_id_is_as_the_standard_says() {
        let longest = format!("spiffe://a/{}", "b".repeat(SPIFFE_ID_MAX - 11));
        for id in [
            "spiffe://example.org/web",
            "spiffe://example.org/a/B/c-1_2.3",
            "spiffe://1.2_3-4/...",
            &longest,
        ] {
            assert!(is_spiffe_id(id), "{id}");
        }
        let too_long = format!("{longest}b");
        let long_domain = format!("spiffe://{}/b", "a".repeat(TRUST_DOMAIN_MAX + 1));
        for id in [
            "spiffe://example.org",
            "spiffe://example.org/",
            "spiffe://example.org/a/",
            "spiffe://example.org//a",
            "spiffe://example.org/a/../b",
            "spiffe://example.org/./b",
            "spiffe://Example.org/a",
            "spiffe://example.org:80/a",
            "spiffe://user@example.org/a",
            "spiffe://example.org/a?b",
            "spiffe://example.org/a#b",
            "spiffe://example.org/%61",
            "spiffe:///a",
            "spiffe:/example.org/a",
            "https://example.org/a",
            "",
            &too_long,
            &long_domain,
        ] {
            assert!(!is_spiffe_id(id), "{id}");
        }
    }
}
