//! Rows up to a weight, so that neither an answer nor the memory to make it in
//! outgrows its bound.

use byline_domain::error::RepositoryError;
use byline_domain::page::MAX_BYTES;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Row};

use crate::error::translate;

/// Whether rows were left out for their weight: whether there were more before.
pub(crate) fn is_cut(rows: &[PgRow]) -> Result<bool, RepositoryError> {
    let Some(first) = rows.first() else {
        return Ok(false);
    };
    let available: i64 = first.try_get("available").map_err(translate)?;
    Ok(usize::try_from(available).is_ok_and(|all| all > rows.len()))
}

/// Wraps `rows`, which have `columns`, so that only the first of them in `order` come
/// that weigh [`MAX_BYTES`] together. `weight` is an expression over the columns. Until
/// then PostgreSQL moves long texts by reference: those of rows that are left out are
/// never read.
pub(crate) fn push_weighed(
    query: &mut QueryBuilder<Postgres>,
    columns: &str,
    weight: &str,
    order: &str,
    rows: impl FnOnce(&mut QueryBuilder<Postgres>),
) {
    query.push(format_args!(
        "select {columns}, available from (select {columns}, \
         count(*) over () as available, sum({weight}) over \
         (order by {order} rows unbounded preceding) as running from ("
    ));
    rows(query);
    query.push(format_args!(
        ") page) weighed where running <= {MAX_BYTES} order by {order}"
    ));
}
