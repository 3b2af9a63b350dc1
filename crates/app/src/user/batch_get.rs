//! Getting many users at once.

use std::collections::HashMap;

use byline_domain::ids::UserId;
use byline_domain::page::MAX_BYTES;
use byline_domain::trash::Trash;
use byline_domain::user::{Email, UserField, UserMask, UserView};

use super::{Users, relations};
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
    /// What to read.
    pub mask: UserMask,
}

/// The users that were found.
#[derive(Clone, Debug, Default)]
pub struct UserBatch {
    /// In the order in which they were asked for: ids, then addresses.
    pub users: Vec<UserView>,
    /// The ids of nobody.
    pub missing_ids: Vec<UserId>,
    /// The addresses of nobody.
    pub missing_emails: Vec<Email>,
}

impl Users {
    /// Gets many users in at most two reads, and one more for each relation. A key given
    /// twice is answered twice. `ResponseTooLarge` when they and their posts do not fit
    /// into one answer together.
    pub async fn batch_get(&self, query: &BatchGetUsers) -> Result<UserBatch, Error> {
        let mut batch = UserBatch::default();
        let mut picked = Picked::default();
        let fields = &query.mask.fields;
        if !query.ids.is_empty() {
            let found = self.reader.find_many(&query.ids, query.trash, fields);
            let found = found.await?.into_iter().map(|user| (user.id, user));
            let found: HashMap<_, _> = found.collect();
            for id in &query.ids {
                match found.get(id) {
                    Some(user) => picked.pick(user),
                    None => batch.missing_ids.push(*id),
                }
            }
        }
        if !query.emails.is_empty() {
            // By the address it is told which user answers which key.
            let fields = fields.clone().with(UserField::Email);
            let found = self
                .reader
                .find_many_by_email(&query.emails, query.trash, &fields)
                .await?;
            let mut by_email = HashMap::new();
            for mut user in found {
                let Some(email) = user.email.as_ref().map(Email::folded) else {
                    continue;
                };
                if !query.mask.fields.has(UserField::Email) {
                    user.email = None;
                }
                by_email.insert(email, user);
            }
            for email in &query.emails {
                match by_email.get(&email.folded()) {
                    Some(user) => picked.pick(user),
                    None => batch.missing_emails.push(email.clone()),
                }
            }
        }
        let fit = self
            .relate(&mut picked.users, &query.mask, query.trash)
            .await?;
        if fit < picked.users.len() || picked.weight() > MAX_BYTES {
            return Err(Error::ResponseTooLarge);
        }
        batch.users = picked.in_order();
        Ok(batch)
    }
}

/// Users that answer keys: each once, and in which order they are answered.
#[derive(Default)]
struct Picked {
    users: Vec<UserView>,
    places: HashMap<UserId, usize>,
    order: Vec<usize>,
}

impl Picked {
    fn pick(&mut self, user: &UserView) {
        let place = *self.places.entry(user.id).or_insert_with(|| {
            self.users.push(user.clone());
            self.users.len() - 1
        });
        self.order.push(place);
    }

    /// What the answer weighs. The reader bounds what it reads, not how often a key was
    /// repeated.
    fn weight(&self) -> u64 {
        let weights: Vec<_> = self.users.iter().map(relations::weight).collect();
        self.order.iter().map(|place| weights[*place]).sum()
    }

