//! What a database says was applied to it: the table `_sqlx_migrations`, as sqlx keeps it.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;

use super::source::Migration;

/// What the ledger says of one migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, with spaces.
    pub description: String,
    /// When it was applied, or begun.
    pub installed_on: DateTime<Utc>,
    /// False while one that is not a transaction is under way, and after it was stopped.
    pub success: bool,
    /// The SHA-384 of the file that was applied.
    pub checksum: Vec<u8>,
    /// How long it took; none if nobody measured, as with a stamp.
    pub took: Option<Duration>,
}

/// All entries by version.
pub(super) type Ledger = BTreeMap<i64, Entry>;

/// As sqlx writes it.
pub(super) const TABLE: &str = "create table if not exists _sqlx_migrations (
    version bigint primary key,
    description text not null,
    installed_on timestamptz not null default now(),
    success boolean not null,
    checksum bytea not null,
    execution_time bigint not null
)";

type Row = (i64, String, DateTime<Utc>, bool, Vec<u8>, i64);

/// The whole ledger; empty where there is none.
pub(super) async fn read(connection: &mut PgConnection) -> Result<Ledger, sqlx::Error> {
    let exists: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null")
        .fetch_one(&mut *connection)
        .await?;
    if !exists {
        return Ok(Ledger::new());
    }
    let rows: Vec<Row> = sqlx::query_as(
        "select version, description, installed_on, success, checksum, execution_time
         from _sqlx_migrations",
    )
    .fetch_all(connection)
    .await?;
    let entries = rows.into_iter().map(
        |(version, description, installed_on, success, checksum, nanos)| {
            let entry = Entry {
                description,
                installed_on,
                success,
                checksum,
                took: u64::try_from(nanos).ok().map(Duration::from_nanos),
            };
            (version, entry)
        },
    );
    Ok(entries.collect())
}

/// Makes the table if there is none.
pub(super) async fn ensure(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(TABLE).execute(connection).await?;
    Ok(())
}

/// Says that the migration is applied, or with `success` false that it is under way;
/// whatever was said of it before.
pub(super) async fn write(
    connection: &mut PgConnection,
    migration: &Migration,
    success: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values ($1, $2, $3, $4, -1)
         on conflict (version) do update set description = excluded.description,
            installed_on = excluded.installed_on, success = excluded.success,
            checksum = excluded.checksum, execution_time = -1",
    )
    .bind(migration.version)
    .bind(migration.description())
    .bind(success)
    .bind(&migration.up.checksum)
    .execute(connection)
    .await?;
    Ok(())
}

/// Says that the migration is being taken back, and may be so by half.
pub(super) async fn doubt(connection: &mut PgConnection, version: i64) -> Result<(), sqlx::Error> {
    sqlx::query("update _sqlx_migrations set success = false where version = $1")
        .bind(version)
        .execute(connection)
        .await?;
    Ok(())
}

/// Says that the file that was applied is the one that there is now.
pub(super) async fn accept(
    connection: &mut PgConnection,
    migration: &Migration,
) -> Result<(), sqlx::Error> {
    sqlx::query("update _sqlx_migrations set checksum = $2, description = $3 where version = $1")
        .bind(migration.version)
        .bind(&migration.up.checksum)
        .bind(migration.description())
        .execute(connection)
        .await?;
    Ok(())
}

/// Says how long the migration took.
pub(super) async fn time(
    connection: &mut PgConnection,
    version: i64,
    took: Duration,
) -> Result<(), sqlx::Error> {
    sqlx::query("update _sqlx_migrations set execution_time = $2 where version = $1")
        .bind(version)
        .bind(i64::try_from(took.as_nanos()).unwrap_or(i64::MAX))
        .execute(connection)
        .await?;
    Ok(())
}

/// Says nothing of the migration any more.
pub(super) async fn forget(connection: &mut PgConnection, version: i64) -> Result<(), sqlx::Error> {
    sqlx::query("delete from _sqlx_migrations where version = $1")
        .bind(version)
        .execute(connection)
        .await?;
    Ok(())
}
