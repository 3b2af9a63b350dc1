//! Whom a client certificate names.

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use super::peer_name::PeerName;

/// Whom a certificate names that was verified already, if it names one alone. The common name
/// says nothing.
pub(super) fn name_of(certificate: &CertificateDer<'_>) -> Option<PeerName> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    let uris: Vec<_> = certificate.valid_uri_names().collect();
    let hosts: Vec<_> = certificate.valid_dns_names().collect();
    PeerName::among(&uris, &hosts)
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
        name_of(certificate.der()).map(|name| name.to_string())
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
}
