//! Rows up to a weight, so that neither an answer nor the memory to make it in
//! outgrows its bound.

use byline_domain::page::{Direction, MAX_BYTES};
use sqlx::{FromRow, Postgres, QueryBuilder};

use crate::keyset::way;

/// A row of a statement that ended before its rows grew too heavy.
#[derive(FromRow)]
pub(crate) struct WeighedRow<T>
where
    T: for<'r> FromRow<'r, sqlx::postgres::PgRow>,
{
    #[sqlx(flatten)]
    pub(crate) row: T,
    /// How many rows there were before those too many were left out.
    available: i64,
}

/// The rows themselves, and whether some were left out for their weight.
pub(crate) fn unweigh<T>(rows: Vec<WeighedRow<T>>) -> (Vec<T>, bool)
where
    T: for<'r> FromRow<'r, sqlx::postgres::PgRow>,
{
    let cut = rows
        .first()
        .is_some_and(|first| usize::try_from(first.available).is_ok_and(|all| all > rows.len()));
    (rows.into_iter().map(|weighed| weighed.row).collect(), cut)
}

/// Wraps `rows`, which have `columns` and a `sort_key`, so that only the first of
/// them come that weigh [`MAX_BYTES`] together. `weight` is an expression over the
/// columns. Until then PostgreSQL moves long texts by reference: those of rows
/// that are left out are never read.
pub(crate) fn push_weighed(
    query: &mut QueryBuilder<Postgres>,
    columns: &str,
    weight: &str,
    direction: Direction,
    rows: impl FnOnce(&mut QueryBuilder<Postgres>),
) {
    let way = way(direction);
    query.push(format_args!(
        "select {columns}, available from (select {columns}, sort_key, \
         count(*) over () as available, sum({weight}) over \
         (order by sort_key {way}, id {way} rows unbounded preceding) as running from ("
    ));
    rows(query);
    query.push(format_args!(
        ") page) weighed where running <= {MAX_BYTES} order by sort_key {way}, id {way}"
    ));
}
