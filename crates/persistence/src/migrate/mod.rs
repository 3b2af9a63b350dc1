//! The schema's migrations, embedded in the binary: which there are, which a
//! database has, and how it gets from one to the other.

mod lock;
pub mod source;

use std::collections::BTreeMap;

use byline_domain::error::RepositoryError;
use sqlx::ConnectOptions;
use sqlx::migrate::{Migration, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection};

use self::lock::MigrationLock;
use crate::error::Redacted;
use crate::pool::Database;

static MIGRATIONS: Migrator = Migrator {
    // sqlx's own lock would wait inside a statement, in the way of an index that
    // is built CONCURRENTLY; `MigrationLock` polls.
    locking: false,
    ..sqlx::migrate!("../../migrations")
};

/// A migration, and whether a database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationState {
    /// Its number, which orders the migrations.
    pub version: i64,
    /// What it does, from its file's name.
    pub description: String,
    /// Whether it was applied.
    pub applied: bool,
}

/// How a database's schema compares with the one that this program knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// All migrations are applied and none other.
    Current,
    /// These migrations are missing.
    Behind(Vec<i64>),
    /// These migrations are applied and not known to this program, which is older
    /// than the schema. Migrations keep older programs running, so that replicas
    /// can be replaced one by one.
    Ahead(Vec<i64>),
    /// This migration was changed after it was applied, or stopped half way.
    Broken(i64),
}

/// Why migrations could not be read or applied.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database could not be asked.
    #[error("the database cannot be reached or refused: {0}")]
    Database(String),
    /// A migration failed; it was rolled back and those before it are kept.
    #[error("{0}")]
    Migration(String),
    /// In this database one address could be taken twice, and filters would find other
    /// rows than they say.
    #[error(
        "the database is not in UTF-8, or its locale knows no letters beyond ASCII: make one with \
         `create database NAME template template0 encoding 'UTF8' locale 'C.UTF-8'`"
    )]
    Letterless,
    /// Another process is migrating.
    #[error("another process has been migrating this database for over {0} seconds")]
    Locked(u64),
}

impl From<sqlx::Error> for MigrateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Redacted::from(error).to_string())
    }
}

impl From<sqlx::migrate::MigrateError> for MigrateError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Migration(error.to_string())
    }
}

/// Applies all migrations that the database does not have. Returns their versions.
/// Each is applied whole or not at all. A database that knows no letters gets none.
pub async fn up(server: &PgConnectOptions) -> Result<Vec<i64>, MigrateError> {
    let mut connection = connect(server).await?;
    if !knows_letters(&mut connection).await? {
        return Err(MigrateError::Letterless);
    }
    let lock = MigrationLock::take(&mut connection).await?;
    let result = async {
        let before = applied(&mut connection).await?;
        MIGRATIONS.run(&mut connection).await?;
        let after = applied(&mut connection).await?;
        Ok(after
            .into_keys()
            .filter(|version| !before.contains_key(version))
            .collect())
    }
    .await;
    lock.release(&mut connection).await?;
    result
}

/// Takes back the newest `steps` migrations. Returns their versions, newest first.
pub async fn down(server: &PgConnectOptions, steps: usize) -> Result<Vec<i64>, MigrateError> {
    let mut connection = connect(server).await?;
    let lock = MigrationLock::take(&mut connection).await?;
    let result = async {
        let before = applied(&mut connection).await?;
        let undone: Vec<i64> = before.keys().rev().take(steps).copied().collect();
        let Some(lowest) = undone.last() else {
            return Ok(undone);
        };
        let target = before.range(..lowest).next_back().map_or(0, |(v, _)| *v);
        MIGRATIONS.undo(&mut connection, target).await?;
        Ok(undone)
    }
    .await;
    lock.release(&mut connection).await?;
    result
}

