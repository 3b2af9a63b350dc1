//! Runs one direction of one migration: as one transaction, or each statement for itself.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;

use super::super::error::MigrateError;
use super::super::ledger;
use super::super::source::statements::{IndexName, Statement, statements};
use super::super::source::{Migration, Script};
use super::session::{Failure, Session, refused};

/// How long traffic has the locks to itself between two tries.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What the ledger says once a script is through.
#[derive(Clone, Copy)]
enum Outcome {
    Applied,
    TakenBack,
}

/// Applies the migration, and has the ledger say so.
pub(super) async fn apply(
    session: &mut Session,
    migration: &Migration,
) -> Result<(), MigrateError> {
    ledger::ensure(&mut session.connection).await?;
    run(session, migration, &migration.up, Outcome::Applied).await
}

/// Takes the migration back, and has the ledger say no more of it.
pub(super) async fn take_back(
    session: &mut Session,
    migration: &Migration,
) -> Result<(), MigrateError> {
    let down = migration.down.as_ref();
    let script = down.ok_or_else(|| MigrateError::NoWayBack(migration.to_string()))?;
    run(session, migration, script, Outcome::TakenBack).await
}

async fn run(
    session: &mut Session,
    migration: &Migration,
    script: &Script,
    outcome: Outcome,
) -> Result<(), MigrateError> {
    let statements = parts(script)?;
    if script.no_transaction {
        one_by_one(session, migration, script, &statements, outcome).await
    } else {
        as_one(session, migration, script, &statements, outcome).await
    }
}

/// The statements. One that the parser does not know goes as the whole that it is in, which
/// only a transaction can.
fn parts(script: &Script) -> Result<Vec<Statement<'_>>, MigrateError> {
    let unfit = |line: usize, message: String| MigrateError::Unfit {
        file: script.file.clone(),
        line,
        message,
    };
    let statements = match statements(&script.sql) {
        Ok(statements) => statements,
        Err(error) if script.no_transaction => {
            return Err(unfit(
                error.line,
                format!("{}, so that it cannot be run by statement", error.message),
            ));
        }
        Err(_) => vec![Statement::whole(&script.sql)],
    };
    if let Some(statement) = statements.iter().find(|s| s.controls_transaction) {
        return Err(unfit(
            statement.line,
            "begins or ends a transaction, which is the runner's to do".to_owned(),
        ));
    }
    Ok(statements)
}

async fn as_one(
    session: &mut Session,
    migration: &Migration,
    script: &Script,
    statements: &[Statement<'_>],
    outcome: Outcome,
) -> Result<(), MigrateError> {
    let mut tries = Tries::begin(session);
    loop {
        let place = match try_as_one(session, migration, statements, outcome).await? {
            Ok(()) => return Ok(()),
            Err((statement, Failure::Busy)) => statement,
            Err((statement, Failure::Refused { message, character })) => {
                return Err(failed(script, statement, message, character, false));
            }
        };
        tries.again(session, script, place.line, false).await?;
    }
}

/// One try; everything is rolled back if a statement fails, which is told.
async fn try_as_one<'s>(
    session: &mut Session,
    migration: &Migration,
    statements: &'s [Statement<'s>],
    outcome: Outcome,
) -> Result<Result<(), (&'s Statement<'s>, Failure)>, MigrateError> {
    session.reset().await?;
    simple(&mut session.connection, "begin").await?;
    for statement in statements {
        if let Err(failure) = session.run(statement.text).await {
            simple(&mut session.connection, "rollback").await?;
            return Ok(Err((statement, failure)));
        }
    }
    session.reset().await?;
    tell(session, migration, outcome).await?;
    // A deferred constraint is looked at here, on behalf of the statement that it is about.
    match (
        sqlx::raw_sql("commit")
            .execute(&mut session.connection)
            .await,
        statements.last(),
    ) {
        (Ok(_), _) => Ok(Ok(())),
        (Err(error), Some(last)) => Ok(Err((last, refused(error)))),
        (Err(error), None) => Err(error.into()),
    }
}

