//! What happens to many posts of one author at once.

use byline_domain::error::RepositoryError;
use byline_domain::filter::{Filter, PostTest};
use byline_domain::ids::{PostId, UserId};
use byline_domain::post::{Given, PostAge};
use byline_domain::trash::Trash;
use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::batch::uuids;
use crate::count::unsigned;
use crate::filter::Rows;
use crate::unit_of_work::PgUnitOfWork;

impl PgUnitOfWork<'_> {
    pub(super) async fn delete_posts_along(
        &mut self,
        authors: &[UserId],
        now: DateTime<Utc>,
        purge_at: DateTime<Utc>,
    ) -> Result<Vec<(UserId, u64)>, RepositoryError> {
        if authors.is_empty() {
            return Ok(Vec::new());
        }
        let mut statement = self.statement().await?;
        let done = sqlx::query!(
            r#"with gone as (
                update posts set updated_at = greatest($2, updated_at, created_at),
                    deleted_at = greatest($2, updated_at, created_at),
                    purge_at = greatest($3, $2, updated_at, created_at),
                    deleted_with_author = true, version = version + 1
                where author_id = any($1) and deleted_at is null
                returning author_id
            )
            select author_id, count(*) as "count!" from gone group by author_id"#,
            &uuids(authors),
            now,
            purge_at,
        )
        .fetch_all(&mut *statement)
        .await;
        let counts = statement.finish(done)?.into_iter();
        let of = |author| UserId::from_uuid(author);
        Ok(counts
            .map(|row| (of(row.author_id), unsigned(row.count)))
            .collect())
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
        if authors.is_empty() {
            return Ok(Vec::new());
        }
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
        after: Option<PostAge>,
        limit: u32,
    ) -> Result<Given, RepositoryError> {
        if from == to {
            return Ok(Given::default());
        }
        let rows = Rows {
            trash: Trash::Exclude,
            meets,
        };
        // The lock comes before the limit: a post that somebody else took meanwhile is
        // left out, and another one fills its place. A range rather than an equality, with
        // which the author would mean nothing to the order: the planner would walk the
        // posts of all others for those of an author who has many.
        let mut query = QueryBuilder::new(
            "with given as materialized (select id, created_at from posts where author_id between ",
        );
        query.push_bind(from.as_uuid()).push(" and ");
        query.push_bind(from.as_uuid());
        if let Some(after) = after {
            query.push(" and (author_id, created_at, id) > (");
            query.push_bind(from.as_uuid()).push(", ");
            query.push_bind(after.created_at).push(", ");
            query.push_bind(after.id.as_uuid()).push(")");
        }
        query.push(" and ");
        rows.push(&mut query);
        query.push(" order by author_id, created_at, id limit ");
        query.push_bind(i64::from(limit));
        query.push(" for update), moved as (update posts set author_id = ");
        query.push_bind(to.as_uuid());
        query.push(", updated_at = greatest(updated_at, created_at, ");
        query.push_bind(now);
        query.push(
            "), version = version + 1 where id = any(array(select id from given)) returning 1) \
             select count(*) over (), created_at, id from given \
             order by created_at desc, id desc limit 1",
        );
        let mut statement = self.statement().await?;
        let last: Result<Option<(i64, DateTime<Utc>, Uuid)>, _> = query
            .build_query_as()
            .persistent(rows.is_common())
            .fetch_optional(&mut *statement)
            .await;
        let Some((count, created_at, id)) = statement.finish(last)? else {
            return Ok(Given::default());
        };
        let id = PostId::from_uuid(id);
        Ok(Given {
            count: u64::try_from(count).unwrap_or_default(),
            last: Some(PostAge { created_at, id }),
        })
    }
}
