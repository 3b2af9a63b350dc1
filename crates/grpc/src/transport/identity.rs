//! Whom a client certificate names.

use std::fmt;

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

/// The name of a peer by its certificate: a SPIFFE ID, or a DNS name in small letters. The one
/// has a scheme, so that neither can be taken for the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PeerName(String);

impl PeerName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whom a certificate names that was verified already, if it names one alone: its SPIFFE ID,
    /// or its DNS name where it has none. The common name says nothing.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let certificate = EndEntityCert::try_from(certificate).ok()?;
        let uris: Vec<_> = certificate.valid_uri_names().collect();
        if uris.iter().any(|uri| has_spiffe_scheme(uri)) {
            // An X.509-SVID has one URI and no other.
            return match uris[..] {
                [id] if is_spiffe_id(id) => Some(Self(id.to_owned())),
                _ => None,
            };
        }
        let mut names: Vec<_> = certificate
            .valid_dns_names()
            .map(str::to_ascii_lowercase)
            .collect();
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
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    fn uri(text: &str) -> SanType {
        SanType::URI(text.try_into().unwrap())
    }

    fn dns(text: &str) -> SanType {
        SanType::DnsName(text.try_into().unwrap())
    }

    /// Whom a certificate of those names stands for.
    fn name(names: &[SanType]) -> Option<String> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names.to_vec();
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        PeerName::of(certificate.der()).map(|name| name.to_string())
    }

    #[test]
    fn a_spiffe_id_comes_before_dns_names() {
        let id = "spiffe://example.org/ns/prod/sa/web-1";
        assert_eq!(name(&[uri(id)]).as_deref(), Some(id));
        let among_others = [dns("a.example.org"), uri(id), dns("b.example.org")];
        assert_eq!(name(&among_others).as_deref(), Some(id));
    }

    #[test]
    fn a_certificate_with_a_wrong_or_a_second_spiffe_id_names_nobody() {
        let id = "spiffe://example.org/web";
        for names in [
            vec![uri(id), uri("spiffe://example.org/other")],
            vec![uri(id), uri("https://example.org/")],
            vec![uri("https://example.org/"), uri(id)],
            vec![uri("SPIFFE://example.org/web"), dns("web.example.org")],
            vec![uri("spiffe://example.org/"), dns("web.example.org")],
        ] {
            assert_eq!(name(&names), None, "{names:?}");
        }
    }

    #[test]
    fn a_dns_name_counts_alone() {
        let alone = |names: &[SanType]| name(names);
        assert_eq!(
            alone(&[dns("Web.Example.org")]).as_deref(),
            Some("web.example.org")
        );
        let twice = [dns("web.example.org"), dns("WEB.example.org")];
        assert_eq!(alone(&twice).as_deref(), Some("web.example.org"));
        let beside_a_page = [dns("web.example.org"), uri("https://example.org/web")];
        assert_eq!(alone(&beside_a_page).as_deref(), Some("web.example.org"));

        assert_eq!(alone(&[dns("a.example.org"), dns("b.example.org")]), None);
        assert_eq!(alone(&[dns("*.example.org")]), None);
        let address = SanType::IpAddress([192, 0, 2, 1].into());
        assert_eq!(alone(&[address]), None);
        // Its common name is "rcgen self signed cert".
        assert_eq!(alone(&[]), None);
    }

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
