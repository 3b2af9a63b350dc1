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

#[cfg(test)]
mod tests {
    use byline_domain::testing::fixtures::{email, user, user_id};
    use byline_domain::testing::mocks::MockUserReader;
    use mockall::predicate::eq;

    use super::*;
    use crate::testing::{deleted_user, unavailable, users_read};

    fn by_id(trash: Trash) -> GetUser {
        GetUser {
            key: UserKey::Id(user_id(1)),
            trash,
        }
    }

    fn by_email(trash: Trash) -> GetUser {
        GetUser {
            key: UserKey::Email(email("Ada@example.com")),
            trash,
        }
    }

    #[tokio::test]
    async fn a_user_is_found_by_id_in_the_trash_only_when_asked_for() {
        let mut reader = MockUserReader::new();
        reader
            .expect_find()
            .with(eq(user_id(1)), eq(Trash::Include))
            .once()
            .returning(|_, _| Ok(Some(deleted_user(1))));
        reader
            .expect_find()
            .with(eq(user_id(1)), eq(Trash::Exclude))
            .once()
            .returning(|_, _| Ok(None));
        let users = users_read(reader);
        let found = users.get(&by_id(Trash::Include)).await;
        assert_eq!(found.expect("found"), deleted_user(1));
        let error = users.get(&by_id(Trash::Exclude)).await;
        assert!(matches!(
            error,
            Err(Error::NotFound { resource: Resource::User, key }) if key == user_id(1).to_string()
        ));
    }

    #[tokio::test]
    async fn a_user_is_found_by_address() {
        let mut reader = MockUserReader::new();
        reader
            .expect_find_by_email()
            .with(eq(email("Ada@example.com")), eq(Trash::Include))
            .once()
            .returning(|_, _| Ok(Some(user(1))));
        let found = users_read(reader).get(&by_email(Trash::Include)).await;
        assert_eq!(found.expect("found"), user(1));
    }

    #[tokio::test]
    async fn an_address_of_nobody_is_named_as_it_was_written() {
        let mut reader = MockUserReader::new();
        reader
            .expect_find_by_email()
            .with(eq(email("Ada@example.com")), eq(Trash::Exclude))
            .once()
            .returning(|_, _| Ok(None));
        let error = users_read(reader).get(&by_email(Trash::Exclude)).await;
        assert!(matches!(
            error,
            Err(Error::NotFound { resource: Resource::User, key }) if key == "Ada@example.com"
        ));
    }

    #[tokio::test]
    async fn a_database_that_is_away_is_not_taken_for_a_missing_user() {
        let mut reader = MockUserReader::new();
        reader
            .expect_find()
            .once()
            .returning(|_, _| Err(unavailable()));
        let error = users_read(reader).get(&by_id(Trash::Exclude)).await;
        assert!(matches!(error, Err(Error::Unavailable(_))));
    }
}
