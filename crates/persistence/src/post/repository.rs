//! Changes posts.

use async_trait::async_trait;
use byline_domain::error::{RepositoryError, Resource};
use byline_domain::ids::{PostId, UserId};
use byline_domain::lifecycle::Version;
use byline_domain::post::{Content, Post, PostRepository};

use super::select_posts;
use crate::unit_of_work::PgUnitOfWork;

#[async_trait]
impl PostRepository for PgUnitOfWork<'_> {
    async fn insert(&mut self, post: &Post) -> Result<(), RepositoryError> {
        let mut statement = self.statement().await?;
        // Neither a conflict nor a missing author may raise an error, which would
        // end the transaction.
        let done = sqlx::query!(
            "insert into posts (id, title, content, published_at, author_id, created_at, \
             updated_at, deleted_at, version) \
             select $1, $2, $3, $4, id, $6, $7, $8, $9 from users where id = $5 \
             on conflict do nothing",
            post.id.as_uuid(),
            post.title.as_str(),
            post.content.as_ref().map(Content::as_str),
            post.published_at,
            post.author_id.as_uuid(),
            post.lifecycle.created_at(),
            post.lifecycle.updated_at(),
            post.lifecycle.deleted_at(),
            post.lifecycle.version().get(),
        )
        .execute(&mut *statement)
        .await;
        if statement.finish(done)?.rows_affected() > 0 {
            return Ok(());
        }
        let mut statement = self.statement().await?;
        let taken = sqlx::query_scalar!(
            r#"select exists (select from posts where id = $1) as "taken!""#,
            post.id.as_uuid(),
        )
        .fetch_one(&mut *statement)
        .await;
        Err(if statement.finish(taken)? {
            RepositoryError::AlreadyExists {
                resource: Resource::Post,
                field: "id",
            }
        } else {
            RepositoryError::ReferenceMissing {
                resource: Resource::User,
            }
        })
    }

    async fn find_for_update(&mut self, id: PostId) -> Result<Option<Post>, RepositoryError> {
        let mut statement = self.statement().await?;
        let row = select_posts!("posts where id = $1 for update", id.as_uuid())
            .fetch_optional(&mut *statement)
            .await;
        statement.finish(row)?.map(Post::try_from).transpose()
    }

    async fn has_living(&mut self, author: UserId) -> Result<bool, RepositoryError> {
        let mut statement = self.statement().await?;
        let living = sqlx::query_scalar!(
            r#"select exists (
                select from posts where author_id = $1 and deleted_at is null) as "living!""#,
            author.as_uuid(),
        )
        .fetch_one(&mut *statement)
        .await;
        statement.finish(living)
    }

    async fn update(&mut self, post: &Post, expected: Version) -> Result<(), RepositoryError> {
        let mut statement = self.statement().await?;
        let done = sqlx::query!(
            "update posts set title = $3, content = $4, published_at = $5, updated_at = $6, \
             deleted_at = $7, version = $8 where id = $1 and version = $2",
            post.id.as_uuid(),
            expected.get(),
            post.title.as_str(),
            post.content.as_ref().map(Content::as_str),
            post.published_at,
            post.lifecycle.updated_at(),
            post.lifecycle.deleted_at(),
            post.lifecycle.version().get(),
        )
        .execute(&mut *statement)
        .await;
        if statement.finish(done)?.rows_affected() > 0 {
            return Ok(());
        }
        Err(RepositoryError::StaleVersion {
            resource: Resource::Post,
        })
    }

    async fn purge(&mut self, id: PostId) -> Result<bool, RepositoryError> {
        let mut statement = self.statement().await?;
        let done = sqlx::query!("delete from posts where id = $1", id.as_uuid())
            .execute(&mut *statement)
            .await;
        Ok(statement.finish(done)?.rows_affected() > 0)
    }
}
