//! Accounts.

mod email;
mod name;
mod ports;
mod role;

use chrono::{DateTime, Utc};

pub use self::email::Email;
pub use self::name::UserName;
#[cfg(feature = "testing")]
pub use self::ports::{MockUserReader, MockUserRepository};
pub use self::ports::{UserReader, UserRepository};
pub use self::role::Role;
use crate::ids::UserId;
use crate::lifecycle::Lifecycle;
use crate::page::SortValue;
use crate::trash::Trash;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Identifies the user.
    pub id: UserId,
    /// Where the user is reached; unique among living users in any letter case.
    pub email: Email,
    /// How the user is called.
    pub name: Option<UserName>,
    /// What the user is.
    pub role: Role,
    /// Whether the account is in use.
    pub is_active: bool,
    /// When the user was made, changed and deleted.
    pub lifecycle: Lifecycle,
}

/// What of a user is to become something else; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChanges {
    /// Another address.
    pub email: Option<Email>,
    /// Another name, or none.
    pub name: Option<Option<UserName>>,
    /// Another role.
    pub role: Option<Role>,
    /// Whether the account is in use.
    pub is_active: Option<bool>,
}

impl User {
    /// Makes the changes. Returns whether anything became different; if not, the
    /// user is left as it was, its etag too.
    pub fn apply(&mut self, changes: UserChanges, now: DateTime<Utc>) -> bool {
        let before = self.clone();
        if let Some(email) = changes.email {
            self.email = email;
        }
        if let Some(name) = changes.name {
            self.name = name;
        }
        if let Some(role) = changes.role {
            self.role = role;
        }
        if let Some(is_active) = changes.is_active {
            self.is_active = is_active;
        }
        let differs = *self != before;
        if differs {
            self.lifecycle.touch(now);
        }
        differs
    }

    /// What the user is ordered by under `key`.
    pub fn sort_value(&self, key: UserSortKey) -> SortValue {
        match key {
            UserSortKey::CreatedAt => SortValue::Time(self.lifecycle.created_at()),
            UserSortKey::UpdatedAt => SortValue::from_time(self.lifecycle.updated_at()),
            UserSortKey::Email => SortValue::Text(self.email.as_str().to_owned()),
        }
    }
}

/// By what users are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserSortKey {
    /// When they were made.
    CreatedAt,
    /// When they were last changed; those that never were come first.
    UpdatedAt,
    /// Their address in lower case, by code point.
    Email,
}

impl UserSortKey {
    /// Whether a value can be one that users are ordered by under this key.
    pub const fn fits(self, value: &SortValue) -> bool {
        match self {
            Self::CreatedAt => matches!(value, SortValue::Time(_)),
            Self::UpdatedAt => matches!(value, SortValue::Time(_) | SortValue::Absent),
            Self::Email => matches!(value, SortValue::Text(_)),
        }
    }
}

/// Which users are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Whether those in the trash are meant too.
    pub trash: Trash,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixtures;

    #[test]
    fn an_update_that_changes_nothing_keeps_the_etag() {
        let mut user = fixtures::user(1);
        let before = user.clone();
        let changes = UserChanges {
            email: Some(user.email.clone()),
            ..UserChanges::default()
        };
        assert!(!user.apply(changes, fixtures::time(99)));
        assert_eq!(user, before);
    }

    #[test]
    fn only_the_named_fields_change() {
        let mut user = fixtures::user(1);
        let before = user.clone();
        let changes = UserChanges {
            name: Some(None),
            ..UserChanges::default()
        };
        assert!(user.apply(changes, fixtures::time(99)));
        assert_eq!(user.name, None);
        assert_eq!(user.email, before.email);
        assert_eq!(user.lifecycle.updated_at(), Some(fixtures::time(99)));
        assert_ne!(user.lifecycle.etag(), before.lifecycle.etag());
    }
}
