//! Lists that walk by key, in one statement that costs the same at any depth.

use byline_domain::error::RepositoryError;
use byline_domain::field::Kind;
use byline_domain::order::{Direction, Order};
use byline_domain::page::{Cursor, PageRequest, SortValue};
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::error::translate;
use crate::filter::{Noun, Rows};
use crate::table::{ABSENT_TEXT, ABSENT_TIME, DELETED, LIVING, Table};
use crate::weight::push_weighed;

/// A list of one table's rows.
pub(crate) struct Keyset<'a, F: Noun> {
    /// The columns that are read; `id` among them.
    pub(crate) columns: &'a str,
    pub(crate) rows: Rows<'a, F::Test>,
    pub(crate) order: &'a Order<F>,
    pub(crate) page: &'a PageRequest,
    /// What a row weighs, where a page is to end before it grows too heavy.
    pub(crate) weight: Option<&'a str>,
}

impl<F: Noun> Keyset<'_, F> {
    /// The statement. It reads one row more than the page holds, which tells
    /// whether another page follows, and each row's place as `k0`, `k1` and so on.
    ///
    /// The living and the trash are two lists, each with indexes of its own; where
    /// both are asked for, the heads of the two are merged.
    pub(crate) fn build(&self) -> QueryBuilder<Postgres> {
        let mut query = QueryBuilder::new("");
        match self.weight {
            None => self.push_rows(&mut query),
            Some(weight) => {
                let columns = format!("{}, {}", self.columns, self.place_names());
                let order = self.outer_order();
                push_weighed(&mut query, &columns, &columns, weight, &order, |query| {
                    self.push_rows(query);
                });
            }
        }
        query
    }

    fn push_rows(&self, query: &mut QueryBuilder<Postgres>) {
        let skip = i64::from(self.page.skip);
        let rows = self.page.rows();
        if let Some(side) = self.rows.side() {
            return self.push_side(query, side, rows, skip);
        }
        let (columns, names) = (self.columns, self.place_names());
        query.push(format_args!("select {columns}, {names} from ("));
        self.push_side(query, LIVING, rows + skip, 0);
        query.push(" union all ");
        self.push_side(query, DELETED, rows + skip, 0);
        query
            .push(") both_sides order by ")
            .push(self.outer_order());
        query.push(" limit ").push_bind(rows);
        query.push(" offset ").push_bind(skip);
    }

    fn push_side(&self, query: &mut QueryBuilder<Postgres>, side: &str, rows: i64, skip: i64) {
        let columns = self.columns;
        query.push(format_args!("(select {columns}"));
        for (index, key) in self.order.keys().enumerate() {
            query.push(format_args!(", {} as k{index}", key.field.sort_value()));
        }
        query.push(format_args!(" from {} where {side}", F::TABLE));
        self.rows.push_meets(query);
        if let Some(cursor) = &self.page.after {
            query.push(" and ");
            self.push_after(query, cursor);
        }
        push_order(query, self.order);
        query.push(" limit ").push_bind(rows);
        if skip > 0 {
            query.push(" offset ").push_bind(skip);
        }
        query.push(")");
    }

    /// Goes on after the cursor. Where all keys run one way, a row comparison lets an
    /// index start there; else it is written out, and an index starts at the first key.
    fn push_after(&self, query: &mut QueryBuilder<Postgres>, cursor: &Cursor) {
        let tie = self.order.tie_direction();
        let keys: Vec<_> = self.order.keys().zip(&cursor.values).collect();
        if keys.iter().all(|(key, _)| key.direction == tie) {
            query.push("(");
            for (key, _) in &keys {
                query.push(format_args!("{}, ", key.field.sort_key()));
            }
            query.push(format_args!("id) {} (", beyond(tie)));
            for (key, value) in &keys {
                push_value(query, key.field, value);
                query.push(", ");
            }
            query.push_bind(cursor.id).push(")");
            return;
        }
        for (index, (key, value)) in keys.iter().enumerate() {
            let (sql, beyond) = (key.field.sort_key(), beyond(key.direction));
            if index == 0 {
                query.push(format_args!("{sql} {beyond}= "));
                push_value(query, key.field, value);
                query.push(" and ");
            }
            query.push(format_args!("({sql} {beyond} "));
            push_value(query, key.field, value);
            query.push(format_args!(" or ({sql} = "));
            push_value(query, key.field, value);
            query.push(" and ");
        }
        query.push(format_args!("id {} ", beyond(tie)));
        query.push_bind(cursor.id);
        query.push("))".repeat(keys.len()));
    }

    fn place_names(&self) -> String {
        let names: Vec<_> = (0..self.order.keys().count())
            .map(|index| format!("k{index}"))
            .collect();
        names.join(", ")
    }

    /// The order over what was read, where absent values are null. Where there are none it
    /// is written as the order of the rows is, so that these need not be sorted again.
    fn outer_order(&self) -> String {
        let keys = self.order.keys().enumerate().map(|(index, key)| {
            let collation = match key.field.kind() {
                Kind::Text => r#" collate "C""#,
                Kind::Bool | Kind::Time | Kind::Id => "",
            };
            let way = match key.direction {
                direction if !key.field.is_nullable() => way(direction),
                Direction::Ascending => "asc nulls first",
                Direction::Descending => "desc nulls last",
            };
            format!("k{index}{collation} {way}")
        });
        let tie = format!("id {}", way(self.order.tie_direction()));
        keys.chain([tie]).collect::<Vec<_>>().join(", ")
    }

    /// The place of a row that the statement read.
    pub(crate) fn place(&self, row: &PgRow, id: Uuid) -> Result<Cursor, RepositoryError> {
        let values = self.order.keys().enumerate().map(|(index, key)| {
            let column = format!("k{index}");
            let column = column.as_str();
            Ok(match key.field.kind() {
                Kind::Text => SortValue::from_text(row.try_get(column)?),
                Kind::Time => SortValue::from_time(row.try_get(column)?),
                Kind::Bool => SortValue::Bool(row.try_get(column)?),
                Kind::Id => SortValue::Id(row.try_get(column)?),
            })
        });
        let values = values.collect::<Result<_, sqlx::Error>>();
        Ok(Cursor {
            values: values.map_err(translate)?,
            id,
        })
    }
}

