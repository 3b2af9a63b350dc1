//! Changes many users by one statement.

use std::collections::HashSet;

use byline_domain::error::{Corrupt, RepositoryError, Resource};
use byline_domain::ids::UserId;
use byline_domain::lifecycle::Version;
use byline_domain::user::{Address, Email, User, UserName};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::repository::already_exists;
use super::select_users;
use crate::batch::{runs, uuids};
use crate::unit_of_work::PgUnitOfWork;

/// Users by columns, as `unnest` takes them.
#[derive(Default)]
struct Columns<'u> {
    id: Vec<Uuid>,
    email: Vec<&'u str>,
    name: Vec<Option<&'u str>>,
    role: Vec<&'u str>,
    is_active: Vec<bool>,
    created_at: Vec<DateTime<Utc>>,
    updated_at: Vec<Option<DateTime<Utc>>>,
    deleted_at: Vec<Option<DateTime<Utc>>>,
    version: Vec<i64>,
    purge_at: Vec<Option<DateTime<Utc>>>,
}

impl<'u> FromIterator<&'u User> for Columns<'u> {
    fn from_iter<I: IntoIterator<Item = &'u User>>(users: I) -> Self {
        let mut columns = Self::default();
        for user in users {
            columns.id.push(user.id.as_uuid());
            columns.email.push(user.email.as_str());
            columns.name.push(user.name.as_ref().map(UserName::as_str));
            columns.role.push(user.role.as_str());
            columns.is_active.push(user.is_active);
            columns.created_at.push(user.lifecycle.created_at());
            columns.updated_at.push(user.lifecycle.updated_at());
            columns.deleted_at.push(user.lifecycle.deleted_at());
            columns.version.push(user.lifecycle.version().get());
            columns.purge_at.push(user.lifecycle.purge_at());
        }
        columns
    }
}

