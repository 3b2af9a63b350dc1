//! What is in the database: its schema, and what lies about in it.

use byline_domain::audit::AuditRetention;
use byline_domain::error::RepositoryError;
use byline_domain::sweep::{Expired, Sweeper};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::postgres::PgConnection;

use super::report::Report;
use super::role::{Home, for_shell};
use super::{NO_TABLES, audit};
use crate::migrate::SchemaState;
use crate::pool::Database;

/// What has been due for longer should have gone: servers sweep every minute.
const OVERDUE: TimeDelta = TimeDelta::hours(1);

/// What can be looked at over the connection.
pub(super) struct Readable {
    home: Home,
    keys: bool,
    rows: bool,
    now: DateTime<Utc>,
    /// What applies migrations.
    migrate: String,
}

/// So many API keys are told by their ids.
const NAMED: i32 = 5;

/// The checks that wait for what the record of migrations says.
const OF_SCHEMA: [&str; 3] = [audit::CHECK, "api-keys", "backlog"];

/// Says what is to be said of a database without tables.
pub(super) fn has_no_tables(service: Option<&str>, report: &mut Report) {
    report.fault("schema", NO_TABLES, [migrate(service)]);
    report.skipped_all(&OF_SCHEMA, NO_TABLES);
}

/// Applies migrations, and gives that role its rights to what they make.
fn migrate(service: Option<&str>) -> String {
    let role = service.map(|name| format!(" --service-role {}", for_shell(name)));
    let role = role.unwrap_or_default();
    format!("byline migrate up{role} --database-url OWNER_URL")
}

/// The catalog's part. Returns what else can be read, if names lead to the tables.
pub(super) async fn check(
    connection: &mut PgConnection,
    home: Home,
    service: Option<&str>,
    report: &mut Report,
) -> Result<Option<Readable>, sqlx::Error> {
    check_indexes(connection, &home, report).await?;
    let (ledger, keys, rows, now): (bool, bool, bool, DateTime<Utc>) = sqlx::query_as(
        "with readable as (
            select c.relname, $1 and has_table_privilege(c.oid, 'select') as is_readable
            from pg_class c where relnamespace = $2::regnamespace
        )
        select coalesce(bool_and(is_readable) filter (where relname = '_sqlx_migrations'), false),
            coalesce(bool_and(is_readable) filter (where relname = 'api_keys'), false),
            count(*) filter (
                where is_readable and relname in ('users', 'posts', 'request_records', 'throttles', 'audit_batches',
                    'audit_events')
            ) = 6, now()
        from readable",
    )
    .bind(home.is_on_path)
    .bind(&home.schema)
    .fetch_one(connection)
    .await?;
    if !ledger {
        let says = "the record of migrations cannot be read";
        report.skipped("schema", says);
        report.skipped_all(&OF_SCHEMA, says);
        return Ok(None);
    }
    Ok(Some(Readable {
        home,
        keys,
        rows,
        now,
        migrate: migrate(service),
    }))
}

async fn check_indexes(
    connection: &mut PgConnection,
    home: &Home,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let invalid: Vec<String> = sqlx::query_scalar(
        "select quote_ident(n.nspname) || '.' || quote_ident(c.relname)
        from pg_index i join pg_class c on c.oid = i.indexrelid
        join pg_namespace n on n.oid = c.relnamespace
        where quote_ident(n.nspname) = $1 and not (i.indisvalid and i.indisready) order by 1",
    )
    .bind(&home.schema)
    .fetch_all(connection)
    .await?;
    for index in invalid {
        report.warning(
            "indexes",
            format!("{index} is not valid: it is being built, or was not built to its end"),
            [format!("reindex index concurrently {index};")],
        );
    }
    report.fine("indexes", "all are valid");
    Ok(())
}

