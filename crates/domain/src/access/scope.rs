//! Scopes: what a caller may be given the right to.

use std::fmt;

use crate::error::{Invalid, Reason};

/// One right. Compared, never interpreted: none contains another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// To read users, their addresses among it.
    UsersRead,
    /// To make, change, delete and bring back users. What was changed is answered.
    UsersWrite,
    /// To read posts.
    PostsRead,
    /// To make, change, publish, transfer, delete and bring back posts. What was changed is
    /// answered.
    PostsWrite,
    /// To ask whether a password is a user's.
    CredentialsVerify,
    /// To set passwords, and to bring hashes of them along.
    CredentialsWrite,
    /// To remove what is in the trash for good.
    TrashPurge,
    /// To import and export any number, together with the right to write or read them.
    Transfer,
    /// To read who did what.
    AuditRead,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::UsersRead,
        Self::UsersWrite,
        Self::PostsRead,
        Self::PostsWrite,
        Self::CredentialsVerify,
        Self::CredentialsWrite,
        Self::TrashPurge,
        Self::Transfer,
        Self::AuditRead,
    ];

    /// The name by which it is given and asked for.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UsersRead => "users.read",
            Self::UsersWrite => "users.write",
            Self::PostsRead => "posts.read",
            Self::PostsWrite => "posts.write",
            Self::CredentialsVerify => "credentials.verify",
            Self::CredentialsWrite => "credentials.write",
            Self::TrashPurge => "trash.purge",
            Self::Transfer => "transfer",
            Self::AuditRead => "audit.read",
        }
    }

    /// The scope of that name, to the letter.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Scopes(u16);

impl Scopes {
    /// No right to anything.
    pub const NONE: Self = Self(0);

    /// All there are.
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Reads names that are separated by commas, white space around them aside. Refused with
    /// `Required` if there is none and with `Unknown` if one is no scope's.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let names: Vec<_> = text.split(',').map(str::trim).collect();
        if names.iter().all(|name| name.is_empty()) {
            return Err(Invalid::required());
        }
        let mut scopes = Self::NONE;
        for name in names {
            let scope = Scope::named(name).ok_or_else(|| {
                // Not the name: what was given may be something else, and a secret.
                let message = format!("holds what is no scope: there are {}", Self::all());
                Invalid::new(Reason::Unknown, message)
            })?;
            scopes = scopes.with(scope);
        }
        Ok(scopes)
    }

    /// The scopes among those names; the others give nothing.
    pub fn known<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        names.into_iter().filter_map(Scope::named).collect()
    }

    /// These and one more.
    #[must_use]
    pub const fn with(self, scope: Scope) -> Self {
        Self(self.0 | scope.bit())
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// What of these is not in `others`.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Whether it is among them.
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            f.write_str(scope.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_has_a_name_and_a_bit_of_its_own() {
        for (index, scope) in Scope::ALL.into_iter().enumerate() {
            assert_eq!(Scope::named(scope.name()), Some(scope));
            let alone = Scopes::NONE.with(scope);
            assert_eq!(alone.iter().collect::<Vec<_>>(), [scope]);
            assert!(Scope::ALL[..index].iter().all(|other| !alone.has(*other)));
        }
        assert_eq!(Scopes::all().iter().count(), Scope::ALL.len());
    }

    #[test]
    fn a_list_is_read_and_what_is_no_scope_is_told() {
        let scopes = Scopes::parse("users.read, posts.read").unwrap();
        assert_eq!(scopes.to_string(), "users.read, posts.read");
        assert_eq!(Scopes::parse(" ").unwrap_err().reason, Reason::Required);
        for wrong in [
            "users",
            "Users.Read",
            "users.read,",
            "users.read posts.read",
            "*",
        ] {
            let refusal = Scopes::parse(wrong).unwrap_err();
            assert_eq!(refusal.reason, Reason::Unknown, "{wrong}");
            assert!(refusal.message.contains("users.write"), "{refusal:?}");
        }
    }

    #[test]
    fn what_is_missing_is_told() {
        let needed = Scopes::known(["users.read", "transfer", "admin"]);
        let given = Scopes::known(["users.read", "posts.read"]);
        assert_eq!(needed.without(given).to_string(), "transfer");
        assert!(needed.without(Scopes::all()).is_empty());
    }
}
