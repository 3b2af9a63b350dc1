//! Changes what is kept of passwords.

use async_trait::async_trait;
use byline_domain::credential::{AccountKey, Credential, CredentialRepository};
use byline_domain::error::RepositoryError;
use byline_domain::ids::UserId;
use chrono::{DateTime, Utc};

use super::row::Kept;
use super::throttle::name_of;
use crate::unit_of_work::PgUnitOfWork;

#[async_trait]
impl CredentialRepository for PgUnitOfWork<'_> {
    async fn find(&mut self, user: UserId) -> Result<Option<Credential>, RepositoryError> {
        let id = user.as_uuid();
        let mut statement = self.statement().await?;
        let row = sqlx::query_as!(
            Kept,
            "select hash, pepper_version, is_imported from credentials where user_id = $1",
            id,
        )
        .fetch_optional(&mut *statement)
        .await;
        let kept = statement.finish(row)?;
        Ok(kept.map(|kept| kept.credential(id)).transpose()?)
    }

    async fn put(
        &mut self,
        user: UserId,
        credential: &Credential,
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        let (hash, pepper_version, is_imported) = Kept::of(credential);
        let mut statement = self.statement().await?;
        let done = sqlx::query!(
            "with forgotten as (
                delete from throttles where key = sha256(convert_to($6, 'UTF8'))
            )
            insert into credentials (user_id, hash, pepper_version, is_imported, set_at)
            values ($1, $2, $3, $4, $5)
            on conflict (user_id) do update set hash = excluded.hash,
                pepper_version = excluded.pepper_version,
                is_imported = excluded.is_imported, set_at = excluded.set_at",
            user.as_uuid(),
            hash,
            pepper_version,
            is_imported,
            now,
            name_of(&AccountKey::User(user)),
        )
        .execute(&mut *statement)
        .await;
        statement.finish(done)?;
        Ok(())
    }

    async fn replace(
        &mut self,
        user: UserId,
        before: &Credential,
        anew: &Credential,
    ) -> Result<bool, RepositoryError> {
        let (expected, expected_version, was_imported) = Kept::of(before);
        let (hash, pepper_version, is_imported) = Kept::of(anew);
        let mut statement = self.statement().await?;
        let done = sqlx::query!(
            "update credentials set hash = $5, pepper_version = $6, is_imported = $7
            where user_id = $1 and hash = $2 and pepper_version is not distinct from $3
            and is_imported = $4",
            user.as_uuid(),
            expected,
            expected_version,
            was_imported,
            hash,
            pepper_version,
            is_imported,
        )
        .execute(&mut *statement)
        .await;
        Ok(statement.finish(done)?.rows_affected() > 0)
    }
}
