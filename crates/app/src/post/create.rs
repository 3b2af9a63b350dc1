//! Making a post.

use async_trait::async_trait;
use byline_domain::audit::{Action, Deed};
use byline_domain::ids::{NewId, PostId, UserId};
use byline_domain::lifecycle::Lifecycle;
use byline_domain::post::{Content, Post, Title};
use byline_domain::unit_of_work::UnitOfWork;

use super::hold_living_author;
use crate::{Error, Mutation, Terms};

/// Makes a post. `NotFound` names an author who does not exist;
/// `AlreadyExists` when the id is taken.
#[derive(Clone, Debug)]
pub struct CreatePost {
    /// A new id, or the caller's own.
    pub id: NewId<PostId>,
    /// What it is called.
    pub title: Title,
    /// What it says.
    pub content: Option<Content>,
    /// Whether it is published at once.
    pub published: bool,
    /// Who wrote it.
    pub author_id: UserId,
}

#[async_trait]
impl Mutation for CreatePost {
    type Output = Post;

    async fn make(&self, unit: &mut dyn UnitOfWork, terms: &Terms) -> Result<Post, Error> {
        hold_living_author(unit, self.author_id).await?;
        let post = self.post(terms);
        unit.posts().insert(&post).await?;
        unit.audit()
            .note(Deed::to_post(Action::PostCreated, post.id));
        Ok(post)
    }
}

impl CreatePost {
    /// The post that is to be made.
    pub(super) fn post(&self, terms: &Terms) -> Post {
        let mut post = Post {
            id: self.id.get(),
            title: self.title.clone(),
            content: self.content.clone(),
            published_at: None,
            author_id: self.author_id,
            lifecycle: Lifecycle::born(terms.now),
        };
        post.set_published(self.published, terms.now);
        post
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::error::{RepositoryError, Resource};
    use byline_domain::testing::fixtures::{post_id, user, user_id};
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};
    use mockall::Sequence;
    use mockall::predicate::eq;

    use super::*;
    use crate::Precondition;
    use crate::testing::{Expects, deleted_user, now, run};

    fn command() -> CreatePost {
        CreatePost {
            id: NewId::Given(post_id(7)),
            title: Title::parse("On engines").expect("a valid title"),
            content: Some(Content::parse("They weave.").expect("valid content")),
            published: false,
            author_id: user_id(1),
        }
    }

    fn made() -> Post {
        Post {
            id: post_id(7),
            title: Title::parse("On engines").expect("a valid title"),
            content: Some(Content::parse("They weave.").expect("valid content")),
            published_at: None,
            author_id: user_id(1),
            lifecycle: Lifecycle::born(now()),
        }
    }

    fn inserts(
        mut unit: MockUnitOfWork,
        post: Post,
        answer: fn() -> Result<(), RepositoryError>,
    ) -> MockUnitOfWork {
        unit.posts
            .expect_insert()
            .with(eq(post))
            .once()
            .returning(move |_| answer());
        unit
    }

    #[tokio::test]
    async fn a_post_is_made_as_asked_for() {
        let unit = MockUnitOfWork::committed().shares_author(&user(1));
        let unit = inserts(unit, made(), || Ok(()));
        let answer = run(begins([unit]), command()).await;
        assert_eq!(answer.expect("made"), made());
    }

    #[tokio::test]
    async fn a_post_can_be_published_at_once() {
        let published = Post {
            published_at: Some(now()),
            ..made()
        };
        let unit = MockUnitOfWork::committed().shares_author(&user(1));
        let unit = inserts(unit, published.clone(), || Ok(()));
        let command = CreatePost {
            published: true,
            ..command()
        };
        let answer = run(begins([unit]), command).await;
        assert_eq!(answer.expect("made"), published);
    }

    #[tokio::test]
    async fn a_post_needs_a_living_author() {
        let unit = MockUnitOfWork::abandoned().misses_author(user_id(1));
        let error = run(begins([unit]), command()).await;
        assert!(matches!(
            error,
            Err(Error::NotFound { resource: Resource::User, key }) if key == user_id(1).to_string()
        ));

        let unit = MockUnitOfWork::abandoned().shares_author(&deleted_user(1));
        let error = run(begins([unit]), command()).await;
        assert!(matches!(
            error,
            Err(Error::Precondition(Precondition::AuthorInTrash { author })) if author == user_id(1)
        ));
    }

    #[tokio::test]
    async fn the_author_is_held_before_the_post_is_added() {
        let mut order = Sequence::new();
        let mut unit = MockUnitOfWork::committed();
        unit.users
            .expect_find_for_share()
            .once()
            .in_sequence(&mut order)
            .returning(|_| Ok(Some(user(1))));
        unit.posts
            .expect_insert()
            .once()
            .in_sequence(&mut order)
            .returning(|_| Ok(()));
        let answer = run(begins([unit]), command()).await;
        answer.expect("made");
    }

    #[tokio::test]
    async fn an_id_that_is_taken_is_told_and_nothing_is_kept() {
        let unit = MockUnitOfWork::abandoned().shares_author(&user(1));
        let unit = inserts(unit, made(), || {
            Err(RepositoryError::AlreadyExists {
                resource: Resource::Post,
                field: "id",
            })
        });
        let error = run(begins([unit]), command()).await;
        assert!(matches!(
            error,
            Err(Error::AlreadyExists {
                resource: Resource::Post,
                field: "id",
            })
        ));
    }
}