impl PgUnitOfWork<'_> {
    pub(super) async fn insert_users(
        &mut self,
        users: &[User],
    ) -> Result<Vec<Result<(), RepositoryError>>, RepositoryError> {
        let mut outcomes = Vec::with_capacity(users.len());
        for run in runs(users, |user| user.id.as_uuid()) {
            let inserted = self.insert_users_of_a_run(run).await?;
            let mut refused = run.iter().map(|user| user.id.as_uuid()).collect::<Vec<_>>();
            refused.retain(|id| !inserted.contains(id));
            // Before the next run, which may bring what is missing here.
            let taken = self.stored_users(refused).await?;
            outcomes.extend(run.iter().map(|user| {
                let id = user.id.as_uuid();
                if inserted.contains(&id) {
                    Ok(())
                } else if taken.contains(&id) {
                    Err(already_exists("id"))
                } else {
                    Err(already_exists("email"))
                }
            }));
        }
        Ok(outcomes)
    }

    async fn insert_users_of_a_run(
        &mut self,
        users: &[User],
    ) -> Result<HashSet<Uuid>, RepositoryError> {
        let of: Columns = users.iter().collect();
        let mut statement = self.statement().await?;
        // In the order given, since of two with one address the first has it. A conflict
        // must not raise an error, which would end the transaction.
        let inserted = sqlx::query_scalar!(
            "insert into users (id, email, name, role, is_active, created_at, updated_at, \
             deleted_at, version, purge_at) \
             select id, email, name, role, is_active, created_at, updated_at, deleted_at, \
                version, purge_at \
             from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::boolean[], \
                $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::bigint[], \
                $10::timestamptz[]) with ordinality as given (id, email, name, role, is_active, \
                created_at, updated_at, deleted_at, version, purge_at, place) \
             order by place on conflict do nothing returning id",
            &of.id,
            &of.email as _,
            &of.name as _,
            &of.role as _,
            &of.is_active,
            &of.created_at,
            &of.updated_at as _,
            &of.deleted_at as _,
            &of.version,
            &of.purge_at as _,
        )
        .fetch_all(&mut *statement)
        .await;
        Ok(statement.finish(inserted)?.into_iter().collect())
    }

    /// Those of the ids that a user has, in the trash or not.
    async fn stored_users(&mut self, ids: Vec<Uuid>) -> Result<HashSet<Uuid>, RepositoryError> {
        if ids.is_empty() {
            return Ok(HashSet::new());
        }
        let mut statement = self.statement().await?;
        let stored = sqlx::query_scalar!("select id from users where id = any($1)", &ids)
            .fetch_all(&mut *statement)
            .await;
        Ok(statement.finish(stored)?.into_iter().collect())
    }

    pub(super) async fn hold_users_for_update(
        &mut self,
        ids: &[UserId],
    ) -> Result<Vec<Result<User, Corrupt>>, RepositoryError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut statement = self.statement().await?;
        let rows = select_users!(
            "users where id = any($1) order by id for no key update",
            &uuids(ids)
        )
        .fetch_all(&mut *statement)
        .await;
        let rows = statement.finish(rows)?;
        Ok(rows.into_iter().map(User::try_from).collect())
    }

    pub(super) async fn hold_users_for_share(
        &mut self,
        ids: &[UserId],
    ) -> Result<Vec<Result<User, Corrupt>>, RepositoryError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut statement = self.statement().await?;
        let rows = select_users!(
            "users where id = any($1) order by id for share",
            &uuids(ids)
        )
        .fetch_all(&mut *statement)
        .await;
        let rows = statement.finish(rows)?;
        Ok(rows.into_iter().map(User::try_from).collect())
    }

    pub(super) async fn addresses(
        &mut self,
        emails: &[Email],
    ) -> Result<Vec<Address>, RepositoryError> {
        if emails.is_empty() {
            return Ok(Vec::new());
        }
        let asked: Vec<&str> = emails.iter().map(Email::as_str).collect();
        let mut statement = self.statement().await?;
        let rows = sqlx::query!(
            r#"select asked.folded as "folded!", users.id as "holder?"
            from (
                select lower(email) collate "C" as folded, place
                from unnest($1::text[]) with ordinality as given (email, place)
            ) asked
            left join users on lower(users.email) collate "C" = asked.folded
                and users.deleted_at is null
            order by asked.place"#,
            &asked as _,
        )
        .fetch_all(&mut *statement)
        .await;
        let addresses = statement.finish(rows)?.into_iter().map(|row| Address {
            folded: row.folded,
            holder: row.holder.map(UserId::from_uuid),
        });
        Ok(addresses.collect())
    }

    pub(super) async fn update_users(
        &mut self,
        users: &[(User, Version)],
    ) -> Result<(), RepositoryError> {
        if users.is_empty() {
            return Ok(());
        }
        let of: Columns = users.iter().map(|(user, _)| user).collect();
        let expected: Vec<i64> = users.iter().map(|(_, expected)| expected.get()).collect();
        let mut statement = self.statement().await?;
        // All are held, in the order of their ids, before the first is written: an update
        // alone would take them as its plan happens to meet them. The lock is the one that
        // an update takes.
        let done = sqlx::query!(
            "with given as ( \
                select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], \
                    $5::text[], $6::boolean[], $7::timestamptz[], $8::timestamptz[], \
                    $9::bigint[], $10::timestamptz[]) as given (id, expected, email, name, \
                    role, is_active, updated_at, deleted_at, version, purge_at) \
             ), held as ( \
                select users.id from users \
                join given on users.id = given.id and users.version = given.expected \
                order by users.id for no key update of users \
             ) \
             update users set email = given.email, name = given.name, role = given.role, \
                is_active = given.is_active, updated_at = given.updated_at, \
                deleted_at = given.deleted_at, version = given.version, \
                purge_at = given.purge_at \
             from given where users.id = given.id \
                and (select count(*) from held) = cardinality($1)",
            &of.id,
            &expected,
            &of.email as _,
            &of.name as _,
            &of.role as _,
            &of.is_active,
            &of.updated_at as _,
            &of.deleted_at as _,
            &of.version,
            &of.purge_at as _,
        )
        .execute(&mut *statement)
        .await;
        if statement.finish(done)?.rows_affected() > 0 {
            return Ok(());
        }
        Err(RepositoryError::StaleVersion {
            resource: Resource::User,
        })
    }
}
