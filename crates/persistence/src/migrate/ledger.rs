//! What a database says was applied to it: the table `_sqlx_migrations`, as sqlx keeps it.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;
use sqlx::{Postgres, QueryBuilder};

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
    /// Whether what is under way, or was stopped, is taking it back.
    pub going_down: bool,
    /// The SHA-384 of the file that was applied.
    pub checksum: Vec<u8>,
    /// How long it took; none if nobody measured, as with a stamp.
    pub took: Option<Duration>,
}

/// All entries by version.
pub(super) type Entries = BTreeMap<i64, Entry>;

/// As sqlx writes it.
pub(super) const COLUMNS: &str = "(
    version bigint primary key,
    description text not null,
    installed_on timestamptz not null default now(),
    success boolean not null,
    checksum bytea not null,
    execution_time bigint not null
)";

/// The name that sqlx gives it, without a schema.
pub(crate) const NAME: &str = "_sqlx_migrations";

/// Written for the time that nobody has measured, as sqlx does.
pub(super) const UNMEASURED: i64 = -1;

/// Written for it while a migration is taken back that is no transaction.
const GOING_DOWN: i64 = -2;

/// Where a database has its ledger. Found once, since a migration may change where names lead.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    /// Its name, quoted, with its schema.
    table: String,
}

/// What was found of it.
pub(super) enum Found {
    /// The one that its name leads to.
    Here(Ledger),
    /// None.
    Nowhere,
    /// None that its name leads to, but some in these schemas.
    Elsewhere(Vec<String>),
}

impl Found {
    pub(super) async fn of(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let all: Vec<(String, bool)> = sqlx::query_as(
            "select quote_ident(nspname), coalesce(c.oid = to_regclass($1), false)
             from pg_class c join pg_namespace n on n.oid = relnamespace
             where relname = $1 and relkind in ('r', 'p') and nspname !~ '^pg_' order by 1",
        )
        .bind(NAME)
        .fetch_all(connection)
        .await?;
        if let Some((schema, _)) = all.iter().find(|(_, is_here)| *is_here) {
            return Ok(Self::Here(Ledger {
                table: format!("{schema}.{NAME}"),
            }));
        }
        if all.is_empty() {
            return Ok(Self::Nowhere);
        }
        let schemas = all.into_iter().map(|(schema, _)| schema);
        Ok(Self::Elsewhere(schemas.collect()))
    }

    /// What it says; nothing where there is none that its name leads to.
    pub(super) async fn entries(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Entries, sqlx::Error> {
        match self {
            Self::Here(ledger) => ledger.entries(connection).await,
            Self::Nowhere | Self::Elsewhere(_) => Ok(Entries::new()),
        }
    }
}

type Row = (i64, String, DateTime<Utc>, bool, Vec<u8>, i64);

impl Ledger {
    /// Makes one where new tables go.
    pub(super) async fn create(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let mut sql = QueryBuilder::<Postgres>::new("create table ");
        sql.push(NAME).push(COLUMNS);
        sqlx::raw_sql(sql.into_sql())
            .execute(&mut *connection)
            .await?;
        let schema: String = sqlx::query_scalar("select quote_ident(current_schema())")
            .fetch_one(connection)
            .await?;
        Ok(Self {
            table: format!("{schema}.{NAME}"),
        })
    }

    /// A statement about it: `before` its name, and `after`.
    fn sql(&self, before: &str, after: &str) -> QueryBuilder<Postgres> {
        let mut sql = QueryBuilder::new(before);
        sql.push(&self.table).push(after);
        sql
    }

    pub(super) async fn entries(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Entries, sqlx::Error> {
        let mut sql = self.sql(
            "select version, description, installed_on, success, checksum, execution_time from ",
            "",
        );
        let rows: Vec<Row> = sql.build_query_as().fetch_all(connection).await?;
        let entries = rows.into_iter().map(
            |(version, description, installed_on, success, checksum, nanos)| {
                let entry = Entry {
                    description,
                    installed_on,
                    success,
                    going_down: !success && nanos == GOING_DOWN,
                    checksum,
                    took: u64::try_from(nanos).ok().map(Duration::from_nanos),
                };
                (version, entry)
            },
        );
        Ok(entries.collect())
    }

    /// Says that the migration is applied, or with `success` false that it is under way;
    /// whatever was said of it before.
    pub(super) async fn write(
        &self,
        connection: &mut PgConnection,
        migration: &Migration,
        success: bool,
    ) -> Result<(), sqlx::Error> {
        let mut sql = self.sql(
            "insert into ",
            " (version, description, success, checksum, execution_time) values (",
        );
        sql.push_bind(migration.version)
            .push(", ")
            .push_bind(migration.description())
            .push(", ")
            .push_bind(success)
            .push(", ")
            .push_bind(migration.up.checksum.as_slice())
            .push(", ")
            .push_bind(UNMEASURED)
            .push(
                ") on conflict (version) do update set description = excluded.description,
                installed_on = excluded.installed_on, success = excluded.success,
                checksum = excluded.checksum, execution_time = excluded.execution_time",
            );
        sql.build().execute(connection).await?;
        Ok(())
    }

    /// Says that the migration is being taken back, and may be so by half.
    pub(super) async fn doubt(
        &self,
        connection: &mut PgConnection,
        version: i64,
    ) -> Result<(), sqlx::Error> {
        let mut sql = self.sql("update ", " set success = false, execution_time = ");
        sql.push_bind(GOING_DOWN)
            .push(" where version = ")
            .push_bind(version);
        sql.build().execute(connection).await?;
        Ok(())
    }

    /// Says that the file that was applied is the one that there is now.
    pub(super) async fn accept(
        &self,
        connection: &mut PgConnection,
        migration: &Migration,
    ) -> Result<(), sqlx::Error> {
        let mut sql = self.sql("update ", " set checksum = ");
        sql.push_bind(migration.up.checksum.as_slice())
            .push(", description = ")
            .push_bind(migration.description())
            .push(" where version = ")
            .push_bind(migration.version);
        sql.build().execute(connection).await?;
        Ok(())
    }

    /// Says how long the migration took.
    pub(super) async fn time(
        &self,
        connection: &mut PgConnection,
        version: i64,
        took: Duration,
    ) -> Result<(), sqlx::Error> {
        let mut sql = self.sql("update ", " set execution_time = ");
        sql.push_bind(i64::try_from(took.as_nanos()).unwrap_or(i64::MAX))
            .push(" where version = ")
            .push_bind(version);
        sql.build().execute(connection).await?;
        Ok(())
    }

    /// Says nothing of the migration any more.
    pub(super) async fn forget(
        &self,
        connection: &mut PgConnection,
        version: i64,
    ) -> Result<(), sqlx::Error> {
        let mut sql = self.sql("delete from ", " where version = ");
        sql.push_bind(version);
        sql.build().execute(connection).await?;
        Ok(())
    }
}
