//! Changing a post.

use async_trait::async_trait;
use byline_domain::audit::{Action, Deed};
use byline_domain::ids::PostId;
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::post::{Post, PostChanges, PostHead, PostRewrite};
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWork;

use super::lock;
use crate::{Error, Mutation, Terms};

/// Changes a post; a change that makes no difference writes nothing.
#[derive(Clone, Debug)]
pub struct UpdatePost {
    /// What to change.
    pub id: PostId,
    /// The state that the caller expects, if any.
    pub etag: Option<ExpectedEtag>,
    /// How to change it.
    pub changes: PostChanges,
}

#[async_trait]
impl Mutation for UpdatePost {
    type Output = Post;

    async fn make(&self, unit: &mut dyn UnitOfWork, terms: &Terms) -> Result<Post, Error> {
        let before = lock(unit, self.id, Trash::Exclude, self.etag.as_ref()).await?;
        let mut after = before.clone();
        if after.apply(self.changes.clone(), terms.now) {
            let rewrite = PostRewrite::between(&before, &after);
            let deed = changed(&PostHead::from(&before), &rewrite);
            unit.posts().update_many(&[rewrite]).await?;
            unit.audit().note(deed);
        }
        Ok(after)
    }
}

/// That the post was changed in what the rewrite makes different.
pub(super) fn changed(before: &PostHead, rewrite: &PostRewrite) -> Deed {
    let fields = rewrite.differences(before);
    Deed::to_post(Action::PostUpdated, before.id).changing(fields)
}

#[cfg(test)]
mod tests {
    use byline_domain::error::Resource;
    use byline_domain::post::Title;
    use byline_domain::testing::fixtures::post_id;
    use byline_domain::testing::mocks::{MockUnitOfWork, begins};

    use super::*;
    use crate::testing::{Expects, current, deleted_post, now, post, run, stale};

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
            let answer = run(begins([unit]), command(etag)).await;
            assert_eq!(answer.expect("changed"), changed());
        }
    }

    #[tokio::test]
    async fn a_stale_etag_changes_nothing() {
        let unit = MockUnitOfWork::abandoned().holds_post(&post(1));
        let error = run(begins([unit]), command(stale())).await;
        assert!(matches!(
            error,
            Err(Error::EtagMismatch { resource: Resource::Post, id }) if id == post_id(1).as_uuid()
        ));
    }

    #[tokio::test]
    async fn an_update_without_difference_writes_nothing() {
        let unit = MockUnitOfWork::committed().holds_post(&post(1));
        let same = UpdatePost {
            changes: PostChanges {
                title: Some(post(1).title),
                content: Some(post(1).content),
                published: Some(false),
            },
            ..command(None)
        };
        let answer = run(begins([unit]), same).await;
        assert_eq!(answer.expect("answered as it is"), post(1));
    }

    #[tokio::test]
    async fn what_does_not_exist_is_not_found() {
        let unit = MockUnitOfWork::abandoned().misses_post(post_id(1));
        let error = run(begins([unit]), command(None)).await;
        assert!(matches!(
            error,
            Err(Error::NotFound { resource: Resource::Post, key }) if key == post_id(1).to_string()
        ));
    }

    #[tokio::test]
    async fn what_is_in_the_trash_is_not_found_even_with_a_stale_etag() {
        for etag in [None, stale(), current(&deleted_post(1).lifecycle)] {
            let unit = MockUnitOfWork::abandoned().holds_post(&deleted_post(1));
            let error = run(begins([unit]), command(etag)).await;
            assert!(matches!(error, Err(Error::NotFound { .. })), "{error:?}");
        }
    }

    #[tokio::test]
    async fn contention_is_retried_from_a_fresh_read() {
        let first = MockUnitOfWork::abandoned().contends_for_post();
        let second = MockUnitOfWork::committed()
            .holds_post(&post(1))
            .replaces_post(&post(1), &changed());
        let answer = run(begins([first, second]), command(None)).await;
        assert_eq!(answer.expect("changed"), changed());
    }
}
