//! Getting one user.

use byline_domain::error::Resource;
use byline_domain::ids::UserId;
use byline_domain::trash::Trash;
use byline_domain::user::{Email, User};

use super::Users;
use crate::Error;

/// What a user is looked for by.
#[derive(Clone, Debug)]
pub enum UserKey {
    /// The id.
    Id(UserId),
    /// The e-mail address, in any letter case.
    Email(Email),
}

/// The user to get.
#[derive(Clone, Debug)]
pub struct GetUser {
    /// Which one.
    pub key: UserKey,
    /// Whether to look in the trash too.
    pub trash: Trash,
}

impl Users {
    /// Gets a user; `NotFound` when there is none.
    pub async fn get(&self, query: &GetUser) -> Result<User, Error> {
        let (found, key) = match &query.key {
            UserKey::Id(id) => (self.reader.find(*id, query.trash).await?, id.to_string()),
            UserKey::Email(email) => (
                self.reader.find_by_email(email, query.trash).await?,
                email.as_str().to_owned(),
            ),
        };
        found.ok_or(Error::NotFound {
            resource: Resource::User,
            key,
        })
    }
}
