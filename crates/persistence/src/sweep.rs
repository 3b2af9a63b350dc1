//! Removes what has had its time.

use async_trait::async_trait;
use byline_domain::audit::{Action, AuditLog as _, Deed, Origin};
use byline_domain::error::{RepositoryError, Resource};
use byline_domain::sweep::{Expired, MAX_SWEPT, REQUESTS_KEPT, Sweeper};
use byline_domain::unit_of_work::UnitOfWork;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::count::unsigned;
use crate::pool::Database;
use crate::unit_of_work::{Noted, PgUnitOfWork};

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
                let mut gone = unit.sweep_posts(now, limit).await?;
                let left = limit.saturating_sub(u32::try_from(gone.len()).unwrap_or(limit));
                if left > 0 {
                    gone.extend(unit.sweep_posts_of_due_users(now, left).await?);
                }
                unit.note_purged(Action::PostPurged, Resource::Post, &gone)
            }
            Expired::Users => {
                let gone = unit.sweep_users(now, limit).await?;
                unit.note_purged(Action::UserPurged, Resource::User, &gone)
            }
            Expired::Requests => unit.sweep_requests(now, limit).await?,
            Expired::Throttles => unit.sweep_throttles(now, limit).await?,
            Expired::AuditEvents => unit.sweep_audit_events(now, limit).await?,
        };
        unit.keep(&Origin::sweep(), now).await?;
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
            Expired::AuditEvents => {
                sqlx::query_scalar!(
                    r#"select coalesce(sum(events), 0)::bigint as "count!" from (
                        select count(*) as events from audit_events
                        where occurred_at < least($1, now() - interval '30 days')
                        union all select sum(cardinality(resource_ids)) from audit_batches
                        where occurred_at < least($1, now() - interval '30 days')
                    ) due"#,
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
    ) -> Result<Vec<Uuid>, RepositoryError> {
        let mut statement = self.statement().await?;
        let gone = sqlx::query_scalar!(
            "delete from posts where id = any(array(
                select id from posts where deleted_at is not null and purge_at <= $1
                order by purge_at, id limit $2 for update skip locked)) returning id",
            now,
            i64::from(limit),
        )
        .fetch_all(&mut *statement)
        .await;
        statement.finish(gone)
    }

    /// The authors are locked too: one who is being taken out of the trash keeps them.
    /// What is lateral and limited costs one look into an index for each author.
    async fn sweep_posts_of_due_users(
        &mut self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Uuid>, RepositoryError> {
        let mut statement = self.statement().await?;
        let gone = sqlx::query_scalar!(
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
                ) theirs limit $2)) returning id",
            now,
            i64::from(limit),
        )
        .fetch_all(&mut *statement)
        .await;
        statement.finish(gone)
    }

    async fn sweep_users(
        &mut self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Uuid>, RepositoryError> {
        let mut statement = self.statement().await?;
        let gone = sqlx::query_scalar!(
            "delete from users where id = any(array(
                select users.id from users left join lateral (
                    select true as found from posts where author_id = users.id limit 1
                ) any_post on true
                where users.deleted_at is not null and users.purge_at <= $1
                and any_post.found is null
                order by users.purge_at, users.id limit $2 for update of users skip locked)) returning id",
            now,
            i64::from(limit),
        )
        .fetch_all(&mut *statement)
        .await;
        statement.finish(gone)
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

    /// Of events and batches of them as many of either as the limit says. `before` is not bound to
    /// be old: the function leaves what is too young.
    async fn sweep_audit_events(
        &mut self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, RepositoryError> {
        let mut statement = self.statement().await?;
        let gone = sqlx::query_scalar!(
            r#"select expire_audit_events($1, $2) as "gone!""#,
            before,
            i32::try_from(limit).unwrap_or(i32::MAX),
        )
        .fetch_one(&mut *statement)
        .await;
        statement.finish(gone).map(unsigned)
    }

    /// Notes that those went for good, and tells how many they are.
    fn note_purged(&mut self, action: Action, resource: Resource, gone: &[Uuid]) -> u64 {
        let deeds = gone
            .iter()
            .map(|id| Noted::Deed(Deed::to(action, resource, *id)));
        self.noted().extend(deeds);
        gone.len() as u64
    }
}
