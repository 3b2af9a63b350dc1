//! Imports: rows go by COPY into a temporary table, and a fixed number of statements finds what
//! becomes of all of them, and writes it.
//!
//! Beside the rows a second table keeps the fates of those that are not plainly made, so
//! that an import of new rows costs no more than their way through the first. Both are
//! temporary: checked statements cannot see them, and what fails in a savepoint is undone in them.

mod post;
mod user;

use byline_domain::audit::{Action, Origin};
use byline_domain::error::{RepositoryError, Resource};
use byline_domain::ids::UserId;
use byline_domain::import::{MAX_PROBLEMS, OnConflict, Problem, ProblemKind, Settled};
use byline_domain::lifecycle::Version;
use chrono::{DateTime, Utc};
use sqlx::Row as _;
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;
use uuid::Uuid;

use crate::audit::MAX_BATCH;
use crate::row::get;
use crate::unit_of_work::{Noted, PgUnitOfWork};

/// How long an import waits for what others hold, in milliseconds: rather than to have all rows
/// come again. A deadlock is noticed long before.
const LOCK_TIMEOUT: &str = "60000";
/// It holds nothing but the id of its request while it waits to be alone: for that, as long as a
/// transfer may take.
const NO_LOCK_TIMEOUT: &str = "0";

/// How much of an import waits to go into an index of searches, rather than the little of other
/// changes: the more goes at once, the less of the index is written again and again. While it is
/// made, searches look through as much, and whoever else writes has it go in. The last row is written
/// with [as little](SHORTEST_LIST) as can be, so that it has the rest go in, unless others are about to.
const LONG_LIST: &str = "1MB";
/// The least that PostgreSQL takes.
const SHORTEST_LIST: &str = "64kB";
/// What PostgreSQL calls them.
const LISTS: &str = "gin_pending_list_limit";

/// Names the lock among a database's advisory locks: "bylineim" in ASCII. Imports share it from
/// settling to their end. One that has met another, as in a deadlock of two that bring the
/// same rows in other orders, gives it back when it is undone, and is then alone.
const KEY: i64 = 0x6279_6c69_6e65_696d;

/// The statements about rows of one kind.
struct Statements {
    /// What they are about.
    resource: Resource,
    /// Makes the table of the rows.
    create: &'static str,
    /// Takes rows in.
    copy: &'static str,
    /// Tells the planner what rows there are.
    analyze: &'static str,
    /// Holds what rows may change, in the order of ids.
    hold: &'static str,
    /// Finds the fates of the rows, given what becomes of those that meet something.
    settle: &'static str,
    /// Changes what is stored, given the time and how many are expected.
    update: &'static str,
}

const CREATE_FATES: &str = "create temporary table import_fates (
        number bigint not null,
        fate text not null,
        -- What the row meets; of an author that is in the way, the author.
        subject uuid,
        -- Of what it meets, as it was found.
        version bigint,
        -- The first row that is about the same.
        earlier bigint,
        -- What of it is changed.
        fields text[]
    ) on commit drop";

const ANALYZE_FATES: &str = "analyze pg_temp.import_fates";

/// All other fates are problems.
const COUNT: &str = "select (select count(*) from pg_temp.import_rows) as rows,
        count(*) filter (where fate = 'updated') as updated,
        count(*) filter (where fate = 'unchanged') as unchanged,
        count(*) filter (where fate = 'skipped') as skipped,
        count(*) filter (where fate not in ('updated', 'unchanged', 'skipped')) as problems
    from pg_temp.import_fates";

const PROBLEMS: &str = "select number, fate, subject, earlier from pg_temp.import_fates
    where fate not in ('updated', 'unchanged', 'skipped') order by number limit $1";

/// The last of the rows that are made.
const LAST_MADE: &str = "select max(number) from pg_temp.import_rows given
    where not exists (
        select from pg_temp.import_fates fates where fates.number = given.number
    )";

