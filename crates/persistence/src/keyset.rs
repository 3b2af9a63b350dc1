//! Lists that walk by key, in one statement that costs the same at any depth.

use byline_domain::error::RepositoryError;
use byline_domain::page::{Cursor, Direction, Page, PageRequest, SortValue};
use byline_domain::trash::Trash;
use sqlx::postgres::PgArguments;
use sqlx::{Postgres, QueryBuilder};

use crate::weight::push_weighed;

/// A list of one table's rows.
pub(crate) struct Keyset<'a> {
    pub(crate) table: &'static str,
    /// What is read of each row; `id` among it.
    pub(crate) columns: &'static str,
    pub(crate) direction: Direction,
    pub(crate) trash: Trash,
    pub(crate) page: &'a PageRequest,
    /// What a row weighs, where a page is to end before it grows too heavy.
    pub(crate) weight: Option<&'static str>,
}

/// How one expression, the key, is compared with the cursor's value.
pub(crate) enum Key {
    /// A column or an expression over columns.
    Sql(&'static str),
    /// As `Sql`, and the value is folded to lower case like it.
    Folded(&'static str),
}

impl Key {
    fn sql(&self) -> &'static str {
        match self {
            Self::Sql(sql) | Self::Folded(sql) => sql,
        }
    }

    fn push_value(&self, query: &mut QueryBuilder<Postgres>, value: &SortValue) {
        match value {
            SortValue::Absent => {
                query.push("'-infinity'::timestamptz");
            }
            SortValue::Time(time) => {
                query.push_bind(*time);
            }
            SortValue::Rank(rank) => {
                query.push_bind(*rank);
            }
            SortValue::Text(text) => {
                query.push(match self {
                    Self::Sql(_) => "(",
                    Self::Folded(_) => "lower(",
                });
                query.push_bind(text.clone());
                query.push(r#") collate "C""#);
            }
        }
    }
}

impl Keyset<'_> {
    /// The statement. It reads one row more than the page holds, which tells
    /// whether another page follows.
    ///
    /// The living and the trash are two lists, each with indexes of its own; where
    /// both are asked for, the heads of the two are merged.
    pub(crate) fn build(&self, key: &Key) -> QueryBuilder<Postgres> {
        self.build_with(PgArguments::default(), key, "")
    }

    /// As [`Self::build`], of the rows that meet `condition`. It and the key may
    /// refer to `arguments` as `$1` and so on.
    pub(crate) fn build_with(
        &self,
        arguments: PgArguments,
        key: &Key,
        condition: &'static str,
    ) -> QueryBuilder<Postgres> {
        let mut query = QueryBuilder::with_arguments("", arguments);
        match self.weight {
            None => self.push_rows(&mut query, key, condition),
            Some(weight) => {
                push_weighed(&mut query, self.columns, weight, self.direction, |query| {
                    self.push_rows(query, key, condition);
                });
            }
        }
        query
    }

    fn push_rows(&self, query: &mut QueryBuilder<Postgres>, key: &Key, condition: &'static str) {
        let way = way(self.direction);
        let columns = self.columns;
        let skip = i64::from(self.page.skip);
        let rows = i64::try_from(self.page.size.get()).unwrap_or(i64::MAX) + 1;
        let arm = |query: &mut QueryBuilder<Postgres>, side: &str, rows: i64, skip: i64| {
            let (table, key_sql) = (self.table, key.sql());
            query.push(format_args!(
                "(select {columns}, {key_sql} as sort_key from {table} where {side}{condition}"
            ));
            if let Some(cursor) = &self.page.after {
                self.push_after(query, key, cursor);
            }
            query.push(format_args!(" order by {key_sql} {way}, id {way} limit "));
            query.push_bind(rows);
            if skip > 0 {
                query.push(" offset ");
                query.push_bind(skip);
            }
            query.push(")");
        };
        match self.trash {
            Trash::Exclude => arm(query, LIVING, rows, skip),
            Trash::Include => {
                query.push(format_args!("select {columns}, sort_key from ("));
                arm(query, LIVING, rows + skip, 0);
                query.push(" union all ");
                arm(query, DELETED, rows + skip, 0);
                query.push(format_args!(
                    ") both_sides order by sort_key {way}, id {way} limit "
                ));
                query.push_bind(rows);
                query.push(" offset ");
                query.push_bind(skip);
            }
        }
    }

    /// Goes on after the cursor. The row comparison is what lets the index start
    /// there.
    fn push_after(&self, query: &mut QueryBuilder<Postgres>, key: &Key, cursor: &Cursor) {
        let beyond = match self.direction {
            Direction::Ascending => ">",
            Direction::Descending => "<",
        };
        query.push(format_args!(" and ({}, id) {beyond} (", key.sql()));
        key.push_value(query, &cursor.value);
        query.push(", ");
        query.push_bind(cursor.id);
        query.push(")");
    }
}

/// A direction in SQL.
pub(crate) fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => "asc",
        Direction::Descending => "desc",
    }
}

const LIVING: &str = "deleted_at is null";
const DELETED: &str = "deleted_at is not null";

/// Refuses a cursor of another list: a defect of the caller of the port.
pub(crate) fn check_cursor(
    page: &PageRequest,
    fits: impl Fn(&SortValue) -> bool,
) -> Result<(), RepositoryError> {
    match &page.after {
        Some(cursor) if !fits(&cursor.value) => Err(RepositoryError::Internal(
            "the cursor belongs to a list of another order".into(),
        )),
        Some(_) | None => Ok(()),
    }
}

/// The page that the rows make; `cut` when rows were left out for their size.
pub(crate) fn page_of<T>(
    mut items: Vec<T>,
    size: usize,
    cut: bool,
    cursor: impl Fn(&T) -> Cursor,
) -> Page<T> {
    let more = cut || items.len() > size;
    items.truncate(size);
    Page {
        next: items.last().filter(|_| more).map(cursor),
        items,
    }
}
