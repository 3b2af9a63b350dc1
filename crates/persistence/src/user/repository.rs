//! Changes users.

use async_trait::async_trait;
use byline_domain::error::{Corrupt, RepositoryError, Resource};
use byline_domain::ids::UserId;
use byline_domain::lifecycle::Version;
use byline_domain::user::{Address, Email, User, UserName, UserRepository};

use super::select_users;
use crate::unit_of_work::PgUnitOfWork;

pub(super) fn already_exists(field: &'static str) -> RepositoryError {
    RepositoryError::AlreadyExists {
        resource: Resource::User,
        field,
    }
}

impl PgUnitOfWork<'_> {
    async fn stored_user_version(&mut self, id: UserId) -> Result<Option<i64>, RepositoryError> {
        let mut statement = self.statement().await?;
        let version = sqlx::query_scalar!("select version from users where id = $1", id.as_uuid())
            .fetch_optional(&mut *statement)
            .await;
        statement.finish(version)
    }
}

#[async_trait]
impl UserRepository for PgUnitOfWork<'_> {
    async fn insert(&mut self, user: &User) -> Result<(), RepositoryError> {
        let mut statement = self.statement().await?;
        // A conflict must not raise an error, which would end the transaction.
        let done = sqlx::query!(
            "insert into users (id, email, name, role, is_active, created_at, updated_at, \
             deleted_at, purge_at, version) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
            user.id.as_uuid(),
            user.email.as_str(),
            user.name.as_ref().map(UserName::as_str),
            user.role.as_str(),
            user.is_active,
            user.lifecycle.created_at(),
            user.lifecycle.updated_at(),
            user.lifecycle.deleted_at(),
            user.lifecycle.purge_at(),
            user.lifecycle.version().get(),
        )
        .execute(&mut *statement)
        .await;
        if statement.finish(done)?.rows_affected() > 0 {
            return Ok(());
        }
        Err(already_exists(
            match self.stored_user_version(user.id).await? {
                Some(_) => "id",
                None => "email",
            },
        ))
    }

    async fn find_for_update(&mut self, id: UserId) -> Result<Option<User>, RepositoryError> {
        let mut statement = self.statement().await?;
        let row = select_users!("users where id = $1 for no key update", id.as_uuid())
            .fetch_optional(&mut *statement)
            .await;
        Ok(statement.finish(row)?.map(User::try_from).transpose()?)
    }

    async fn find_for_share(&mut self, id: UserId) -> Result<Option<User>, RepositoryError> {
        let mut statement = self.statement().await?;
        let row = select_users!("users where id = $1 for share", id.as_uuid())
            .fetch_optional(&mut *statement)
            .await;
        Ok(statement.finish(row)?.map(User::try_from).transpose()?)
    }

    async fn update(&mut self, user: &User, expected: Version) -> Result<(), RepositoryError> {
        let mut statement = self.statement().await?;
        // The look for another holder of the address keeps the unique index from
        // raising an error, which would end the transaction. A holder who appears
        // between the look and the write still raises it: that is contention, and
        // the next try of the whole unit of work sees the holder.
        let done = sqlx::query!(
            r#"update users set email = $3, name = $4, role = $5, is_active = $6,
                updated_at = $7, deleted_at = $8, purge_at = $9, version = $10
            where id = $1 and version = $2 and ($8::timestamptz is not null or not exists (
                select from users other
                where lower(other.email) collate "C" = lower($3)
                and other.deleted_at is null and other.id <> $1))"#,
            user.id.as_uuid(),
            expected.get(),
            user.email.as_str(),
            user.name.as_ref().map(UserName::as_str),
            user.role.as_str(),
            user.is_active,
            user.lifecycle.updated_at(),
            user.lifecycle.deleted_at(),
            user.lifecycle.purge_at(),
            user.lifecycle.version().get(),
        )
        .execute(&mut *statement)
        .await;
        if statement.finish(done)?.rows_affected() > 0 {
            return Ok(());
        }
        if self.stored_user_version(user.id).await? == Some(expected.get()) {
            return Err(already_exists("email"));
        }
        Err(RepositoryError::StaleVersion {
            resource: Resource::User,
        })
    }

    async fn purge(&mut self, id: UserId) -> Result<bool, RepositoryError> {
        let mut statement = self.statement().await?;
        let done = sqlx::query!("delete from users where id = $1", id.as_uuid())
            .execute(&mut *statement)
            .await;
        Ok(statement.finish(done)?.rows_affected() > 0)
    }

    async fn insert_many(
        &mut self,
        users: &[User],
    ) -> Result<Vec<Result<(), RepositoryError>>, RepositoryError> {
        self.insert_users(users).await
    }

    async fn find_many_for_update(
        &mut self,
        ids: &[UserId],
    ) -> Result<Vec<Result<User, Corrupt>>, RepositoryError> {
        self.hold_users_for_update(ids).await
    }

    async fn find_many_for_share(
        &mut self,
        ids: &[UserId],
    ) -> Result<Vec<Result<User, Corrupt>>, RepositoryError> {
        self.hold_users_for_share(ids).await
    }

    async fn find_addresses(&mut self, emails: &[Email]) -> Result<Vec<Address>, RepositoryError> {
        self.addresses(emails).await
    }

    async fn update_many(&mut self, users: &[(User, Version)]) -> Result<(), RepositoryError> {
        self.update_users(users).await
    }
}