/// Keeps in the audit log what was made of the rows, as they came: those without a fate, which are
/// new, by batches of what follows one another, and each with that of being changed by itself.
const EVENTS: &str = "with kept as (
        select coalesce(fates.subject, given.id) as id, fates.fate is null as is_new, given.number,
            fates.fields, count(fates.fate) over (order by given.number) as changes
        from pg_temp.import_rows given
        left join pg_temp.import_fates fates on fates.number = given.number
        where fates.fate is null or fates.fate = 'updated'
    ), parted as (
        select *, (row_number() over (partition by changes, is_new order by number) - 1) / $9 as part
        from kept
    ), rows as (
        select is_new, array_agg(id order by number) as ids, coalesce(min(fields), '{}') as fields,
            least(row_number() over (order by changes, is_new, part), x'3ffffff'::bigint) as place
        from parted group by changes, is_new, part
    ), headed as (
        select *, lpad(to_hex(floor(extract(epoch from $1) * 1000)::bigint), 12, '0')
            || '7' || lpad(to_hex(place >> 14), 3, '0') || to_hex(x'8000'::bigint | (place & x'3fff'::bigint))
            as head, right(gen_random_uuid()::text, 12) as random
        from rows
    ), batches as (
        insert into audit_batches (id, occurred_at, caller, peer, request_id, method,
            action, resource_kind, resource_ids, fields)
        select (head || left(random, 8) || '0000')::uuid, $1, $2, $3, $4, $5, $6, $8, ids, fields
        from headed where cardinality(ids) > 1
    )
    insert into audit_events (id, occurred_at, caller, peer, request_id, method,
        action, resource_kind, resource_id, fields)
    select (head || random)::uuid, $1, $2, $3, $4, $5, case when is_new then $6 else $7 end, $8,
        ids[1], fields
    from headed where cardinality(ids) = 1";

/// A statement about tables that are no longer there when the connection is used again.
fn query(sql: &'static str) -> Query<'static, Postgres, PgArguments> {
    sqlx::query(sql).persistent(false)
}

impl PgUnitOfWork<'_> {
    async fn open_import(&mut self, of: &Statements) -> Result<(), RepositoryError> {
        self.bound_as_transfer().await?;
        self.set("lock_timeout", LOCK_TIMEOUT).await?;
        self.execute(CREATE_FATES).await?;
        self.execute(of.create).await
    }

    /// Changes a setting until the end of the transaction.
    async fn set(
        &mut self,
        setting: &'static str,
        value: &'static str,
    ) -> Result<(), RepositoryError> {
        let mut statement = self.statement().await?;
        let done = sqlx::query("select set_config($1, $2, true)")
            .bind(setting)
            .bind(value)
            .execute(&mut *statement)
            .await;
        statement.finish(done).map(drop)
    }

    async fn join_imports(&mut self, alone: bool) -> Result<(), RepositoryError> {
        if alone {
            self.set("lock_timeout", NO_LOCK_TIMEOUT).await?;
        }
        let mut statement = self.statement().await?;
        let done = sqlx::query(if alone {
            "select pg_advisory_xact_lock($1)"
        } else {
            "select pg_advisory_xact_lock_shared($1)"
        })
        .bind(KEY)
        .execute(&mut *statement)
        .await;
        statement.finish(done)?;
        if alone {
            self.set("lock_timeout", LOCK_TIMEOUT).await?;
        }
        Ok(())
    }

    async fn settle_import(
        &mut self,
        of: &Statements,
        on_conflict: OnConflict,
        alone: bool,
    ) -> Result<Settled, RepositoryError> {
        self.join_imports(alone).await?;
        self.execute(of.analyze).await?;
        if alone && on_conflict == OnConflict::Update {
            self.execute(of.hold).await?;
        }
        let mut statement = self.statement().await?;
        let done = query(of.settle)
            .bind(match on_conflict {
                OnConflict::Fail => "fail",
                OnConflict::Skip => "skip",
                OnConflict::Update => "update",
            })
            .execute(&mut *statement)
            .await;
        statement.finish(done)?;
        self.execute(ANALYZE_FATES).await?;
        let mut statement = self.statement().await?;
        let counts = query(COUNT).fetch_one(&mut *statement).await;
        let counts = statement.finish(counts)?;
        let mut statement = self.statement().await?;
        let problems = query(PROBLEMS)
            .bind(i64::try_from(MAX_PROBLEMS).unwrap_or(i64::MAX))
            .fetch_all(&mut *statement)
            .await;
        let problems = statement.finish(problems)?;
        let [rows, updated, unchanged, skipped, problem_count] =
            ["rows", "updated", "unchanged", "skipped", "problems"].map(|name| size(&counts, name));
        let (updated, unchanged, skipped) = (updated?, unchanged?, skipped?);
        let problem_count = problem_count?;
        let others = updated + unchanged + skipped + problem_count;
        Ok(Settled {
            created: rows?.saturating_sub(others),
            updated,
            unchanged,
            skipped,
            problem_count,
            problems: problems.iter().map(problem).collect::<Result<_, _>>()?,
        })
    }

    /// Writes what was found. `insert` makes what is new from one number to another, which are yet to
    /// be bound.
    async fn apply_import(
        &mut self,
        of: &Statements,
        settled: &Settled,
        now: DateTime<Utc>,
        insert: impl Fn() -> Query<'static, Postgres, PgArguments>,
    ) -> Result<(), RepositoryError> {
        if settled.updated > 0 {
            let expected = i64::try_from(settled.updated).unwrap_or(i64::MAX);
            let update = query(of.update).bind(now).bind(expected);
            self.write(update, settled.updated).await?;
        }
        if settled.created > 0 {
            let last = self.last_made().await?;
            self.set(LISTS, LONG_LIST).await?;
            let but_one = insert().bind(0_i64).bind(last - 1);
            self.write(but_one, settled.created - 1).await?;
            self.set(LISTS, SHORTEST_LIST).await?;
            self.write(insert().bind(last).bind(last), 1).await?;
        }
        if settled.created + settled.updated > 0 {
            self.noted().push(Noted::Import(of.resource));
        }
        Ok(())
    }

    async fn last_made(&mut self) -> Result<i64, RepositoryError> {
        let mut statement = self.statement().await?;
        let last = query(LAST_MADE).fetch_one(&mut *statement).await;
        get(&statement.finish(last)?, "max")
    }

    /// Keeps what an import of those did in the audit log.
    pub(crate) async fn keep_import(
        &mut self,
        resource: Resource,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        let [created, updated] = match resource {
            Resource::User => [Action::UserCreated, Action::UserUpdated],
            Resource::Post => [Action::PostCreated, Action::PostUpdated],
        };
        let mut statement = self.statement().await?;
        let done = query(EVENTS)
            .bind(now)
            .bind(&origin.caller)
            .bind(&origin.peer)
            .bind(&origin.request_id)
            .bind(origin.method)
            .bind(created.name())
            .bind(updated.name())
            .bind(resource.to_string())
            .bind(i64::try_from(MAX_BATCH).unwrap_or(i64::MAX))
            .execute(&mut *statement)
            .await;
        statement.finish(done).map(drop)
    }

    /// Runs a statement that writes as many rows, unless somebody was faster.
    async fn write(
        &mut self,
        query: Query<'_, Postgres, PgArguments>,
        expected: u64,
    ) -> Result<(), RepositoryError> {
        let mut statement = self.statement().await?;
        let done = query.execute(&mut *statement).await;
        if statement.finish(done)?.rows_affected() == expected {
            return Ok(());
        }
        Err(somebody_was_faster())
    }

    async fn execute(&mut self, sql: &'static str) -> Result<(), RepositoryError> {
        let mut statement = self.statement().await?;
        let done = sqlx::raw_sql(sql).execute(&mut *statement).await;
        statement.finish(done).map(drop)
    }
}

