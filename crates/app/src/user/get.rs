//! Getting one user.

use byline_domain::error::Resource;
use byline_domain::ids::UserId;
use byline_domain::trash::Trash;
use byline_domain::user::{Email, UserMask, UserView};

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
    /// What to read.
    pub mask: UserMask,
}

impl Users {
    /// Gets a user, with as many of the newest posts as fit into an answer if the mask
    /// names them; `NotFound` when there is none.
    pub async fn get(&self, query: &GetUser) -> Result<UserView, Error> {
        let (trash, fields) = (query.trash, &query.mask.fields);
        let (found, key) = match &query.key {
            UserKey::Id(id) => (self.reader.find(*id, trash, fields).await?, id.to_string()),
            UserKey::Email(email) => (
                self.reader.find_by_email(email, trash, fields).await?,
                email.as_str().to_owned(),
            ),
        };
        let mut user = found.ok_or(Error::NotFound {
            resource: Resource::User,
            key,
        })?;
        // One user always fits.
        self.relate(std::slice::from_mut(&mut user), &query.mask, trash)
            .await?;
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::selection::Fields;
    use byline_domain::testing::fixtures::{email, user, user_id};
    use byline_domain::testing::mocks::{MockPostReader, MockUserReader};
    use byline_domain::user::UserField;
    use mockall::predicate::eq;

    use super::*;
    use crate::testing::{deleted_user, unavailable, users_read, users_with_posts};

    fn by_id(trash: Trash) -> GetUser {
        GetUser {
            key: UserKey::Id(user_id(1)),
            trash,
            mask: UserMask::own(),
        }
    }

    fn by_email(trash: Trash) -> GetUser {
        GetUser {
            key: UserKey::Email(email("Ada@example.com")),
            ..by_id(trash)
        }
    }

    #[tokio::test]
    async fn a_user_is_found_by_id_in_the_trash_only_when_asked_for() {
        let mut reader = MockUserReader::new();
        reader
            .expect_find()
            .with(eq(user_id(1)), eq(Trash::Include), eq(Fields::all()))
            .once()
            .returning(|_, _, _| Ok(Some(deleted_user(1).into())));
        reader
            .expect_find()
            .with(eq(user_id(1)), eq(Trash::Exclude), eq(Fields::all()))
            .once()
            .returning(|_, _, _| Ok(None));
        let users = users_read(reader);
        let found = users.get(&by_id(Trash::Include)).await;
        assert_eq!(found.expect("found"), deleted_user(1).into());
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
            .with(
                eq(email("Ada@example.com")),
                eq(Trash::Include),
                eq(Fields::all()),
            )
            .once()
            .returning(|_, _, _| Ok(Some(user(1).into())));
        let found = users_read(reader).get(&by_email(Trash::Include)).await;
        assert_eq!(found.expect("found"), user(1).into());
    }

    #[tokio::test]
    async fn only_what_the_mask_names_is_read() {
        let mask = UserMask {
            fields: Fields::none().with(UserField::Role),
            post_count: true,
            posts: None,
        };
        let view = UserView::of(user(1), &mask.fields);
        let (asked, found) = (mask.fields.clone(), view.clone());
        let mut reader = MockUserReader::new();
        reader
            .expect_find_by_email()
            .withf(move |_, _, fields| *fields == asked)
            .once()
            .return_once(move |_, _, _| Ok(Some(found)));
        let mut posts = MockPostReader::new();
        posts
            .expect_count_of()
            .withf(|ids, trash| *ids == [user_id(1)] && *trash == Trash::Include)
            .once()
            .returning(|_, _| Ok(vec![3]));
        let query = GetUser {
            mask,
            ..by_email(Trash::Include)
        };
        let found = users_with_posts(reader, posts).get(&query).await;
        let expected = UserView {
            post_count: Some(3),
            ..view
        };
        assert_eq!(found.expect("found"), expected);
    }

    #[tokio::test]
    async fn no_relation_is_asked_for_of_nobody() {
        let mut reader = MockUserReader::new();
        reader.expect_find().once().returning(|_, _, _| Ok(None));
        let query = GetUser {
            mask: UserMask {
                fields: Fields::all(),
                post_count: true,
                posts: Some(Fields::all()),
            },
            ..by_id(Trash::Exclude)
        };
        let error = users_read(reader).get(&query).await;
        assert!(matches!(error, Err(Error::NotFound { .. })));
    }

    #[tokio::test]
    async fn an_address_of_nobody_is_named_as_it_was_written() {
        let mut reader = MockUserReader::new();
        reader
            .expect_find_by_email()
            .with(
                eq(email("Ada@example.com")),
                eq(Trash::Exclude),
                eq(Fields::all()),
            )
            .once()
            .returning(|_, _, _| Ok(None));
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
            .returning(|_, _, _| Err(unavailable()));
        let error = users_read(reader).get(&by_id(Trash::Exclude)).await;
        assert!(matches!(error, Err(Error::Unavailable(_))));
    }
}
