//! How API keys are kept.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{KeyId, KeyRecord};
use crate::error::RepositoryError;

/// Reads API keys.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait KeyReader: Send + Sync {
    /// All keys that were not revoked and had not expired by then.
    async fn usable(&self, then: DateTime<Utc>) -> Result<Vec<KeyRecord>, RepositoryError>;
}

/// Keeps API keys.
#[async_trait]
pub trait KeyRepository: Send + Sync {
    /// Keeps a new one. `Internal` if its id is taken, which 64 random bits never are.
    async fn insert(&self, key: &KeyRecord) -> Result<(), RepositoryError>;

    /// All of them, the newest first; those that are of no use any more among them.
    async fn list(&self) -> Result<Vec<KeyRecord>, RepositoryError>;

    /// Takes its use away from a key, for good, and answers it; `None` if there is no such
    /// key. One that was revoked before stays as it was.
    async fn revoke(
        &self,
        id: KeyId,
        now: DateTime<Utc>,
    ) -> Result<Option<KeyRecord>, RepositoryError>;
}
