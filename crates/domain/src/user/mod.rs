//! Accounts.

mod email;
mod field;
mod name;
mod ports;
mod role;
mod view;

use chrono::{DateTime, Utc};

pub use self::email::{Address, Email};
pub use self::field::UserField;
pub use self::name::UserName;
#[cfg(feature = "testing")]
pub use self::ports::{MockUserReader, MockUserRepository};
pub use self::ports::{UserReader, UserRepository};
pub use self::role::Role;
pub use self::view::{UserMask, UserView};
use crate::field::Field as _;
use crate::filter::{Filter, UserTest};
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

    /// The names of the fields that callers can change in which the user is not as `before`.
    pub fn differences(&self, before: &Self) -> Vec<&'static str> {
        let differences = [
            (UserField::Email, self.email != before.email),
            (UserField::Name, self.name != before.name),
            (UserField::Role, self.role != before.role),
            (UserField::IsActive, self.is_active != before.is_active),
        ];
        let different = differences.into_iter().filter(|(_, differs)| *differs);
        different.map(|(field, _)| field.name()).collect()
    }

    /// What the user is ordered by under `field`.
    pub fn sort_value(&self, field: UserField) -> SortValue {
        match field {
            UserField::Id => SortValue::Id(self.id.as_uuid()),
            UserField::Email => SortValue::Text(self.email.folded()),
            UserField::Name => SortValue::from_text(self.name.as_ref().map(UserName::as_str)),
            UserField::Role => SortValue::Text(self.role.as_str().to_owned()),
            UserField::IsActive => SortValue::Bool(self.is_active),
            UserField::CreatedAt => SortValue::Time(self.lifecycle.created_at()),
            UserField::UpdatedAt => SortValue::from_time(self.lifecycle.updated_at()),
            UserField::DeletedAt => SortValue::from_time(self.lifecycle.deleted_at()),
            UserField::PurgeAt => SortValue::from_time(self.lifecycle.purge_at()),
        }
    }

    /// More than all fields but the texts take on the wire.
    pub const FIXED_BYTES: u64 = 256;

    /// More than a user adds to the size of an answer, in bytes: four for each code
    /// point of its texts, and what all else takes on the wire.
    pub const MAX_BYTES: u64 =
        4 * (Email::MAX_CHARS + UserName::MAX_CHARS + Role::MAX_CHARS) as u64 + Self::FIXED_BYTES;
}

/// Which users are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct UserFilter {
    /// Whether those in the trash are meant too.
    pub trash: Trash,
    /// What they meet; all if `None`. Tests of their posts look at those in the trash
    /// only where `trash` includes them.
    pub meets: Option<Filter<UserTest>>,
}

impl UserFilter {
    /// All users on that side of the trash.
    pub const fn all(trash: Trash) -> Self {
        Self { trash, meets: None }
    }
}

/// By what users are counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserGroup {
    /// By what they are.
    Role,
    /// By whether the account is in use.
    IsActive,
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
