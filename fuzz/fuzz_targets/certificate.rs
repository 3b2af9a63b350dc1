//! Holds what reads the names in certificates to what it promises: of any bytes as a certificate, and
//! of any names, one a line, of which those with a colon are URIs.
#![no_main]

use std::collections::BTreeSet;

use byline_fuzz::hold;
use http::Uri;
use libfuzzer_sys::fuzz_target;
use pki_types::CertificateDer;

use peer_name::PeerName;

// The program has the type of certificates from rustls, all of which would be built for it.
extern crate rustls_pki_types as pki_types;
extern crate self as rustls;

#[path = "../../crates/grpc/src/transport/identity.rs"]
mod identity;
#[path = "../../crates/grpc/src/transport/peer_name.rs"]
mod peer_name;

fuzz_target!(|bytes: &[u8]| {
    let is_certificate = check_certificate(bytes);
    let is_names = std::str::from_utf8(bytes).is_ok_and(check_names);
    hold(bytes, &[("der", is_certificate), ("names", is_names)]);
});

/// The name that a certificate names is one that stands in it.
fn check_certificate(bytes: &[u8]) -> bool {
    let Some(read) = identity::name_of(&CertificateDer::from(bytes)) else {
        return false;
    };
    let name = read.as_str();
    let is_there = |part: &[u8]| part.eq_ignore_ascii_case(name.as_bytes());
    assert!(bytes.windows(name.len()).any(is_there), "{name}");
    assert!(is_spiffe_id(name) || is_host(name), "{name}");
    // So that rights can be given to it.
    assert_eq!(PeerName::parse(name).as_ref(), Some(&read));
    true
}

/// Names are of one caller or of none, whatever their order.
fn check_names(text: &str) -> bool {
    let (uris, hosts): (Vec<_>, Vec<_>) = text.lines().partition(|name| name.contains(':'));
    let named = named(&uris, &hosts);
    assert_eq!(named, reckoned(&uris, &hosts));
    let turned: Vec<_> = hosts.iter().rev().copied().collect();
    assert_eq!(named, self::named(&uris, &turned));
    let Some(name) = named else {
        return false;
    };
    if uris == [&*name] {
        let two = [&*name, "spiffe://example.org/other"];
        assert_eq!(self::named(&two, &hosts), None);
        let padded = |length: usize| format!("{name:a<length$}");
        let is_taken = |length| self::named(&[&padded(length)], &[]).is_some();
        assert!(is_taken(2_048) && !is_taken(2_049), "{name}");
    } else {
        let id = "spiffe://example.org/web";
        assert_eq!(self::named(&[id], &hosts).as_deref(), Some(id));
        let other = format!("x{name}");
        assert_eq!(self::named(&uris, &[&name, &other]), None);
    }
    true
}

fn named(uris: &[&str], hosts: &[&str]) -> Option<String> {
    PeerName::among(uris, hosts).map(|name| name.as_str().to_owned())
}

/// The name by another reading: an ID is a URI that a reader of URIs takes apart.
fn reckoned(uris: &[&str], hosts: &[&str]) -> Option<String> {
    let has_scheme = |uri: &&str| uri.to_ascii_lowercase().starts_with("spiffe:");
    if uris.iter().any(has_scheme) {
        let is_one = uris.len() == 1 && is_spiffe_id(uris[0]);
        return is_one.then(|| uris[0].to_owned());
    }
    let hosts: BTreeSet<_> = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
    let is_one = hosts.len() == 1 && hosts.iter().all(|host| is_host(host));
    is_one.then(|| hosts.into_iter().collect())
}

fn is_host(name: &str) -> bool {
    !name.contains(|c: char| c == '*' || c.is_ascii_uppercase())
}

fn is_spiffe_id(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return false;
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let (domain, path) = (authority.as_str(), uri.path());
    let is_domain = domain
        .chars()
        .all(|c| is_plain(c) && !c.is_ascii_uppercase());
    let mut segments = path.split('/').skip(1);
    let is_segment =
        |segment: &str| !["", ".", ".."].contains(&segment) && segment.chars().all(is_plain);
    text.len() <= 2_048
        && scheme == "spiffe"
        && is_domain
        && (1..=255).contains(&domain.len())
        // Nothing but these: neither a query nor a fragment, and the scheme in small letters.
        && text == format!("spiffe://{domain}{path}")
        && segments.all(is_segment)
}
