//! Callers: the services that make calls.

use std::fmt;

use super::{Scope, Scopes};
use crate::text::{forbid_deceptive, line};

line! {
    /// How a caller is called: 1 to 256 characters on one line, all of which are seen where it is
    /// shown, and no white space at its ends. So it breaks no line of a log and of a
    /// terminal, changes nothing around it there, and passes for no other name by what is not seen.
    CallerName, 256, forbid_deceptive
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

/// The id of everybody, which no way of knowing callers gives: it has no prefix.
const ANYBODY: &str = "anybody";

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
            id: ANYBODY.to_owned(),
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

    /// Whether it stands for everybody.
    pub fn is_anybody(&self) -> bool {
        self.id == ANYBODY
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
    use crate::error::Reason;

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

    #[test]
    fn a_name_holds_nothing_that_is_not_seen_where_it_is_shown() {
        for name in [
            "web",
            "the web",
            "mail\u{a0}out",
            "søk",
            "网",
            "a\u{301}",
            "👩",
        ] {
            assert!(CallerName::parse(name).is_ok(), "{name:?}");
        }
        for hidden in [
            '\u{ad}',
            '\u{61c}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2064}',
            '\u{2066}',
            '\u{206f}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            for name in [
                format!("we{hidden}b"),
                format!("{hidden}web"),
                format!("web{hidden}"),
            ] {
                let refused = CallerName::parse(name.as_str()).unwrap_err();
                assert_eq!(refused.reason, Reason::ForbiddenCharacter, "{name:?}");
                // What tells of it holds none either.
                assert!(!refused.message.contains(hidden), "{name:?}");
            }
        }
        for name in [" web", "web ", " ", "\u{a0}web", "web\u{3000}", "\u{2003}"] {
            let refused = CallerName::parse(name).unwrap_err();
            assert_eq!(refused.message, "must not begin or end with white space");
        }
    }
}