    fn in_order(&self) -> Vec<UserView> {
        let users = self.order.iter().map(|place| self.users[*place].clone());
        users.collect()
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::post::{Content, PostField, PostView};
    use byline_domain::selection::Fields;
    use byline_domain::testing::fixtures::{email, post_id, user, user_id};
    use byline_domain::testing::mocks::{MockPostReader, MockUserReader};

    use super::*;
    use crate::testing::{unavailable, users_read, users_with_posts};

    fn query(ids: &[u64], emails: &[&str]) -> BatchGetUsers {
        BatchGetUsers {
            ids: ids.iter().copied().map(user_id).collect(),
            emails: emails.iter().copied().map(email).collect(),
            trash: Trash::Include,
            mask: UserMask::own(),
        }
    }

    fn whole<const N: usize>(numbers: [u64; N]) -> [UserView; N] {
        numbers.map(|number| user(number).into())
    }

    /// Expects exactly these keys, and finds these users, in one read.
    fn finds(mut reader: MockUserReader, ids: &[u64], found: &[u64]) -> MockUserReader {
        let ids = query(ids, &[]).ids;
        let found: Vec<_> = found.iter().map(|number| user(*number).into()).collect();
        reader
            .expect_find_many()
            .withf(move |asked, trash, fields| {
                *asked == ids && *trash == Trash::Include && *fields == Fields::all()
            })
            .once()
            .return_once(move |_, _, _| Ok(found));
        reader
    }

    fn finds_by_email(
        mut reader: MockUserReader,
        emails: &[&str],
        found: &[u64],
    ) -> MockUserReader {
        let emails = query(&[], emails).emails;
        let found: Vec<_> = found.iter().map(|number| user(*number).into()).collect();
        reader
            .expect_find_many_by_email()
            .withf(move |asked, trash, fields| {
                *asked == emails && *trash == Trash::Include && *fields == Fields::all()
            })
            .once()
            .return_once(move |_, _, _| Ok(found));
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
        assert_eq!(batch.users, whole([3, 1, 2, 5, 4]));
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
        assert_eq!(batch.users, whole([1, 1, 1]));
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
        assert_eq!(batch.users, whole([1, 1]));
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
        assert_eq!(batch.users, whole([1]));
    }

    #[tokio::test]
    async fn a_read_that_fails_is_not_taken_for_missing_users() {
        let mut reader = finds(MockUserReader::new(), &[1], &[1]);
        reader
            .expect_find_many_by_email()
            .once()
            .returning(|_, _, _| Err(unavailable()));
        let error = users_read(reader)
            .batch_get(&query(&[1], &["user-2@example.com"]))
            .await;
        assert!(matches!(error, Err(Error::Unavailable(_))));
    }

    #[tokio::test]
    async fn the_address_is_read_to_find_by_it_and_answered_only_when_asked_for() {
        let fields = Fields::none().with(UserField::Name);
        let read = fields.clone().with(UserField::Email);
        let found = UserView::of(user(1), &read);
        let mut reader = MockUserReader::new();
        reader
            .expect_find_many_by_email()
            .withf(move |_, _, fields| *fields == read)
            .once()
            .return_once(move |_, _, _| Ok(vec![found]));
        let mut query = query(&[], &["user-1@example.com"]);
        query.mask.fields = fields.clone();
        let batch = users_read(reader).batch_get(&query).await.expect("got");
        assert_eq!(batch.users, [UserView::of(user(1), &fields)]);
    }

    /// A query for users with their posts, by the id and the address of each number.
    fn with_posts(ids: &[u64], emails: &[&str]) -> BatchGetUsers {
        let mut query = query(ids, emails);
        query.mask.posts = Some(Fields::none().with(PostField::Content));
        query
    }

    /// Finds a post of `bytes` bytes of each author that is asked for.
    fn finds_posts(asked: &[u64], bytes: &[usize]) -> MockPostReader {
        let asked = query(asked, &[]).ids;
        let found: Vec<_> = bytes.iter().map(|bytes| vec![heavy(*bytes)]).collect();
        let mut posts = MockPostReader::new();
        posts
            .expect_newest_of()
            .withf(move |ids, trash, fields| {
                *ids == asked
                    && *trash == Trash::Include
                    && *fields == Fields::none().with(PostField::Content)
            })
            .once()
            .return_once(move |_, _, _| Ok(found));
        posts
    }

    fn heavy(bytes: usize) -> PostView {
        let content = Content::parse("a".repeat(bytes)).expect("valid content");
        PostView {
            content: Some(Some(content)),
            ..PostView::bare(post_id(1))
        }
    }

    #[tokio::test]
    async fn relations_are_read_once_of_each_user_however_it_was_found() {
        let emails = ["user-1@example.com", "user-3@example.com"];
        let reader = finds(MockUserReader::new(), &[2, 1, 2], &[1, 2]);
        let reader = finds_by_email(reader, &emails, &[1, 3]);
        let posts = finds_posts(&[2, 1, 3], &[2, 1, 3]);
        let batch = users_with_posts(reader, posts)
            .batch_get(&with_posts(&[2, 1, 2], &emails))
            .await
            .expect("got");
        let got: Vec<_> = batch
            .users
            .iter()
            .map(|user| (user.id, &user.posts))
            .collect();
        let expected = [2, 1, 2, 1, 3]
            .map(|number: u8| (user_id(number.into()), Some(vec![heavy(number.into())])));
        assert_eq!(got, expected.each_ref().map(|(id, posts)| (*id, posts)));
    }

    #[tokio::test]
    async fn users_whose_posts_do_not_fit_together_are_too_large() {
        let reader = finds(MockUserReader::new(), &[1, 2], &[1, 2]);
        let error = users_with_posts(reader, finds_posts(&[1, 2], &[1]))
            .batch_get(&with_posts(&[1, 2], &[]))
            .await;
        assert!(matches!(error, Err(Error::ResponseTooLarge)));
    }

    #[tokio::test]
    async fn repeated_users_with_heavy_posts_are_too_large() {
        let mebibyte = 1024 * 1024;
        let reader = finds(MockUserReader::new(), &[1, 1], &[1]);
        let batch = users_with_posts(reader, finds_posts(&[1], &[mebibyte]))
            .batch_get(&with_posts(&[1, 1], &[]))
            .await
            .expect("got");
        assert_eq!(batch.users.len(), 2);

        let reader = finds(MockUserReader::new(), &[1, 1, 1], &[1]);
        let error = users_with_posts(reader, finds_posts(&[1], &[mebibyte]))
            .batch_get(&with_posts(&[1, 1, 1], &[]))
            .await;
        assert!(matches!(error, Err(Error::ResponseTooLarge)));
    }
}
