//! Users as they are read: only the fields that were asked for.

use chrono::{DateTime, Utc};

use super::{Email, Role, User, UserField, UserName};
use crate::ids::UserId;
use crate::lifecycle::{Etag, Lifecycle};
use crate::post::{PostField, PostView};
use crate::selection::Fields;

/// What of users is read, their relations among it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserMask {
    /// Their own fields.
    pub fields: Fields<UserField>,
    /// Whether their posts are counted.
    pub post_count: bool,
    /// What of their newest posts is read; `None` when those are not.
    pub posts: Option<Fields<PostField>>,
}

impl UserMask {
    /// All own fields and no relation: what is read when nothing is said.
    pub fn own() -> Self {
        Self {
            fields: Fields::all(),
            post_count: false,
            posts: None,
        }
    }
}

/// A user of whom only what was asked for was read. A field that was not is `None`;
/// of one that can be absent, the inner `None` says that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserView {
    /// Identifies the user; always read.
    pub id: UserId,
    /// Where the user is reached.
    pub email: Option<Email>,
    /// How the user is called.
    pub name: Option<Option<UserName>>,
    /// What the user is.
    pub role: Option<Role>,
    /// Whether the account is in use.
    pub is_active: Option<bool>,
    /// When the user was made.
    pub created_at: Option<DateTime<Utc>>,
    /// When the user was last changed.
    pub updated_at: Option<Option<DateTime<Utc>>>,
    /// When the user was put in the trash.
    pub deleted_at: Option<Option<DateTime<Utc>>>,
    /// From when on the user may be removed for good.
    pub purge_at: Option<Option<DateTime<Utc>>>,
    /// Names the present state.
    pub etag: Option<Etag>,
    /// How many posts the user has.
    pub post_count: Option<u64>,
    /// The user's newest posts, the newest first.
    pub posts: Option<Vec<PostView>>,
}

impl UserView {
    /// How many posts a user is read with at most.
    pub const MAX_POSTS: usize = 100;

    /// The id alone.
    pub const fn bare(id: UserId) -> Self {
        Self {
            id,
            email: None,
            name: None,
            role: None,
            is_active: None,
            created_at: None,
            updated_at: None,
            deleted_at: None,
            purge_at: None,
            etag: None,
            post_count: None,
            posts: None,
        }
    }

    /// Those fields of the user.
    pub fn of(user: User, fields: &Fields<UserField>) -> Self {
        let life = user.lifecycle;
        let has = |field| fields.has(field);
        Self {
            email: has(UserField::Email).then_some(user.email),
            name: has(UserField::Name).then_some(user.name),
            role: has(UserField::Role).then_some(user.role),
            is_active: has(UserField::IsActive).then_some(user.is_active),
            created_at: has(UserField::CreatedAt).then(|| life.created_at()),
            updated_at: has(UserField::UpdatedAt).then(|| life.updated_at()),
            deleted_at: has(UserField::DeletedAt).then(|| life.deleted_at()),
            purge_at: has(UserField::PurgeAt).then(|| life.purge_at()),
            etag: fields.has_etag().then(|| life.etag()),
            ..Self::bare(user.id)
        }
    }

    /// What the user, without relations, adds to the size of an answer, in bytes, rounded
    /// up: the texts that were read, and [`User::FIXED_BYTES`] for all else.
    pub fn weight(&self) -> u64 {
        let email = self.email.as_ref().map_or(0, |email| email.as_str().len());
        let name = self.name.as_ref().and_then(Option::as_ref);
        let name = name.map_or(0, |name| name.as_str().len());
        let role = self.role.as_ref().map_or(0, |role| role.as_str().len());
        User::FIXED_BYTES + (email + name + role) as u64
    }

    /// The whole user, if all own fields were read.
    pub fn into_user(self) -> Option<User> {
        Some(User {
            id: self.id,
            email: self.email?,
            name: self.name?,
            role: self.role?,
            is_active: self.is_active?,
            lifecycle: Lifecycle::from_stored(
                self.created_at?,
                self.updated_at?,
                self.deleted_at?,
                self.purge_at?,
                self.etag?.version(),
            ),
        })
    }
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self::of(user, &Fields::all())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixtures::user;

    #[test]
    fn a_view_of_all_fields_is_the_whole_user() {
        assert_eq!(UserView::from(user(1)).into_user(), Some(user(1)));
    }

    #[test]
    fn what_was_not_read_weighs_nothing() {
        assert_eq!(UserView::bare(user(1).id).weight(), User::FIXED_BYTES);
        let fields = Fields::none().with(UserField::Name).with(UserField::Role);
        let view = UserView::of(user(1), &fields);
        let texts = "User 1".len() + user(1).role.as_str().len();
        assert_eq!(view.weight(), User::FIXED_BYTES + texts as u64);
    }

    #[test]
    fn a_view_holds_no_field_that_was_not_asked_for() {
        let fields = Fields::none().with(UserField::Name);
        let view = UserView::of(user(1), &fields);
        assert_eq!(
            view,
            UserView {
                name: Some(user(1).name),
                ..UserView::bare(user(1).id)
            }
        );
        assert_eq!(view.into_user(), None);
        assert_eq!(
            UserView::of(user(1), &Fields::none()),
            UserView::bare(user(1).id)
        );
    }
}
