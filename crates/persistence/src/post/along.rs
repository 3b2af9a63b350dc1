//! What happens to many posts of one author at once.

use byline_domain::error::RepositoryError;
use byline_domain::filter::{Filter, PostTest};
use byline_domain::ids::UserId;
use byline_domain::trash::Trash;
use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::filter::Rows;
use crate::unit_of_work::PgUnitOfWork;

fn uuids(authors: &[UserId]) -> Vec<Uuid> {
    authors.iter().map(UserId::as_uuid).collect()
}

impl PgUnitOfWork<'_> {
    pub(super) async fn delete_posts_along(
        &mut self,
        authors: &[UserId],
        now: DateTime<Utc>,
        purge_at: DateTime<Utc>,
    ) -> Result<u64, RepositoryError> {
        let mut statement = self.statement().await?;
        let done = sqlx::query!(
            "update posts set updated_at = greatest($2, updated_at, created_at), \
             deleted_at = greatest($2, updated_at, created_at), \
             purge_at = greatest($3, $2, updated_at, created_at), \
             deleted_with_author = true, version = version + 1 \
             where author_id = any($1) and deleted_at is null",
            &uuids(authors),
            now,
            purge_at,
        )
        .execute(&mut *statement)
        .await;
        Ok(statement.finish(done)?.rows_affected())
    }

    pub(super) async fn undelete_posts_along(
        &mut self,
        author: UserId,
        now: DateTime<Utc>,
    ) -> Result<u64, RepositoryError> {
        let mut statement = self.statement().await?;
        let done = sqlx::query!(
            "update posts set updated_at = greatest($2, updated_at, created_at), \
             deleted_at = null, purge_at = null, deleted_with_author = false, \
             version = version + 1 \
             where author_id = $1 and deleted_at is not null and deleted_with_author",
            author.as_uuid(),
            now,
        )
        .execute(&mut *statement)
        .await;
        Ok(statement.finish(done)?.rows_affected())
    }

    pub(super) async fn authors_of_living_posts(
        &mut self,
        authors: &[UserId],
    ) -> Result<Vec<UserId>, RepositoryError> {
        let mut statement = self.statement().await?;
        // Lateral and limited, so that each author costs one look into the index, however
        // many are asked for.
        let found = sqlx::query_scalar!(
            r#"select asked.id as "id!" from (
                select distinct id from unnest($1::uuid[]) as given (id)) asked
            cross join lateral (
                select from posts where author_id = asked.id and deleted_at is null limit 1
            ) living"#,
            &uuids(authors),
        )
        .fetch_all(&mut *statement)
        .await;
        let found = statement.finish(found)?.into_iter();
        Ok(found.map(UserId::from_uuid).collect())
    }

    pub(super) async fn transfer_posts(
        &mut self,
        from: UserId,
        to: UserId,
        meets: Option<&Filter<PostTest>>,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, RepositoryError> {
        if from == to {
            return Ok(0);
        }
        let rows = Rows {
            trash: Trash::Exclude,
            meets,
        };
        let mut query = QueryBuilder::new("update posts set author_id = ");
        query.push_bind(to.as_uuid());
        query.push(", updated_at = greatest(updated_at, created_at, ");
        query.push_bind(now);
        // The lock comes before the limit: a post that somebody else took meanwhile is
        // left out, and another one fills its place. A range rather than an equality, with
        // which the author would mean nothing to the order: the planner would walk the
        // posts of all others for those of an author who has many.
        query.push(
            "), version = version + 1 where id = any(array(select id from posts where author_id between ",
        );
        query.push_bind(from.as_uuid()).push(" and ");
        query.push_bind(from.as_uuid()).push(" and ");
        rows.push(&mut query);
        query.push(" order by author_id, created_at, id limit ");
        query.push_bind(i64::from(limit)).push(" for update))");
        let mut statement = self.statement().await?;
        let done = query
            .build()
            .persistent(rows.is_common())
            .execute(&mut *statement)
            .await;
        Ok(statement.finish(done)?.rows_affected())
    }
}
