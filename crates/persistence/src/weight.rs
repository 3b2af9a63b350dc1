//! Rows up to a weight, so that neither an answer nor the memory to make it in
//! outgrows its bound.

use byline_domain::error::RepositoryError;
use byline_domain::page::MAX_BYTES;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder};

use crate::row::get;

/// Whether rows were left out for their weight: whether the last of them was followed by
/// another one before.
pub(crate) fn is_cut(rows: &[PgRow]) -> Result<bool, RepositoryError> {
    rows.last().map_or(Ok(false), |last| get(last, "followed"))
}

/// Wraps `rows`, which have `columns`, so that only the first of them in `order` come
/// that weigh [`MAX_BYTES`] together. `weight`, and what is `shown` of those that come, are
/// expressions over the columns. Until then PostgreSQL moves long texts by reference: those of
/// rows that are left out are never read.
pub(crate) fn push_weighed(
    query: &mut QueryBuilder<Postgres>,
    shown: &str,
    columns: &str,
    weight: &str,
    order: &str,
    rows: impl FnOnce(&mut QueryBuilder<Postgres>),
) {
    query.push(format_args!(
        "select {shown}, followed from (select {columns}, \
         lead(true, 1, false) over so_far as followed, sum({weight}) over so_far as running from ("
    ));
    rows(query);
    query.push(format_args!(
        ") page window so_far as (order by {order} rows unbounded preceding)) weighed \
         where running <= {MAX_BYTES} order by {order}"
    ));
}
