//! Removes what has had its time.

use async_trait::async_trait;
use byline_domain::error::RepositoryError;
use byline_domain::sweep::{Expired, MAX_SWEPT, REQUESTS_KEPT, Sweeper};
use byline_domain::unit_of_work::UnitOfWork;
use chrono::{DateTime, Utc};

use crate::count::unsigned;
use crate::pool::Database;
use crate::unit_of_work::PgUnitOfWork;

/// Names the lock among a database's advisory locks: "bylinesw" in ASCII.
const KEY: i64 = 0x6279_6c69_6e65_7377;

#[async_trait]
impl Sweeper for Database {
    async fn sweep(
        &self,
        what: Expired,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Option<u64>, RepositoryError> {
        let limit = limit.min(MAX_SWEPT);
        let mut unit = self.open().await?;
        if !unit.may_sweep().await? {
            Box::new(unit).rollback().await?;
            return Ok(None);
        }
        let swept = match what {
            Expired::Posts => {
                let swept = unit.sweep_posts(now, limit).await?;
                match limit.checked_sub(u32::try_from(swept).unwrap_or(limit)) {
                    Some(left) if left > 0 => {
                        swept + unit.sweep_posts_of_due_users(now, left).await?
                    }
                    Some(_) | None => swept,
                }
            }
            Expired::Users => unit.sweep_users(now, limit).await?,
            Expired::Requests => unit.sweep_requests(now, limit).await?,
            Expired::Throttles => unit.sweep_throttles(now, limit).await?,
        };
        Box::new(unit).commit().await?;
        Ok(Some(swept))
    }

    async fn count_due(&self, what: Expired, now: DateTime<Utc>) -> Result<u64, RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let count = match what {
            Expired::Posts => {
                sqlx::query_scalar!(
                    r#"select (
                        select count(*) from posts where deleted_at is not null and purge_at <= $1
                    ) + (
                        select count(*) from users join posts on posts.author_id = users.id
                        where users.deleted_at is not null and users.purge_at <= $1
                        and posts.deleted_at is not null
                        and (posts.purge_at is null or posts.purge_at > $1)
                    ) as "count!""#,
                    now,
                )
                .fetch_one(&mut *statement)
                .await
            }
            Expired::Users => {
                sqlx::query_scalar!(
                    r#"select count(*) as "count!" from users
                    where deleted_at is not null and purge_at <= $1"#,
                    now,
                )
                .fetch_one(&mut *statement)
                .await
            }
            Expired::Requests => {
                sqlx::query_scalar!(
                    r#"select count(*) as "count!" from request_records where created_at < $1"#,
                    now - REQUESTS_KEPT,
                )
                .fetch_one(&mut *statement)
                .await
            }
            Expired::Throttles => {
                sqlx::query_scalar!(
                    r#"select count(*) as "count!" from throttles where forgotten_at <= $1"#,
                    now,
                )
                .fetch_one(&mut *statement)
                .await
            }
        };
        statement.finish(count).map(unsigned)
    }
}

/// Each locks what it picks before it removes it, in the order of an index. What somebody
/// else holds is skipped; what somebody has changed meanwhile is looked at anew, so that
/// nothing vanishes that was just taken out of the trash.
impl PgUnitOfWork<'_> {
    /// Whether no other process is sweeping; then none does until this unit of work ends.
    async fn may_sweep(&mut self) -> Result<bool, RepositoryError> {
        let mut statement = self.statement().await?;
        let taken = sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "taken!""#, KEY)
            .fetch_one(&mut *statement)
            .await;
        statement.finish(taken)
    }

    async fn sweep_posts(
        &mut self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, RepositoryError> {
        let mut statement = self.statement().await?;
        let done = sqlx::query!(
            "delete from posts where id = any(array(
                select id from posts where deleted_at is not null and purge_at <= $1
                order by purge_at, id limit $2 for update skip locked))",
            now,
            i64::from(limit),
        )
        .execute(&mut *statement)
        .await;
        Ok(statement.finish(done)?.rows_affected())
    }

    /// The authors are locked too: one who is being taken out of the trash keeps them.
    /// What is lateral and limited costs one look into an index for each author.
    async fn sweep_posts_of_due_users(
        &mut self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, RepositoryError> {
        let mut statement = self.statement().await?;
        let done = sqlx::query!(
            "delete from posts where id = any(array(
                select theirs.id from (
                    select users.id from users cross join lateral (
                        select from posts
                        where author_id = users.id and posts.deleted_at is not null limit 1
                    ) any_post
                    where users.deleted_at is not null and users.purge_at <= $1
                    order by users.purge_at, users.id limit $2 for update of users skip locked
                ) due cross join lateral (
                    select id from posts where author_id = due.id and deleted_at is not null
                    limit $2 for update skip locked
                ) theirs limit $2))",
            now,
            i64::from(limit),
        )
        .execute(&mut *statement)
        .await;
        Ok(statement.finish(done)?.rows_affected())
    }

    async fn sweep_users(
        &mut self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, RepositoryError> {
        let mut statement = self.statement().await?;
        let done = sqlx::query!(
            "delete from users where id = any(array(
                select users.id from users left join lateral (
                    select true as found from posts where author_id = users.id limit 1
                ) any_post on true
                where users.deleted_at is not null and users.purge_at <= $1
                and any_post.found is null
                order by users.purge_at, users.id limit $2 for update of users skip locked))",
            now,
            i64::from(limit),
        )
        .execute(&mut *statement)
        .await;
        Ok(statement.finish(done)?.rows_affected())
    }

    async fn sweep_requests(
        &mut self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, RepositoryError> {
        let mut statement = self.statement().await?;
        let done = sqlx::query!(
            "delete from request_records where id = any(array(
                select id from request_records where created_at < $1
                order by created_at limit $2 for update skip locked))",
            now - REQUESTS_KEPT,
            i64::from(limit),
        )
        .execute(&mut *statement)
        .await;
        Ok(statement.finish(done)?.rows_affected())
    }

    async fn sweep_throttles(
        &mut self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, RepositoryError> {
        let mut statement = self.statement().await?;
        let done = sqlx::query!(
            "delete from throttles where key = any(array(
                select key from throttles where forgotten_at <= $1
                order by forgotten_at limit $2 for update skip locked))",
            now,
            i64::from(limit),
        )
        .execute(&mut *statement)
        .await;
        Ok(statement.finish(done)?.rows_affected())
    }
}
