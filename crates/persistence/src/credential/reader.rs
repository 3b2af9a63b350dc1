//! Reads users along with what is kept of their passwords.

use async_trait::async_trait;
use byline_domain::credential::{Account, CredentialReader};
use byline_domain::error::RepositoryError;
use byline_domain::ids::UserId;
use byline_domain::user::{Email, User};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::row::Kept;
use crate::pool::Database;
use crate::user::UserRow;

/// A user, and the columns of the credential if there is one.
struct AccountRow {
    id: Uuid,
    email: String,
    name: Option<String>,
    role: String,
    is_active: bool,
    created_at: DateTime<Utc>,
    updated_at: Option<DateTime<Utc>>,
    deleted_at: Option<DateTime<Utc>>,
    purge_at: Option<DateTime<Utc>>,
    version: i64,
    hash: Option<String>,
    pepper_version: Option<i32>,
    is_imported: Option<bool>,
}

impl TryFrom<AccountRow> for Account {
    type Error = RepositoryError;

    fn try_from(row: AccountRow) -> Result<Self, RepositoryError> {
        let kept = row
            .hash
            .zip(row.is_imported)
            .map(|(hash, is_imported)| Kept {
                hash,
                pepper_version: row.pepper_version,
                is_imported,
            });
        let user = UserRow {
            id: row.id,
            email: row.email,
            name: row.name,
            role: row.role,
            is_active: row.is_active,
            created_at: row.created_at,
            updated_at: row.updated_at,
            deleted_at: row.deleted_at,
            purge_at: row.purge_at,
            version: row.version,
        };
        Ok(Self {
            user: User::try_from(user)?,
            credential: kept.map(|kept| kept.credential(row.id)).transpose()?,
        })
    }
}

/// A checked statement that reads accounts.
macro_rules! select_accounts {
    ($condition:tt, $argument:expr) => {
        sqlx::query_as!(
            AccountRow,
            r#"select id, email, name, role, is_active, created_at, updated_at, deleted_at,
                purge_at, version, hash as "hash?", pepper_version,
                is_imported as "is_imported?"
            from users left join credentials on user_id = id where "#
                + $condition,
            $argument
        )
    };
}

#[async_trait]
impl CredentialReader for Database {
    async fn find(&self, id: UserId) -> Result<Option<Account>, RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let row = select_accounts!("id = $1", id.as_uuid())
            .fetch_optional(&mut *statement)
            .await;
        statement.finish(row)?.map(Account::try_from).transpose()
    }

    async fn find_by_email(&self, email: &Email) -> Result<Option<Account>, RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let row = select_accounts!(
            r#"lower(email) collate "C" = lower($1) and deleted_at is null"#,
            email.as_str()
        )
        .fetch_optional(&mut *statement)
        .await;
        statement.finish(row)?.map(Account::try_from).transpose()
    }
}
