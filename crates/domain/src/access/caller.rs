//! Callers: the services that make calls.

use std::fmt;

use super::{Scope, Scopes};
use crate::text::line;

line! {
    /// How a caller is called: 1 to 256 characters on one line, so that it cannot break one
    /// of a log.
    CallerName, 256
}

/// By what a caller is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// Callers are not told apart.
    Open,
    /// An API key.
    Key,
    /// A signed token.
    Jwt,
    /// The certificate of its connection.
    Mtls,
}

impl Way {
    /// What the ids of callers that are known by it begin with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Open => "",
            Self::Key => "key:",
            Self::Jwt => "jwt:",
            Self::Mtls => "mtls:",
        }
    }
}

/// A service that makes calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    id: String,
    scopes: Scopes,
}

impl Caller {
    /// A caller that is known by `way` under that name, and may do that.
    pub fn new(way: Way, name: &CallerName, scopes: Scopes) -> Self {
        Self {
            id: format!("{}{}", way.prefix(), name.as_str()),
            scopes,
        }
    }

    /// Everybody, where callers are not told apart. May do everything.
    pub fn anybody() -> Self {
        Self {
            id: "anybody".to_owned(),
            scopes: Scopes::all(),
        }
    }

    /// Whoever is not known. May do nothing.
    pub fn nobody() -> Self {
        Self {
            id: "nobody".to_owned(),
            scopes: Scopes::NONE,
        }
    }

    /// What tells it from all other callers, however they are known: `key:web`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it may do.
    pub const fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// Whether it may do that.
    pub const fn may(&self, scope: Scope) -> bool {
        self.scopes.has(scope)
    }

    /// What of `needed` it does not have.
    pub const fn lacks(&self, needed: Scopes) -> Scopes {
        needed.without(self.scopes)
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_of_one_name_that_are_known_by_different_things_are_not_the_same() {
        let name = CallerName::parse("web").unwrap();
        let ids = [Way::Key, Way::Jwt, Way::Mtls]
            .map(|way| Caller::new(way, &name, Scopes::NONE).id().to_owned());
        assert_eq!(ids, ["key:web", "jwt:web", "mtls:web"]);
        // Nobody can take the id of all.
        let anybody = CallerName::parse("anybody").unwrap();
        let named = Caller::new(Way::Key, &anybody, Scopes::NONE);
        assert_ne!(named.id(), Caller::anybody().id());
    }
}
