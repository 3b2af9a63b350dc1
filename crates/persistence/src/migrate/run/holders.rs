//! Who has what a migration waits for: told by number, program and state, never by
//! statement, which may hold data.

use sqlx::postgres::PgConnection;

/// As a list of who they are; `{}` takes the condition.
macro_rules! holders {
    ($condition:literal) => {
        concat!(
            "select format('process %s of %s%s, %s for %s s', pid, usename,
                coalesce(' (' || nullif(application_name, '') || ')', ''), coalesce(state, 'working'),
                extract(epoch from clock_timestamp() - coalesce(xact_start, backend_start))::bigint)
             from pg_stat_activity where pid in (",
            $condition,
            ") order by xact_start"
        )
    };
}

/// Those that keep the session of that number waiting.
pub(super) async fn of_what_blocks(
    connection: &mut PgConnection,
    pid: i32,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(holders!("select unnest(pg_blocking_pids($1))"))
        .bind(pid)
        .fetch_all(connection)
        .await
}

/// Those that hold an advisory lock of this database.
pub(super) async fn of_advisory_lock(
    connection: &mut PgConnection,
    key: i64,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(holders!(
        "select pid from pg_locks where locktype = 'advisory' and granted and objsubid = 1
         and database = (select oid from pg_database where datname = current_database())
         and (classid::bigint << 32) + objid::bigint = $1"
    ))
    .bind(key)
    .fetch_all(connection)
    .await
}
