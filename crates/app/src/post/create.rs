//! Making a post.

use byline_domain::ids::{PostId, UserId};
use byline_domain::lifecycle::Lifecycle;
use byline_domain::post::{Content, Post, Title};

use super::{Posts, hold_living_author};
use crate::{Error, retry};

/// A post to be made.
#[derive(Clone, Debug)]
pub struct CreatePost {
    /// The caller's own id; one is made if `None`.
    pub id: Option<PostId>,
    /// What it is called.
    pub title: Title,
    /// What it says.
    pub content: Option<Content>,
    /// Whether it is published at once.
    pub published: bool,
    /// Who wrote it.
    pub author_id: UserId,
}

impl Posts {
    /// Makes a post. `NotFound` names an author who does not exist;
    /// `AlreadyExists` when the id is taken.
    pub async fn create(&self, command: &CreatePost) -> Result<Post, Error> {
        let id = command
            .id
            .unwrap_or_else(|| PostId::from_uuid(self.ids.generate()));
        retry::on_contention(|| self.create_once(id, command)).await
    }

    async fn create_once(&self, id: PostId, command: &CreatePost) -> Result<Post, Error> {
        let now = self.clock.now();
        let mut post = Post {
            id,
            title: command.title.clone(),
            content: command.content.clone(),
            published_at: None,
            author_id: command.author_id,
            lifecycle: Lifecycle::born(now),
        };
        post.set_published(command.published, now);
        let mut unit = self.units.begin().await?;
        hold_living_author(unit.as_mut(), post.author_id).await?;
        unit.posts().insert(&post).await?;
        unit.commit().await?;
        Ok(post)
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
    use crate::testing::{Expects, contention, deleted_user, now, posts};

    fn command() -> CreatePost {
        CreatePost {
            id: Some(post_id(7)),
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

    fn generated() -> Post {
        Post {
            id: PostId::from_uuid(user_id(1).as_uuid()),
            ..made()
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
        let answer = posts(begins([unit])).create(&command()).await;
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
        let answer = posts(begins([unit])).create(&command).await;
        assert_eq!(answer.expect("made"), published);
    }

    #[tokio::test]
    async fn a_post_needs_a_living_author() {
        let unit = MockUnitOfWork::abandoned().misses_author(user_id(1));
        let error = posts(begins([unit])).create(&command()).await;
        assert!(matches!(
            error,
            Err(Error::NotFound { resource: Resource::User, key }) if key == user_id(1).to_string()
        ));

        let unit = MockUnitOfWork::abandoned().shares_author(&deleted_user(1));
        let error = posts(begins([unit])).create(&command()).await;
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
        let answer = posts(begins([unit])).create(&command()).await;
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
        let error = posts(begins([unit])).create(&command()).await;
        assert!(matches!(
            error,
            Err(Error::AlreadyExists {
                resource: Resource::Post,
                field: "id",
            })
        ));
    }

    #[tokio::test]
    async fn contention_is_retried_with_a_new_unit_of_work() {
        let first = MockUnitOfWork::abandoned().shares_author(&user(1));
        let first = inserts(first, generated(), || Err(contention()));
        let second = MockUnitOfWork::committed().shares_author(&user(1));
        let second = inserts(second, generated(), || Ok(()));
        let command = CreatePost {
            id: None,
            ..command()
        };
        let answer = posts(begins([first, second])).create(&command).await;
        assert_eq!(answer.expect("made"), generated(), "one id for all tries");
    }
}