async fn one_by_one(
    session: &mut Session,
    migration: &Migration,
    script: &Script,
    statements: &[Statement<'_>],
    outcome: Outcome,
) -> Result<(), MigrateError> {
    match outcome {
        Outcome::Applied => ledger::write(&mut session.connection, migration, false).await?,
        Outcome::TakenBack => ledger::doubt(&mut session.connection, migration.version).await?,
    }
    session.reset().await?;
    for statement in statements {
        let mut tries = Tries::begin(session);
        loop {
            if let Some(index) = statement.builds_concurrently() {
                drop_invalid(&mut session.connection, index).await?;
            }
            let result = if statement.is_concurrent() {
                session.run_patiently(statement.text).await
            } else {
                session.run(statement.text).await
            };
            match result {
                Ok(()) => break,
                Err(Failure::Busy) => tries.again(session, script, statement.line, true).await?,
                Err(Failure::Refused { message, character }) => {
                    return Err(failed(script, statement, message, character, true));
                }
            }
        }
    }
    session.reset().await?;
    tell(session, migration, outcome).await?;
    Ok(())
}

/// Has the ledger say what has become of the migration.
async fn tell(
    session: &mut Session,
    migration: &Migration,
    outcome: Outcome,
) -> Result<(), sqlx::Error> {
    match outcome {
        Outcome::Applied => ledger::write(&mut session.connection, migration, true).await,
        Outcome::TakenBack => ledger::forget(&mut session.connection, migration.version).await,
    }
}

fn failed(
    script: &Script,
    statement: &Statement<'_>,
    message: String,
    character: usize,
    half_way: bool,
) -> MigrateError {
    MigrateError::Failed {
        file: script.file.clone(),
        line: statement.line + Failure::lines_before(statement.text, character),
        message,
        half_way,
    }
}

async fn simple(connection: &mut PgConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sql).execute(connection).await?;
    Ok(())
}

/// Removes what an earlier try to build the index left: `if not exists` would take it for the
/// index, which it never becomes.
async fn drop_invalid(connection: &mut PgConnection, index: &IndexName) -> Result<(), sqlx::Error> {
    let left: Option<String> = sqlx::query_scalar(
        "select format('drop index concurrently if exists %I.%I', nspname, relname)
         from pg_index join pg_class c on c.oid = indexrelid
         join pg_namespace n on n.oid = relnamespace
         where not indisvalid and relname = $2
         and coalesce(nspname = $1, pg_table_is_visible(c.oid))
         and not exists (select from pg_stat_progress_create_index p
            where p.index_relid = indexrelid and p.pid <> pg_backend_pid())",
    )
    .bind(&index.schema)
    .bind(&index.name)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(sql) = left {
        tracing::info!(
            index = index.name,
            "removing what is left of an unfinished index"
        );
        let statement = sqlx::QueryBuilder::<sqlx::Postgres>::new(sql).into_sql();
        sqlx::raw_sql(statement).execute(connection).await?;
    }
    Ok(())
}

/// How often, and since when, locks were not to be had.
struct Tries {
    began: Instant,
    pause: Duration,
}

impl Tries {
    fn begin(session: &mut Session) -> Self {
        session.holders.clear();
        Self {
            began: Instant::now(),
            pause: PAUSE,
        }
    }

    /// Waits before the next try; fails when it was tried for long enough.
    async fn again(
        &mut self,
        session: &Session,
        script: &Script,
        line: usize,
        half_way: bool,
    ) -> Result<(), MigrateError> {
        if self.began.elapsed() >= session.options.lock_patience {
            return Err(MigrateError::Busy {
                file: script.file.clone(),
                line,
                seconds: session.options.lock_patience.as_secs(),
                holders: session.holders.clone(),
                half_way,
            });
        }
        tracing::info!(
            file = script.file,
            line,
            holders = ?session.holders,
            "what it has to lock is held by others: letting them through, then trying again"
        );
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}
