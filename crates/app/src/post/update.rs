//! Changing a post.

use byline_domain::ids::PostId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::post::{Post, PostChanges};
use byline_domain::trash::Trash;

use super::{Posts, lock};
use crate::{Error, retry};

/// A change to a post.
#[derive(Clone, Debug)]
pub struct UpdatePost {
    /// What to change.
    pub id: PostId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
    /// How to change it.
    pub changes: PostChanges,
}

impl Posts {
    /// Changes a post; a change that makes no difference writes nothing.
    pub async fn update(&self, command: &UpdatePost) -> Result<Post, Error> {
        retry::on_contention(|| self.update_once(command)).await
    }

    async fn update_once(&self, command: &UpdatePost) -> Result<Post, Error> {
        let mut unit = self.units.begin().await?;
        let mut post = lock(
            unit.as_mut(),
            command.id,
            Trash::Exclude,
            command.etag.as_ref(),
        )
        .await?;
        let version = post.lifecycle.version();
        if post.apply(command.changes.clone(), self.clock.now()) {
            unit.posts().update(&post, version).await?;
            unit.commit().await?;
        } else {
            unit.rollback().await?;
        }
        Ok(post)
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::error::Resource;
    use byline_domain::post::Title;
    use byline_domain::testing::fixtures::post_id;
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};

    use super::*;
    use crate::testing::{Expects, current, deleted_post, now, post, posts, stale};

    fn title() -> Title {
        Title::parse("Another title").expect("a valid title")
    }

    fn command(etag: Option<ExpectedEtag>) -> UpdatePost {
        UpdatePost {
            id: post_id(1),
            etag,
            changes: PostChanges {
                title: Some(title()),
                ..PostChanges::default()
            },
        }
    }

    fn changed() -> Post {
        let mut post = post(1);
        post.title = title();
        post.lifecycle.touch(now());
        post
    }

    #[tokio::test]
    async fn a_change_is_written_over_the_state_that_was_read() {
        for etag in [None, current(&post(1).lifecycle)] {
            let unit = MockUnitOfWork::committed()
                .holds_post(&post(1))
                .replaces_post(&post(1), &changed());
            let answer = posts(begins([unit])).update(&command(etag)).await;
            assert_eq!(answer.expect("changed"), changed());
        }
    }

    #[tokio::test]
    async fn a_stale_etag_changes_nothing() {
        let unit = MockUnitOfWork::abandoned().holds_post(&post(1));
        let error = posts(begins([unit])).update(&command(stale())).await;
        assert!(matches!(
            error,
            Err(Error::EtagMismatch { resource: Resource::Post, id }) if id == post_id(1).as_uuid()
        ));
    }

    #[tokio::test]
    async fn an_update_without_difference_writes_nothing() {
        let unit = MockUnitOfWork::abandoned().holds_post(&post(1));
        let same = UpdatePost {
            changes: PostChanges {
                title: Some(post(1).title),
                content: Some(post(1).content),
                published: Some(false),
            },
            ..command(None)
        };
        let answer = posts(begins([unit])).update(&same).await;
        assert_eq!(answer.expect("answered as it is"), post(1));
    }

    #[tokio::test]
    async fn what_does_not_exist_is_not_found() {
        let unit = MockUnitOfWork::abandoned().misses_post(post_id(1));
        let error = posts(begins([unit])).update(&command(None)).await;
        assert!(matches!(
            error,
            Err(Error::NotFound { resource: Resource::Post, key }) if key == post_id(1).to_string()
        ));
    }

    #[tokio::test]
    async fn what_is_in_the_trash_is_not_found_even_with_a_stale_etag() {
        for etag in [None, stale(), current(&deleted_post(1).lifecycle)] {
            let unit = MockUnitOfWork::abandoned().holds_post(&deleted_post(1));
            let error = posts(begins([unit])).update(&command(etag)).await;
            assert!(matches!(error, Err(Error::NotFound { .. })), "{error:?}");
        }
    }

    #[tokio::test]
    async fn contention_is_retried_from_a_fresh_read() {
        let first = MockUnitOfWork::abandoned().contends_for_post();
        let second = MockUnitOfWork::committed()
            .holds_post(&post(1))
            .replaces_post(&post(1), &changed());
        let answer = posts(begins([first, second])).update(&command(None)).await;
        assert_eq!(answer.expect("changed"), changed());
    }
}