impl Database {
    /// The rows' part.
    pub(super) async fn look_at_rows(
        &self,
        readable: &Readable,
        events: AuditRetention,
        report: &mut Report,
    ) -> Result<(), RepositoryError> {
        let state = self.schema_state().await?;
        check_state(&state, readable, report);
        if state == SchemaState::Current {
            self.check_audit(&readable.home, report).await?;
        } else {
            let says = "the schema is another one than this program's migrations make";
            report.skipped(audit::CHECK, says);
        }
        // Rows of other tables say nothing of these.
        let astray = report.has_fault("search-path");
        if readable.keys && !astray {
            self.check_keys(readable.now, report).await?;
        } else {
            report.skipped("api-keys", "the table cannot be read");
        }
        // What an older schema is asked for may not be there yet.
        if readable.rows && !astray && matches!(state, SchemaState::Current | SchemaState::Ahead(_))
        {
            self.check_backlog(readable.now, events, report).await
        } else {
            report.skipped("backlog", "the tables cannot be read");
            Ok(())
        }
    }

    async fn check_audit(&self, home: &Home, report: &mut Report) -> Result<(), RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let checked = audit::check(&mut statement, home, report).await;
        statement.finish(checked)
    }

    async fn check_keys(
        &self,
        now: DateTime<Utc>,
        report: &mut Report,
    ) -> Result<(), RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let found = sqlx::query_as(
            "select expires_at is null, count(*), (array_agg(id order by id))[:$2]
            from api_keys where revoked_at is null and (expires_at is null or expires_at <= $1)
            group by 1 order by 1 desc",
        )
        .bind(now)
        .bind(NAMED)
        .fetch_all(&mut *statement)
        .await;
        let found: Vec<(bool, i64, Vec<String>)> = statement.finish(found)?;
        for (is_endless, count, ids) in found {
            let (says, first) = if is_endless {
                let first = "give whoever calls with one another, with `byline keys create \
                             --expires-in`";
                ("do not expire", Some(first.to_owned()))
            } else {
                ("have expired and are not revoked", None)
            };
            let revoke = ids
                .iter()
                .map(|id| format!("byline keys revoke {id} --database-url OWNER_URL"));
            let others = (count > i64::from(NAMED))
                .then(|| "`byline keys list` names the others".to_owned());
            report.hint(
                "api-keys",
                format!("API keys that {says}: {count}"),
                first.into_iter().chain(revoke).chain(others),
            );
        }
        report.fine("api-keys", "all expire, and none has");
        Ok(())
    }

    async fn check_backlog(
        &self,
        now: DateTime<Utc>,
        events: AuditRetention,
        report: &mut Report,
    ) -> Result<(), RepositoryError> {
        for what in Expired::ALL {
            let by = what.due_by(now - OVERDUE, events);
            let overdue = self.count_due(what, by).await?;
            let noun = match what {
                Expired::Posts => "posts in the trash",
                Expired::Users => "users in the trash",
                Expired::Requests => "records of requests",
                Expired::Throttles => "forgotten failures of verifications",
                Expired::AuditEvents => "audit events",
            };
            if overdue > 0 {
                // Without it none of these goes.
                let kept = (what == Expired::AuditEvents)
                    .then(|| format!(" --audit-retention {}s", events.span().num_seconds()));
                let kept = kept.unwrap_or_default();
                report.hint(
                    "backlog",
                    format!("{noun} that should have gone more than an hour ago: {overdue}"),
                    [
                        format!("byline purge{kept} --database-url SERVICE_URL"),
                        "run a server with a --sweep-interval, which does so by itself".to_owned(),
                    ],
                );
            }
        }
        report.fine("backlog", "what has had its time is gone");
        Ok(())
    }
}

fn check_state(state: &SchemaState, readable: &Readable, report: &mut Report) {
    match (state, state.refusal()) {
        (SchemaState::Behind(missing), _) => report.fault(
            "schema",
            format!("the database lacks migrations {missing:?}"),
            [readable.migrate.clone()],
        ),
        (_, Some(refusal)) => report.fault("schema", refusal, []),
        (SchemaState::Ahead(unknown), None) => report.hint(
            "schema",
            format!("the database has migrations that this program does not know: {unknown:?}"),
            ["replace this program by the one that made them".to_owned()],
        ),
        (_, None) => report.fine(
            "schema",
            "all migrations are applied; `byline migrate check` compares what they made",
        ),
    }
}
