//! Getting one post.

use byline_domain::ids::PostId;
use byline_domain::post::Post;
use byline_domain::trash::Trash;

use super::Posts;
use crate::Error;

/// The post to get.
#[derive(Clone, Debug)]
pub struct GetPost {
    /// Which one.
    pub id: PostId,
    /// Whether to look in the trash too.
    pub trash: Trash,
}

impl Posts {
    /// Gets a post; `NotFound` when there is none.
    pub async fn get(&self, query: &GetPost) -> Result<Post, Error> {
        let found = self.reader.find(query.id, query.trash).await?;
        found.ok_or_else(|| Error::post_not_found(query.id))
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::error::{RepositoryError, Resource};
    use byline_domain::testing::fixtures::post_id;
    use byline_domain::testing::mocks::MockPostReader;
    use mockall::predicate::eq;

    use super::*;
    use crate::testing::{deleted_post, posts_read};

    fn query(trash: Trash) -> GetPost {
        GetPost {
            id: post_id(1),
            trash,
        }
    }

    #[tokio::test]
    async fn a_post_is_found_in_the_trash_only_when_asked_for() {
        let mut reader = MockPostReader::new();
        reader
            .expect_find()
            .with(eq(post_id(1)), eq(Trash::Include))
            .once()
            .returning(|_, _| Ok(Some(deleted_post(1))));
        reader
            .expect_find()
            .with(eq(post_id(1)), eq(Trash::Exclude))
            .once()
            .returning(|_, _| Ok(None));
        let posts = posts_read(reader);
        let found = posts.get(&query(Trash::Include)).await;
        assert_eq!(found.expect("found"), deleted_post(1));
        let error = posts.get(&query(Trash::Exclude)).await;
        assert!(matches!(
            error,
            Err(Error::NotFound { resource: Resource::Post, key }) if key == post_id(1).to_string()
        ));
    }

    #[tokio::test]
    async fn a_corrupt_post_is_a_defect_and_not_a_missing_one() {
        let mut reader = MockPostReader::new();
        reader.expect_find().once().returning(|id, _| {
            Err(RepositoryError::Corrupt {
                table: "posts",
                column: "title",
                id: id.as_uuid(),
            })
        });
        let error = posts_read(reader).get(&query(Trash::Exclude)).await;
        assert!(matches!(error, Err(Error::Internal(_))));
    }
}