/// Every migration that this program or the database knows, in order.
pub async fn states(server: &PgConnectOptions) -> Result<Vec<MigrationState>, MigrateError> {
    let mut connection = connect(server).await?;
    let mut applied = applied(&mut connection).await?;
    let mut states: Vec<_> = known()
        .map(|migration| MigrationState {
            version: migration.version,
            description: migration.description.to_string(),
            applied: applied.remove(&migration.version).is_some(),
        })
        .collect();
    states.extend(applied.into_keys().map(|version| MigrationState {
        version,
        description: "(not known to this program)".to_owned(),
        applied: true,
    }));
    states.sort_by_key(|state| state.version);
    Ok(states)
}

impl Database {
    /// How the database's schema compares with the one that this program knows.
    pub async fn schema_state(&self) -> Result<SchemaState, RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let applied = applied(&mut statement).await;
        Ok(compare(&statement.finish(applied)?))
    }
}

struct Applied {
    success: bool,
    checksum: Vec<u8>,
}

async fn connect(server: &PgConnectOptions) -> Result<PgConnection, MigrateError> {
    Ok(server
        .clone()
        .application_name("byline-migrate")
        .connect()
        .await?)
}

/// Whether the database holds every text, and knows É for the capital of é.
async fn knows_letters(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let encoding: String = sqlx::query_scalar("select current_setting('server_encoding')")
        .fetch_one(&mut *connection)
        .await?;
    // In another encoding, the question itself would fail.
    Ok(encoding == "UTF8"
        && sqlx::query_scalar("select lower('ÉЯ') = 'éя'")
            .fetch_one(connection)
            .await?)
}

/// The migrations that this program knows.
fn known() -> impl Iterator<Item = &'static Migration> {
    MIGRATIONS
        .iter()
        .filter(|migration| migration.migration_type.is_up_migration())
}

/// The migrations that the database knows, in the table that sqlx keeps them in.
async fn applied(connection: &mut PgConnection) -> Result<BTreeMap<i64, Applied>, sqlx::Error> {
    let exists: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null")
        .fetch_one(&mut *connection)
        .await?;
    if !exists {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(i64, bool, Vec<u8>)> =
        sqlx::query_as("select version, success, checksum from _sqlx_migrations")
            .fetch_all(connection)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(version, success, checksum)| (version, Applied { success, checksum }))
        .collect())
}

fn compare(applied: &BTreeMap<i64, Applied>) -> SchemaState {
    let mut missing = Vec::new();
    for migration in known() {
        match applied.get(&migration.version) {
            None => missing.push(migration.version),
            Some(found) if !found.success || found.checksum != *migration.checksum => {
                return SchemaState::Broken(migration.version);
            }
            Some(_) => {}
        }
    }
    let unknown: Vec<i64> = applied
        .keys()
        .filter(|version| !MIGRATIONS.version_exists(**version))
        .copied()
        .collect();
    if !missing.is_empty() {
        SchemaState::Behind(missing)
    } else if unknown.is_empty() {
        SchemaState::Current
    } else {
        SchemaState::Ahead(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_applied() -> BTreeMap<i64, Applied> {
        known()
            .map(|migration| {
                let applied = Applied {
                    success: true,
                    checksum: migration.checksum.to_vec(),
                };
                (migration.version, applied)
            })
            .collect()
    }

    #[test]
    fn every_migration_can_be_taken_back() {
        let downs = MIGRATIONS
            .iter()
            .filter(|migration| migration.migration_type.is_down_migration());
        assert_eq!(
            downs.map(|m| m.version).collect::<Vec<_>>(),
            known().map(|m| m.version).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_schema_is_current_behind_ahead_or_broken() {
        assert_eq!(compare(&all_applied()), SchemaState::Current);

        let mut behind = all_applied();
        let (last, _) = behind.pop_last().unwrap();
        assert_eq!(compare(&behind), SchemaState::Behind(vec![last]));

        let mut ahead = all_applied();
        let unknown = Applied {
            success: true,
            checksum: Vec::new(),
        };
        ahead.insert(9_999, unknown);
        assert_eq!(compare(&ahead), SchemaState::Ahead(vec![9_999]));

        let mut changed = all_applied();
        changed.get_mut(&last).unwrap().checksum.push(0);
        assert_eq!(compare(&changed), SchemaState::Broken(last));
    }
}
