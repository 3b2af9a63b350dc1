//! What callers may do that are known by the certificate of their connection, which has no
//! place for scopes.

use std::collections::HashMap;

use byline_domain::access::{AccessRole, Caller, CallerName, Scopes, Way};

use crate::transport::{Peer, PeerName};

/// What was given to whom. Who is not among them is known, and may do nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grants(HashMap<String, Scopes>);

/// What was given to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    name: String,
    scopes: Scopes,
}

impl Grant {
    /// Reads `NAME=SCOPES`, or `NAME=ROLE`. Says what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (name, rights) = text
            .rsplit_once('=')
            .ok_or("expected NAME=SCOPES, such as spiffe://example.org/web=users.read")?;
        let name =
            CallerName::parse(name).map_err(|invalid| format!("the name {}", invalid.message))?;
        let scopes = match AccessRole::parse(rights) {
            Ok(role) => role.scopes(),
            Err(_) => Scopes::parse(rights).map_err(|invalid| invalid.message)?,
        };
        // As certificates tell it, which names of hosts do in small letters.
        let name = PeerName::parse(name.as_str()).ok_or(
            "the name is of no certificate that is let in: expected a SPIFFE ID with a path, or the \
             DNS name of one host",
        )?;
        Ok(Self {
            name: name.to_string(),
            scopes,
        })
    }
}

impl Grants {
    /// All that was given; who stands there twice has both.
    pub(crate) fn new(grants: impl IntoIterator<Item = Grant>) -> Self {
        let mut all: HashMap<String, Scopes> = HashMap::new();
        for Grant { name, scopes } in grants {
            let given = all.entry(name).or_default();
            *given = given.and(scopes);
        }
        Self(all)
    }

    /// Who is at the other end, if a certificate says so: `None` where there is none, an error
    /// where it names nobody.
    pub(super) fn caller(&self, peer: &Peer) -> Option<Result<Caller, Nameless>> {
        if !peer.has_certificate {
            return None;
        }
        let name = peer.certificate.as_ref().map(PeerName::as_str);
        let name = name.and_then(|name| CallerName::parse(name).ok());
        Some(name.ok_or(Nameless).map(|name| {
            let scopes = self.0.get(name.as_str()).copied().unwrap_or_default();
            Caller::new(Way::Mtls, &name, scopes)
        }))
    }
}

/// A certificate names nobody, or several.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Nameless;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_given_by_their_names_or_by_a_role() {
        let grants = [
            "spiffe://a/Web=users.read",
            "spiffe://a/Web=posts.read",
            "Db.Example=admin",
        ];
        let grants = Grants::new(grants.map(|text| Grant::parse(text).unwrap()));
        assert_eq!(
            grants.0["spiffe://a/Web"].to_string(),
            "users.read, posts.read"
        );
        assert_eq!(grants.0["db.example"], Scopes::all());
        assert_eq!(grants.0.len(), 2);
    }

    #[test]
    fn what_is_wrong_with_a_grant_is_told() {
        for (text, says) in [
            ("web", "expected NAME=SCOPES"),
            ("=admin", "the name is required"),
            (
                "web =admin",
                "the name must not begin or end with white space",
            ),
            (
                "bew\u{202e}=admin",
                "the name must not hold the character U+202E",
            ),
            ("*.example.org=admin", "the name is of no certificate"),
            (
                "spiffe://example.org=admin",
                "the name is of no certificate",
            ),
            (
                "https://example.org/web=admin",
                "the name is of no certificate",
            ),
            ("CN=web,O=b=admin", "the name is of no certificate"),
            ("web=", "is required"),
            ("web=root", "users.write"),
        ] {
            let told = Grant::parse(text).unwrap_err();
            assert!(told.contains(says), "{text}: {told}");
        }
    }
}
