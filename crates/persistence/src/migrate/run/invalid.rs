//! What an index is that could not be built to its end.

use sqlx::postgres::PgConnection;

use super::super::source::statements::IndexName;
use super::session::{Failure, refused};

/// How to remove what a try to build the index has left, if it has.
pub(super) async fn drop(
    connection: &mut PgConnection,
    index: &IndexName,
) -> Result<Option<String>, Failure> {
    // As names are kept, which may be shorter than they were written.
    sqlx::query_scalar(
        "select format('drop index concurrently if exists %I.%I', nspname, relname)
         from pg_index join pg_class c on c.oid = indexrelid
         join pg_namespace n on n.oid = relnamespace
         where not indisvalid and relname = $2::name
         and coalesce(nspname = $1::name, pg_table_is_visible(c.oid))
         and not exists (select from pg_stat_progress_create_index p
            where p.index_relid = indexrelid and p.pid <> pg_backend_pid())",
    )
    .bind(&index.schema)
    .bind(&index.name)
    .fetch_optional(connection)
    .await
    .map_err(refused)
}
