//! Names for sets of scopes that are often given together.

use super::{Scope, Scopes};
use crate::error::{Invalid, Reason};

/// A name for a set of scopes. It stands for them where they are given out and is not kept
/// itself: who was given a role has what it stood for then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessRole {
    /// Reads users and posts.
    Reader,
    /// Reads and changes users and posts.
    Editor,
    /// May do everything.
    Admin,
}

impl AccessRole {
    /// All of them, each with its name.
    pub const ALL: [(&'static str, Self); 3] = [
        ("reader", Self::Reader),
        ("editor", Self::Editor),
        ("admin", Self::Admin),
    ];

    /// The role of that name. Refused with `Unknown` if there is none.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|(known, _)| *known == name);
        found.map(|(_, role)| role).ok_or_else(|| {
            let message = "is no role: there are reader, editor, admin";
            Invalid::new(Reason::Unknown, message)
        })
    }

    /// What it stands for.
    pub fn scopes(self) -> Scopes {
        let read = Scopes::NONE.with(Scope::UsersRead).with(Scope::PostsRead);
        match self {
            Self::Reader => read,
            Self::Editor => read.with(Scope::UsersWrite).with(Scope::PostsWrite),
            Self::Admin => Scopes::all(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_what_the_one_before_it_has_and_more() {
        let scopes = AccessRole::ALL.map(|(_, role)| role.scopes());
        for pair in scopes.windows(2) {
            assert!(pair[0].without(pair[1]).is_empty());
            assert!(!pair[1].without(pair[0]).is_empty());
        }
    }

    #[test]
    fn an_editor_gets_no_passwords_purges_and_logs() {
        let editor = AccessRole::parse("editor").unwrap().scopes();
        let rest = Scopes::all().without(editor).to_string();
        assert_eq!(
            rest,
            "credentials.verify, credentials.write, trash.purge, transfer, audit.read"
        );
        assert_eq!(
            AccessRole::parse("Editor").unwrap_err().reason,
            Reason::Unknown
        );
    }
}