/// Appends the order of rows of one table.
pub(crate) fn push_order<F: Table>(query: &mut QueryBuilder<Postgres>, order: &Order<F>) {
    query.push(" order by ");
    for key in order.keys() {
        let way = way(key.direction);
        query.push(format_args!("{} {way}, ", key.field.sort_key()));
    }
    query.push("id ").push(way(order.tie_direction()));
}

fn push_value<F: Table>(query: &mut QueryBuilder<Postgres>, field: F, value: &SortValue) {
    match value {
        SortValue::Absent if field.kind() == Kind::Time => {
            query.push(ABSENT_TIME);
        }
        SortValue::Absent => {
            query.push(ABSENT_TEXT);
        }
        SortValue::Bool(value) => {
            query.push_bind(*value);
        }
        SortValue::Time(time) => {
            query.push_bind(*time);
        }
        SortValue::Id(id) => {
            query.push_bind(*id);
        }
        SortValue::Rank(rank) => {
            query.push_bind(*rank);
        }
        SortValue::Text(text) => {
            query.push("(");
            query.push_bind(text.clone());
            query.push(r#"::text) collate "C""#);
        }
    }
}

/// A direction in SQL.
fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => "asc",
        Direction::Descending => "desc",
    }
}

fn beyond(direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => ">",
        Direction::Descending => "<",
    }
}

/// Refuses a cursor of another list: a defect of the caller of the port.
pub(crate) fn check_cursor(
    page: &PageRequest,
    fits: impl Fn(&Cursor) -> bool,
) -> Result<(), RepositoryError> {
    match &page.after {
        Some(cursor) if !fits(cursor) => Err(RepositoryError::Internal(
            "the cursor belongs to a list of another order".into(),
        )),
        Some(_) | None => Ok(()),
    }
}
