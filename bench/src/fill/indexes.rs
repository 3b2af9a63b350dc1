//! The indexes and keys of the tables: taken away before rows come in great numbers,
//! and built again after, each at once and several beside one another. A schema is the
//! same afterwards.

use std::time::Instant;

use byline_persistence::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection, Postgres, QueryBuilder, Row};

use super::say;
use crate::{Failure, tasks};

/// What was taken away.
#[derive(Default)]
pub(super) struct Indexes {
    plain: Vec<Index>,
    primary_keys: Vec<Constraint>,
    foreign_keys: Vec<Constraint>,
}

struct Index {
    name: String,
    definition: String,
    /// Columns, counted from 1, that have a statistics target of their own, and it:
    /// a definition does not say so.
    columns: Vec<i16>,
    targets: Vec<i32>,
}

struct Constraint {
    table: String,
    name: String,
    definition: String,
}

/// Memory for one build: an index over words is the faster built the more of them are
/// sorted at once.
const MEMORY: &str = "set maintenance_work_mem = '1GB'";

/// So many builds at once at most, each of which may take that much.
const BUILDS: usize = 4;

impl Indexes {
    /// Takes away all that the tables have, and what refers to them, in one transaction.
    pub(super) async fn take_away(connection: &mut PgConnection) -> Result<Self, Failure> {
        // The index over the words of posts takes by far the longest.
        let indexes = sqlx::query(
            "select c.relname::text as name, pg_get_indexdef(i.indexrelid) as definition, \
             array(select attnum from pg_attribute where attrelid = c.oid \
                 and attstattarget >= 0 order by attnum) as columns, \
             array(select attstattarget::int from pg_attribute where attrelid = c.oid \
                 and attstattarget >= 0 order by attnum) as targets \
             from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am m on m.oid = c.relam \
             where i.indrelid in ('users'::regclass, 'posts'::regclass) \
             order by m.amname = 'gin' desc, i.indrelid::regclass::text, name",
        )
        .fetch_all(&mut *connection)
        .await?;
        let indexes = indexes.iter().map(|row| {
            Ok(Index {
                name: row.try_get("name")?,
                definition: row.try_get("definition")?,
                columns: row.try_get("columns")?,
                targets: row.try_get("targets")?,
            })
        });
        let taken = Self {
            plain: indexes.collect::<Result<_, sqlx::Error>>()?,
            primary_keys: constraints(connection, "p").await?,
            foreign_keys: constraints(connection, "f").await?,
        };
        let mut sql = QueryBuilder::<Postgres>::new("begin;");
        for constraint in taken.foreign_keys.iter().chain(&taken.primary_keys) {
            let Constraint { table, name, .. } = constraint;
            sql.push(format_args!("alter table {table} drop constraint {name};"));
        }
        for Index { name, .. } in &taken.plain {
            sql.push(format_args!("drop index if exists {name};"));
        }
        sql.push("commit");
        run(connection, sql).await?;
        Ok(taken)
    }

    /// Builds all of it again.
    pub(super) async fn build(self, server: &PgConnectOptions, jobs: usize) -> Result<(), Failure> {
        tasks::run(self.plain, jobs.min(BUILDS), |queue| {
            let server = server.clone();
            async move {
                let mut connection = server.connect().await?;
                sqlx::raw_sql(MEMORY).execute(&mut connection).await?;
                while let Some(index) = queue.next() {
                    let began = Instant::now();
                    index.build(&mut connection).await?;
                    say(&format!("{} built in {:.1?}", index.name, began.elapsed()));
                }
                Ok(())
            }
        })
        .await?;
        let mut connection = server.connect().await?;
        sqlx::raw_sql(MEMORY).execute(&mut connection).await?;
        for Constraint { table, name, .. } in self.primary_keys {
            let sql =
                format!("alter table {table} add constraint {name} primary key using index {name}");
            run(&mut connection, QueryBuilder::new(sql)).await?;
        }
        for Constraint {
            table,
            name,
            definition,
        } in self.foreign_keys
        {
            let began = Instant::now();
            let sql = format!("alter table {table} add constraint {name} {definition}");
            run(&mut connection, QueryBuilder::new(sql)).await?;
            say(&format!("{name} checked in {:.1?}", began.elapsed()));
        }
        Ok(())
    }
}

impl Index {
    async fn build(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let Self { name, .. } = self;
        run(connection, QueryBuilder::new(&self.definition)).await?;
        for (column, target) in self.columns.iter().zip(&self.targets) {
            let sql = format!("alter index {name} alter column {column} set statistics {target}");
            run(connection, QueryBuilder::new(sql)).await?;
        }
        Ok(())
    }
}

async fn constraints(
    connection: &mut PgConnection,
    kind: &str,
) -> Result<Vec<Constraint>, sqlx::Error> {
    let rows = sqlx::query(
        "select conrelid::regclass::text as table, conname::text as name, \
         pg_get_constraintdef(oid) as definition from pg_constraint \
         where contype::text = $1 and (conrelid in ('users'::regclass, 'posts'::regclass) \
            or confrelid in ('users'::regclass, 'posts'::regclass))",
    )
    .bind(kind)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Constraint {
                table: row.try_get("table")?,
                name: row.try_get("name")?,
                definition: row.try_get("definition")?,
            })
        })
        .collect()
}

/// Runs what the catalogue itself has said.
async fn run(
    connection: &mut PgConnection,
    sql: QueryBuilder<Postgres>,
) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sql.into_sql()).execute(connection).await?;
    Ok(())
}
