//! Getting many users at once.

use std::collections::HashMap;

use byline_domain::ids::UserId;
use byline_domain::trash::Trash;
use byline_domain::user::{Email, User};

use super::Users;
use crate::Error;

/// The users to get.
#[derive(Clone, Debug)]
pub struct BatchGetUsers {
    /// By id.
    pub ids: Vec<UserId>,
    /// By e-mail address, in any letter case.
    pub emails: Vec<Email>,
    /// Whether to look in the trash too.
    pub trash: Trash,
}

/// The users that were found.
#[derive(Clone, Debug, Default)]
pub struct UserBatch {
    /// In the order in which they were asked for: ids, then addresses.
    pub users: Vec<User>,
    /// The ids of nobody.
    pub missing_ids: Vec<UserId>,
    /// The addresses of nobody.
    pub missing_emails: Vec<Email>,
}

impl Users {
    /// Gets many users in at most two reads. A key given twice is answered twice.
    pub async fn batch_get(&self, query: &BatchGetUsers) -> Result<UserBatch, Error> {
        let mut batch = UserBatch::default();
        if !query.ids.is_empty() {
            let found = self.reader.find_many(&query.ids, query.trash).await?;
            let found: HashMap<_, _> = found.into_iter().map(|user| (user.id, user)).collect();
            for id in &query.ids {
                match found.get(id) {
                    Some(user) => batch.users.push(user.clone()),
                    None => batch.missing_ids.push(*id),
                }
            }
        }
        if !query.emails.is_empty() {
            let found = self
                .reader
                .find_many_by_email(&query.emails, query.trash)
                .await?;
            let found: HashMap<_, _> = found
                .into_iter()
                .map(|user| (user.email.folded(), user))
                .collect();
            for email in &query.emails {
                match found.get(&email.folded()) {
                    Some(user) => batch.users.push(user.clone()),
                    None => batch.missing_emails.push(email.clone()),
                }
            }
        }
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::testing::fixtures::{email, user, user_id};
    use byline_domain::testing::mocks::MockUserReader;

    use super::*;
    use crate::testing::{unavailable, users_read};

    fn query(ids: &[u64], emails: &[&str]) -> BatchGetUsers {
        BatchGetUsers {
            ids: ids.iter().copied().map(user_id).collect(),
            emails: emails.iter().copied().map(email).collect(),
            trash: Trash::Include,
        }
    }

    /// Expects exactly these keys, and finds these users, in one read.
    fn finds(mut reader: MockUserReader, ids: &[u64], found: &[u64]) -> MockUserReader {
        let ids = query(ids, &[]).ids;
        let found: Vec<_> = found.iter().copied().map(user).collect();
        reader
            .expect_find_many()
            .withf(move |asked, trash| *asked == ids && *trash == Trash::Include)
            .once()
            .return_once(move |_, _| Ok(found));
        reader
    }

    fn finds_by_email(
        mut reader: MockUserReader,
        emails: &[&str],
        found: &[u64],
    ) -> MockUserReader {
        let emails = query(&[], emails).emails;
        let found: Vec<_> = found.iter().copied().map(user).collect();
        reader
            .expect_find_many_by_email()
            .withf(move |asked, trash| *asked == emails && *trash == Trash::Include)
            .once()
            .return_once(move |_, _| Ok(found));
        reader
    }

    #[tokio::test]
    async fn a_batch_answers_in_the_order_asked_and_names_what_is_missing() {
        let emails = [
            "nobody@example.com",
            "user-5@example.com",
            "user-4@example.com",
        ];
        let reader = finds(MockUserReader::new(), &[3, 9, 1, 8, 2], &[1, 2, 3]);
        let reader = finds_by_email(reader, &emails, &[4, 5]);
        let batch = users_read(reader)
            .batch_get(&query(&[3, 9, 1, 8, 2], &emails))
            .await
            .expect("got");
        assert_eq!(batch.users, [3, 1, 2, 5, 4].map(user));
        assert_eq!(batch.missing_ids, [9, 8].map(user_id));
        assert_eq!(batch.missing_emails, [email("nobody@example.com")]);
    }

    #[tokio::test]
    async fn a_key_given_twice_is_answered_twice() {
        let emails = ["user-1@example.com", "x@example.com", "x@example.com"];
        let reader = finds(MockUserReader::new(), &[1, 9, 1, 9], &[1]);
        let reader = finds_by_email(reader, &emails, &[1]);
        let batch = users_read(reader)
            .batch_get(&query(&[1, 9, 1, 9], &emails))
            .await
            .expect("got");
        assert_eq!(batch.users, [1, 1, 1].map(user));
        assert_eq!(batch.missing_ids, [9, 9].map(user_id));
        assert_eq!(batch.missing_emails, ["x@example.com"; 2].map(email));
    }

    #[tokio::test]
    async fn an_address_is_found_in_any_letter_case() {
        let emails = ["USER-1@Example.COM", "user-1@example.com"];
        let reader = finds_by_email(MockUserReader::new(), &emails, &[1]);
        let batch = users_read(reader)
            .batch_get(&query(&[], &emails))
            .await
            .expect("got");
        assert_eq!(batch.users, [1, 1].map(user));
        assert_eq!(batch.missing_emails, []);
    }

    #[tokio::test]
    async fn empty_keys_cost_no_read() {
        let batch = users_read(MockUserReader::new())
            .batch_get(&query(&[], &[]))
            .await
            .expect("got");
        assert_eq!(batch.users, []);

        let reader = finds(MockUserReader::new(), &[1], &[1]);
        let batch = users_read(reader)
            .batch_get(&query(&[1], &[]))
            .await
            .expect("got");
        assert_eq!(batch.users, [user(1)]);
    }

    #[tokio::test]
    async fn a_read_that_fails_is_not_taken_for_missing_users() {
        let mut reader = finds(MockUserReader::new(), &[1], &[1]);
        reader
            .expect_find_many_by_email()
            .once()
            .returning(|_, _| Err(unavailable()));
        let error = users_read(reader)
            .batch_get(&query(&[1], &["user-2@example.com"]))
            .await;
        assert!(matches!(error, Err(Error::Unavailable(_))));
    }
}
