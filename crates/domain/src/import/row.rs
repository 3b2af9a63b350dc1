//! What is imported: one resource a row.

use chrono::{DateTime, Utc};

use super::times::{Times, moment};
use crate::error::{Invalid, Reason};
use crate::ids::{NewId, PostId, UserId};
use crate::post::{Content, Post, PostChanges, Title};
use crate::user::{Email, Role, User, UserChanges, UserName};

/// A user to import. A field that is absent has its default where the user is made, and
/// stays as it is where one is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// Which row of the import it is: the first is 1.
    pub number: u64,
    /// Who is meant.
    pub id: NewId<UserId>,
    /// No user is made without.
    pub email: Option<Email>,
    /// How the user is called.
    pub name: Option<UserName>,
    /// What the user is.
    pub role: Option<Role>,
    /// Whether the account is in use; it is if absent.
    pub is_active: Option<bool>,
    /// When what was done to the user, where the user is made.
    pub times: Times,
}

impl UserRow {
    /// What is made of the row now; `None` without what no user is made without.
    pub fn user(&self, now: DateTime<Utc>) -> Option<User> {
        Some(User {
            id: self.id.get(),
            email: self.email.clone()?,
            name: self.name.clone(),
            role: self.role.clone().unwrap_or_default(),
            is_active: self.is_active.unwrap_or(true),
            lifecycle: self.times.lifecycle(now),
        })
    }

    /// What becomes of a stored user.
    pub fn changes(&self) -> UserChanges {
        UserChanges {
            email: self.email.clone(),
            name: self.name.clone().map(Some),
            role: self.role.clone(),
            is_active: self.is_active,
        }
    }
}

/// A post to import. Absent fields are as those of a [`UserRow`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostRow {
    /// Which row of the import it is: the first is 1.
    pub number: u64,
    /// Which post is meant.
    pub id: NewId<PostId>,
    /// No post is made without.
    pub title: Option<Title>,
    /// What it says.
    pub content: Option<Content>,
    /// Whether it is published.
    pub publication: Publication,
    /// Who wrote it. No post is made without, and none ever gets another.
    pub author_id: Option<UserId>,
    /// When what was done to the post, where it is made.
    pub times: Times,
}

impl PostRow {
    /// What is made of the row now; `None` without what no post is made without.
    pub fn post(&self, now: DateTime<Utc>) -> Option<Post> {
        let mut post = Post {
            id: self.id.get(),
            title: self.title.clone()?,
            content: self.content.clone(),
            published_at: self.publication.since(),
            author_id: self.author_id?,
            lifecycle: self.times.lifecycle(now),
        };
        post.set_published(self.publication.published() == Some(true), now);
        Some(post)
    }

    /// What becomes of a stored post.
    pub fn changes(&self) -> PostChanges {
        PostChanges {
            title: self.title.clone(),
            content: self.content.clone().map(Some),
            published: self.publication.published(),
        }
    }
}

/// What a row says of the publication of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publication {
    /// Nothing: a new post is not published.
    Unsaid,
    /// It is not published.
    Unpublished,
    /// It is published, and a new one has been so since then; since now, if that is absent.
    Published(Option<DateTime<Utc>>),
}

impl Publication {
    /// What the two fields say together. Refuses a time of what is not published, and one
    /// that is not a [`moment`].
    pub fn new(published: Option<bool>, since: Option<DateTime<Utc>>) -> Result<Self, Invalid> {
        match (published, since.map(moment).transpose()?) {
            (Some(true), since) => Ok(Self::Published(since)),
            (Some(false), None) => Ok(Self::Unpublished),
            (None, None) => Ok(Self::Unsaid),
            (Some(false) | None, Some(_)) => Err(Invalid::new(
                Reason::Malformed,
                "must be left out of what is not published",
            )),
        }
    }

    /// Whether the post is to be published; `None` leaves that as it is.
    pub const fn published(self) -> Option<bool> {
        match self {
            Self::Unsaid => None,
            Self::Unpublished => Some(false),
            Self::Published(_) => Some(true),
        }
    }

    /// Since when a new post is said to be published.
    pub const fn since(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Unsaid | Self::Unpublished => None,
            Self::Published(since) => since,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixtures::time;

    #[test]
    fn only_what_is_published_is_so_since_a_time() {
        let since = Some(time(5));
        assert_eq!(
            Publication::new(Some(true), since),
            Ok(Publication::Published(since))
        );
        assert_eq!(Publication::new(None, None), Ok(Publication::Unsaid));
        for published in [Some(false), None] {
            let refused = Publication::new(published, since).unwrap_err();
            assert_eq!(refused.reason, Reason::Malformed);
        }
    }
}
