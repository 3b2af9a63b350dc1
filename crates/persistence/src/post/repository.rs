//! Changes posts.

use async_trait::async_trait;
use byline_domain::error::{Corrupt, RepositoryError, Resource};
use byline_domain::filter::{Filter, PostTest};
use byline_domain::ids::{PostId, UserId};
use byline_domain::post::{Content, Given, Post, PostAge, PostHead, PostRepository, PostRewrite};
use chrono::{DateTime, Utc};

use super::select_posts;
use crate::unit_of_work::PgUnitOfWork;

pub(super) fn already_exists() -> RepositoryError {
    RepositoryError::AlreadyExists {
        resource: Resource::Post,
        field: "id",
    }
}

pub(super) fn author_missing() -> RepositoryError {
    RepositoryError::ReferenceMissing {
        resource: Resource::User,
    }
}

#[async_trait]
impl PostRepository for PgUnitOfWork<'_> {
    async fn insert(&mut self, post: &Post) -> Result<(), RepositoryError> {
        let mut statement = self.statement().await?;
        // Neither a conflict nor a missing author may raise an error, which would
        // end the transaction.
        let done = sqlx::query!(
            "insert into posts (id, title, content, published_at, author_id, created_at, \
             updated_at, deleted_at, purge_at, version) \
             select $1, $2, $3, $4, id, $6, $7, $8, $9, $10 from users where id = $5 \
             on conflict do nothing",
            post.id.as_uuid(),
            post.title.as_str(),
            post.content.as_ref().map(Content::as_str),
            post.published_at,
            post.author_id.as_uuid(),
            post.lifecycle.created_at(),
            post.lifecycle.updated_at(),
            post.lifecycle.deleted_at(),
            post.lifecycle.purge_at(),
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
            already_exists()
        } else {
            author_missing()
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

    async fn authors_of_living(
        &mut self,
        authors: &[UserId],
    ) -> Result<Vec<UserId>, RepositoryError> {
        self.authors_of_living_posts(authors).await
    }

    async fn delete_along(
        &mut self,
        authors: &[UserId],
        now: DateTime<Utc>,
        purge_at: DateTime<Utc>,
    ) -> Result<Vec<(UserId, u64)>, RepositoryError> {
        self.delete_posts_along(authors, now, purge_at).await
    }

    async fn undelete_along(
        &mut self,
        author: UserId,
        now: DateTime<Utc>,
    ) -> Result<u64, RepositoryError> {
        self.undelete_posts_along(author, now).await
    }

    async fn transfer<'a>(
        &mut self,
        from: UserId,
        to: UserId,
        meets: Option<&'a Filter<PostTest>>,
        now: DateTime<Utc>,
        after: Option<PostAge>,
        limit: u32,
    ) -> Result<Given, RepositoryError> {
        self.transfer_posts(from, to, meets, now, after, limit)
            .await
    }

    async fn purge(&mut self, id: PostId) -> Result<bool, RepositoryError> {
        let mut statement = self.statement().await?;
        let done = sqlx::query!("delete from posts where id = $1", id.as_uuid())
            .execute(&mut *statement)
            .await;
        Ok(statement.finish(done)?.rows_affected() > 0)
    }

    async fn insert_many(
        &mut self,
        posts: &[Post],
    ) -> Result<Vec<Result<(), RepositoryError>>, RepositoryError> {
        self.insert_posts(posts).await
    }

    async fn insert_fresh(&mut self, posts: &[Post]) -> Result<(), RepositoryError> {
        self.insert_fresh_posts(posts).await
    }

    async fn find_heads_for_update(
        &mut self,
        ids: &[PostId],
    ) -> Result<Vec<Result<PostHead, Corrupt>>, RepositoryError> {
        self.hold_heads_for_update(ids).await
    }

    async fn already_say(
        &mut self,
        contents: &[(PostId, Option<Content>)],
    ) -> Result<Vec<bool>, RepositoryError> {
        self.compare_contents(contents).await
    }

    async fn find_contents_for_update(
        &mut self,
        posts: &[(PostId, bool)],
    ) -> Result<Vec<Option<Content>>, RepositoryError> {
        self.hold_contents_for_update(posts).await
    }

    async fn update_many(&mut self, posts: &[PostRewrite]) -> Result<(), RepositoryError> {
        self.rewrite_posts(posts).await
    }
}
