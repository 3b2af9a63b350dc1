//! API keys. Few, and read all at once.

use async_trait::async_trait;
use byline_domain::access::{
    CallerName, KeyId, KeyReader, KeyRecord, KeyRepository, PresentedKey, Scopes, SecretHash,
};
use byline_domain::error::RepositoryError;
use chrono::{DateTime, Utc};

use crate::pool::Database;

struct KeyRow {
    id: String,
    secret_hash: Vec<u8>,
    name: String,
    scopes: Vec<String>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

/// Selects keys, whose columns stand here alone.
macro_rules! select_keys {
    ($rest:literal $(, $bind:expr)*) => {
        sqlx::query_as!(
            KeyRow,
            "select id, secret_hash, name, scopes, created_at, expires_at, revoked_at from api_keys "
                + $rest
            $(, $bind)*
        )
    };
}

impl KeyRow {
    /// A scope of a newer program is none of ours, and gives nothing.
    fn read(self) -> Option<KeyRecord> {
        Some(KeyRecord {
            key: PresentedKey {
                id: KeyId::parse(&self.id).ok()?,
                hash: SecretHash::from_bytes(self.secret_hash.try_into().ok()?),
            },
            name: CallerName::parse(self.name).ok()?,
            scopes: Scopes::known(self.scopes.iter().map(String::as_str)),
            created_at: self.created_at,
            expires_at: self.expires_at,
            revoked_at: self.revoked_at,
        })
    }
}

/// The keys of those rows. One that cannot be read is told, and no reason to refuse the others.
fn readable(rows: Vec<KeyRow>) -> Vec<KeyRecord> {
    let read = |row: KeyRow| {
        let id = row.id.clone();
        let key = row.read();
        if key.is_none() {
            tracing::error!(id, "a row of api_keys cannot be read");
        }
        key
    };
    rows.into_iter().filter_map(read).collect()
}

#[async_trait]
impl KeyReader for Database {
    async fn usable(&self, then: DateTime<Utc>) -> Result<Vec<KeyRecord>, RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let rows = select_keys!(
            "where revoked_at is null and (expires_at is null or expires_at > $1)",
            then
        )
        .fetch_all(&mut *statement)
        .await;
        statement.finish(rows).map(readable)
    }
}

#[async_trait]
impl KeyRepository for Database {
    async fn insert(&self, key: &KeyRecord) -> Result<(), RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let scopes: Vec<_> = key.scopes.iter().map(|it| it.name().to_owned()).collect();
        let done = sqlx::query!(
            "insert into api_keys
                (id, secret_hash, name, scopes, created_at, expires_at, revoked_at)
            values ($1, $2, $3, $4, $5, $6, $7)",
            key.key.id.to_string(),
            key.key.hash.as_bytes(),
            key.name.as_str(),
            &scopes,
            key.created_at,
            key.expires_at,
            key.revoked_at,
        )
        .execute(&mut *statement)
        .await;
        statement.finish(done).map(drop)
    }

    async fn list(&self) -> Result<Vec<KeyRecord>, RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let rows = select_keys!("order by created_at desc, id")
            .fetch_all(&mut *statement)
            .await;
        statement.finish(rows).map(readable)
    }

    async fn revoke(
        &self,
        id: KeyId,
        now: DateTime<Utc>,
    ) -> Result<Option<KeyRecord>, RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let row = sqlx::query_as!(
            KeyRow,
            "update api_keys set revoked_at = coalesce(revoked_at, $2) where id = $1
            returning id, secret_hash, name, scopes, created_at, expires_at, revoked_at",
            id.to_string(),
            now,
        )
        .fetch_optional(&mut *statement)
        .await;
        let row = statement.finish(row)?;
        Ok(row.into_iter().flat_map(|row| readable(vec![row])).next())
    }
}
