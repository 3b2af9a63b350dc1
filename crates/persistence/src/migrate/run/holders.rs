//! Who has what a migration waits for: told by number, program and state, never by
//! statement, which may hold data.

use sqlx::postgres::PgConnection;

/// As a list of who they are. A prepared transaction has no process; and
/// of other users' processes a role without rights sees no more than the number.
macro_rules! holders {
    ($processes:literal) => {
        concat!(
            "select case when holder = 0 then 'a prepared transaction, see pg_prepared_xacts'
                when state is null then
                    format('process %s, of which pg_read_all_stats would tell more', holder)
                else format('process %s of %s%s, %s for %s s', holder, usename,
                    ' (' || nullif(application_name, '') || ')', state,
                    extract(epoch from clock_timestamp() - coalesce(xact_start, backend_start))::bigint)
                end
             from (",
            $processes,
            ") as held (holder) left join pg_stat_activity on pid = holder order by xact_start"
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
