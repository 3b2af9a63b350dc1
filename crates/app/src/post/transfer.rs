//! Giving the posts of one author to another.

use async_trait::async_trait;
use byline_domain::audit::{Action, Deed};
use byline_domain::filter::{Filter, PostTest};
use byline_domain::ids::UserId;
use byline_domain::unit_of_work::UnitOfWork;

use super::living_author;
use crate::held::Holding;
use crate::{Error, Mutation, Terms};

/// Gives living posts of one author to another one, and answers how many. `NotFound` and
/// `AuthorInTrash` name the author who cannot give or be given any.
#[derive(Clone, Debug)]
pub struct TransferPosts {
    /// Whose they are.
    pub from: UserId,
    /// Whose they become: another one.
    pub to: UserId,
    /// Which of them; all if `None`.
    pub meets: Option<Filter<PostTest>>,
}

impl TransferPosts {
    /// How many are given by one statement.
    const AT_ONCE: u32 = 1_000;
}

#[async_trait]
impl Mutation for TransferPosts {
    type Output = u64;

    async fn make(&self, unit: &mut dyn UnitOfWork, terms: &Terms) -> Result<u64, Error> {
        let authors = [self.from, self.to];
        // Who is held can neither be deleted meanwhile nor purged.
        let held = Holding::of(unit.users().find_many_for_share(&authors).await?);
        for author in authors {
            living_author(author, held.get(author.as_uuid())?.as_ref())?;
        }
        let (mut count, mut after) = (0, None);
        loop {
            let meets = self.meets.as_ref();
            let given = unit
                .posts()
                .transfer(self.from, self.to, meets, terms.now, after, Self::AT_ONCE)
                .await?;
            count += given.count;
            after = given.last;
            if given.count < u64::from(Self::AT_ONCE) {
                if count > 0 {
                    for (action, author) in [
                        (Action::PostsGiven, self.from),
                        (Action::PostsReceived, self.to),
                    ] {
                        unit.audit().note(Deed::to_posts_of(action, author, count));
                    }
                }
                return Ok(count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::error::Resource;
    use byline_domain::post::{Given, PostAge};
    use byline_domain::testing::fixtures::{post_id, time, user, user_id};
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};
    use byline_domain::user::User;

    use super::*;
    use crate::Precondition;
    use crate::testing::{deleted_user, run};

    fn command() -> TransferPosts {
        TransferPosts {
            from: user_id(1),
            to: user_id(2),
            meets: None,
        }
    }

    fn holds(mut unit: MockUnitOfWork, authors: Vec<User>) -> MockUnitOfWork {
        unit.users
            .expect_find_many_for_share()
            .withf(|ids| ids == [user_id(1), user_id(2)])
            .once()
            .return_once(move |_| Ok(authors.into_iter().map(Ok).collect()));
        unit
    }

    #[tokio::test]
    async fn posts_are_given_in_batches_until_none_is_left() {
        let mut unit = holds(MockUnitOfWork::committed(), vec![user(1), user(2)]);
        let age = |number| PostAge {
            created_at: time(1),
            id: post_id(number),
        };
        for (after, count) in [(None, 1_000), (Some(1_000), 1_000), (Some(2_000), 7)] {
            unit.posts
                .expect_transfer()
                .withf(move |from, to, meets, _, from_there, limit| {
                    (*from, *to, meets.is_none(), *limit) == (user_id(1), user_id(2), true, 1_000)
                        && *from_there == after.map(age)
                })
                .once()
                .returning(move |_, _, _, _, _, _| {
                    let last = Some(age(after.unwrap_or_default() + count));
                    Ok(Given { count, last })
                });
        }
        let given = run(begins([unit]), command()).await;
        assert_eq!(given.expect("given"), 2_007);
    }

    #[tokio::test]
    async fn both_authors_must_live() {
        let unit = holds(MockUnitOfWork::abandoned(), vec![user(1)]);
        let error = run(begins([unit]), command()).await;
        assert!(matches!(
            error,
            Err(Error::NotFound { resource: Resource::User, key }) if key == user_id(2).to_string()
        ));

        let unit = holds(MockUnitOfWork::abandoned(), vec![deleted_user(1), user(2)]);
        let error = run(begins([unit]), command()).await;
        assert!(matches!(
            error,
            Err(Error::Precondition(Precondition::AuthorInTrash { author })) if author == user_id(1)
        ));
    }
}
