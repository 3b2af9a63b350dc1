//! What is in the database: its schema, and what lies about in it.

use byline_domain::audit::AuditRetention;
use byline_domain::error::RepositoryError;
use byline_domain::sweep::{Expired, Sweeper};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::postgres::PgConnection;

use super::report::Report;
use super::role::Home;
use crate::migrate::SchemaState;
use crate::pool::Database;

/// What has been due for longer should have gone: servers sweep every minute.
const OVERDUE: TimeDelta = TimeDelta::hours(1);

/// What can be looked at over the connection.
pub(super) struct Readable {
    keys: bool,
    rows: bool,
    now: DateTime<Utc>,
}

/// The catalog's part. Returns what else can be read, if names lead to the tables.
pub(super) async fn check(
    connection: &mut PgConnection,
    home: Option<&Home>,
    report: &mut Report,
) -> Result<Option<Readable>, sqlx::Error> {
    let Some(home) = home else {
        report.fault(
            "schema",
            "the database has none of Byline's tables",
            ["byline migrate up --database-url OWNER_URL".to_owned()],
        );
        return Ok(None);
    };
    check_indexes(connection, home, report).await?;
    let (ledger, keys, rows, now): (bool, bool, bool, DateTime<Utc>) = sqlx::query_as(
        "with readable as (
            select c.relname, $1 and has_table_privilege(c.oid, 'select') as is_readable
            from pg_class c where relnamespace = $2::regnamespace
        )
        select coalesce(bool_and(is_readable) filter (where relname = '_sqlx_migrations'), false),
            coalesce(bool_and(is_readable) filter (where relname = 'api_keys'), false),
            count(*) filter (
                where is_readable and relname in ('users', 'posts', 'request_records', 'throttles', 'audit_events')
            ) = 5, now()
        from readable",
    )
    .bind(home.is_on_path)
    .bind(&home.schema)
    .fetch_one(connection)
    .await?;
    if !ledger {
        let says = "the record of migrations cannot be read";
        report.skipped("schema", says);
        return Ok(None);
    }
    Ok(Some(Readable { keys, rows, now }))
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
        check_state(&state, report);
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

    async fn check_keys(
        &self,
        now: DateTime<Utc>,
        report: &mut Report,
    ) -> Result<(), RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let counts = sqlx::query_as(
            "select count(*) filter (where expires_at is null),
                count(*) filter (where expires_at <= $1)
            from api_keys where revoked_at is null",
        )
        .bind(now)
        .fetch_one(&mut *statement)
        .await;
        let (endless, expired): (i64, i64) = statement.finish(counts)?;
        for (count, says) in [
            (endless, "do not expire"),
            (expired, "have expired and are not revoked"),
        ] {
            if count > 0 {
                report.hint(
                    "api-keys",
                    format!("API keys that {says}: {count}"),
                    [
                        "`byline keys list` names them, `byline keys revoke ID` ends one"
                            .to_owned(),
                    ],
                );
            }
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
                report.hint(
                    "backlog",
                    format!("{noun} that should have gone more than an hour ago: {overdue}"),
                    ["run a server with a --sweep-interval, or `byline purge`".to_owned()],
                );
            }
        }
        report.fine("backlog", "what has had its time is gone");
        Ok(())
    }
}

fn check_state(state: &SchemaState, report: &mut Report) {
    match (state, state.refusal()) {
        (SchemaState::Behind(missing), _) => report.fault(
            "schema",
            format!("the database lacks migrations {missing:?}"),
            ["byline migrate up --database-url OWNER_URL".to_owned()],
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
