//! Making, listing and revoking API keys.

use std::sync::Arc;

use byline_domain::access::{ApiKey, CallerName, KeyId, KeyRecord, KeyRepository, Scopes};
use byline_domain::clock::Clock;
use byline_domain::error::RepositoryError;
use chrono::TimeDelta;

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Who will call with it.
    pub name: CallerName,
    /// What it gives the right to.
    pub scopes: Scopes,
    /// How long it holds; for good if absent.
    pub expires_in: Option<TimeDelta>,
}

/// What operators do with keys.
pub struct Keys {
    keys: Arc<dyn KeyRepository>,
    clock: Arc<dyn Clock>,
}

impl Keys {
    /// Keys that are kept there.
    pub fn new(keys: Arc<dyn KeyRepository>, clock: Arc<dyn Clock>) -> Self {
        Self { keys, clock }
    }

    /// Makes a key of bytes that nobody can guess. What is answered is to be shown once; its
    /// hash alone is kept.
    pub async fn create(
        &self,
        new: NewKey,
        random: &[u8; ApiKey::RANDOM_BYTES],
    ) -> Result<ApiKey, RepositoryError> {
        let key = ApiKey::from_random(random);
        let now = self.clock.now();
        let record = KeyRecord {
            key: key.presented(),
            name: new.name,
            scopes: new.scopes,
            created_at: now,
            expires_at: new.expires_in.map(|time| now + time),
            revoked_at: None,
        };
        self.keys.insert(&record).await?;
        Ok(key)
    }

    /// All keys, the newest first, and whether each has expired.
    pub async fn list(&self) -> Result<Vec<(KeyRecord, bool)>, RepositoryError> {
        let now = self.clock.now();
        let keys = self.keys.list().await?.into_iter();
        Ok(keys
            .map(|key| {
                let has_expired = key.has_expired(now);
                (key, has_expired)
            })
            .collect())
    }

    /// Takes its use away from a key, for good; `None` if there is no such key.
    pub async fn revoke(&self, id: KeyId) -> Result<Option<KeyRecord>, RepositoryError> {
        self.keys.revoke(id, self.clock.now()).await
    }
}