fn somebody_was_faster() -> RepositoryError {
    RepositoryError::Contention("somebody changed meanwhile what an import is about".into())
}

/// Binds the versions of what is made now, and of what brings its time of birth along.
fn bind_versions(
    insert: Query<'static, Postgres, PgArguments>,
    now: DateTime<Utc>,
) -> Query<'static, Postgres, PgArguments> {
    let brought_in = Version::brought_in(now);
    insert.bind(Version::FIRST.get()).bind(brought_in.get())
}

/// A number that is not negative.
fn size(row: &PgRow, column: &str) -> Result<u64, RepositoryError> {
    Ok(get::<i64>(row, column)?.try_into().unwrap_or_default())
}

fn problem(row: &PgRow) -> Result<Problem, RepositoryError> {
    let fate: &str = row.try_get("fate").map_err(crate::error::translate)?;
    let subject = || get::<Uuid>(row, "subject");
    let author = || subject().map(UserId::from_uuid);
    let repeated = |field| {
        let earlier = size(row, "earlier")?;
        Ok::<_, RepositoryError>(ProblemKind::Repeated { field, earlier })
    };
    let kind = match fate {
        "taken id" => ProblemKind::Taken { field: "id" },
        "taken email" => ProblemKind::Taken { field: "email" },
        "repeated id" => repeated("id")?,
        "repeated email" => repeated("email")?,
        "missing email" => ProblemKind::Missing { field: "email" },
        "missing title" => ProblemKind::Missing { field: "title" },
        "missing author_id" => ProblemKind::Missing { field: "author_id" },
        "in trash" => ProblemKind::InTrash { id: subject()? },
        "not in trash" => ProblemKind::NotInTrash { id: subject()? },
        "other author" => ProblemKind::OtherAuthor,
        "author missing" => ProblemKind::AuthorMissing { author: author()? },
        "author in trash" => ProblemKind::AuthorInTrash { author: author()? },
        unknown => {
            let told = format!("a row of an import has the unknown fate {unknown}");
            return Err(RepositoryError::Internal(told.into()));
        }
    };
    let row = size(row, "number")?;
    Ok(Problem { row, kind })
}
