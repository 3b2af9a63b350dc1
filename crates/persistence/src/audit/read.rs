//! Reads events.
//!
//! They are listed by time, then by the id of their row, then by their place in it, which is
//! 0 for an event by itself. A cursor of one in a batch says so by a second value, since whoever can
//! write to the database can give a row whatever id they like.

use async_trait::async_trait;
use byline_domain::audit::{AuditEvent, AuditField, AuditReader, AuditTest};
use byline_domain::error::RepositoryError;
use byline_domain::filter::{Comparison, Filter, Value, ValueTest};
use byline_domain::page::{Cursor, Page, PageRequest, SortValue};
use byline_domain::trash::Trash;
use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::id::{in_batch, split};
use crate::count::unsigned;
use crate::filter::Rows;
use crate::keyset::check_cursor;
use crate::pool::Database;
use crate::row::get;

/// What an event by itself and a batch have both, but for what they are about.
const COLUMNS: &str =
    "id, occurred_at, caller, peer, request_id, method, action, resource_kind, fields";

const EVENT: &str = "id, place, occurred_at, caller, peer, request_id, method, action, \
    resource_kind, resource_id, fields, count";

const ORDER: &str = " order by occurred_at desc, id desc, place desc limit ";

/// All rows in order, as long as somebody takes them: where there is a limit the planner looks for a way
/// that begins at once, and leaves outside what is outside.
const WITHOUT_END: &str = " order by occurred_at desc, id desc limit 9223372036854775807";

type Sql = QueryBuilder<Postgres>;

#[async_trait]
impl AuditReader for Database {
    async fn list(
        &self,
        meets: Option<&Filter<AuditTest>>,
        page: &PageRequest,
    ) -> Result<Page<AuditEvent>, RepositoryError> {
        check_cursor(page, |cursor| After::of(cursor).is_some())?;
        let read = Read {
            meets,
            all: meets.map(conjuncts).unwrap_or_default(),
            after: page.after.as_ref().and_then(After::of),
            page,
        };
        let query = match meets.and_then(resources) {
            None if !read.all.iter().all(|filter| is_indexed(filter)) => read.row_by_row(),
            resources => read.kind_by_kind(resources),
        };
        let found = self.rows(query, meets.is_none()).await?;
        let events = found.iter().take(page.size.get()).map(|row| {
            let event = event(row)?;
            Ok((place_of(&event, get(row, "place")?), event))
        });
        let events = events.collect::<Result<Vec<_>, RepositoryError>>()?;
        Ok(Page::new(events, found.len() > page.size.get()))
    }
}

/// The place behind which a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct After {
    occurred_at: DateTime<Utc>,
    row: Uuid,
    place: i64,
}

impl After {
    fn of(cursor: &Cursor) -> Option<Self> {
        let (occurred_at, (row, place)) = match cursor.values[..] {
            [SortValue::Time(occurred_at)] => (occurred_at, (cursor.id, 0)),
            [SortValue::Time(occurred_at), SortValue::Bool(true)] => {
                (occurred_at, split(cursor.id))
            }
            _ => return None,
        };
        Some(Self {
            occurred_at,
            row,
            place,
        })
    }
}

fn place_of(event: &AuditEvent, place: i64) -> Cursor {
    let mut values = vec![event.sort_value(AuditField::OccurredAt)];
    if place > 0 {
        values.push(SortValue::Bool(true));
    }
    let id = event.id;
    Cursor { values, id }
}

struct Read<'a> {
    meets: Option<&'a Filter<AuditTest>>,
    /// All of which must be met.
    all: Vec<&'a Filter<AuditTest>>,
    after: Option<After>,
    page: &'a PageRequest,
}

impl Read<'_> {
    /// As many of the events by themselves, and of those of batches, as can be on the page; and of
    /// both together those that are. Where indexes find what meets the filter.
    fn kind_by_kind(&self, resources: Option<Vec<Uuid>>) -> Sql {
        let at_most = self.page.rows() + i64::from(self.page.skip);
        let mut query = Sql::new(format!(
            "select * from ((select {EVENT} from (select *, 0::bigint as place from audit_events) \
             alone where true"
        ));
        self.push_meets(&mut query);
        self.push_after_row(&mut query, 0);
        query.push(ORDER).push_bind(at_most);
        query.push(format_args!(
            ") union all (select {EVENT} from (select {COLUMNS}, resource_ids, null::bigint as count \
             from audit_batches where true"
        ));
        self.push_after_row(&mut query, 1);
        if let Some(resources) = resources {
            query.push(" and resource_ids && ").push_bind(resources);
            // Whatever the planner takes an id for being in: by the index over these.
            query.push(" offset 0");
        }
        query.push(
            ") batches cross join \
             unnest(resource_ids) with ordinality as each (resource_id, place) where true",
        );
        self.push_meets(&mut query);
        self.push_after(&mut query);
        query.push(ORDER).push_bind(at_most).push(")) events");
        query.push(ORDER).push_bind(self.page.rows());
        query.push(" offset ").push_bind(i64::from(self.page.skip));
        query
    }

    /// Both kinds in the order of the list, one row after another until there are enough events that meet
    /// the filter. Of that only what indexes have is said of either kind by itself: one of which nothing
    /// meets the rest would be read as a whole before the first row of the other.
    fn row_by_row(&self) -> Sql {
        let mut query = Sql::new(format!("select {EVENT} from (select * from ("));
        let alone = "array[resource_id] as resource_ids, count, 0 as batched from audit_events";
        let batches = "resource_ids, null::bigint, 1 from audit_batches";
        for (between, rows, first) in [("", alone, 0), (" union all ", batches, 1)] {
            query.push(format_args!(
                "{between}(select {COLUMNS}, {rows} where true"
            ));
            for filter in self.all.iter().filter(|filter| is_indexed(filter)) {
                push(&mut query, Some(filter));
            }
            self.push_after_row(&mut query, first);
            query.push(WITHOUT_END).push(")");
        }
        // The events of a row come in their order by themselves: asked for it, the planner would sort all
        // that it thinks there are, where it takes what is asked for to be rare.
        query.push(") both_kinds").push(WITHOUT_END).push(
            ") both_kinds cross join lateral (select resource_id, batched * nth as place \
             from unnest(resource_ids) with ordinality as each (resource_id, nth) order by nth desc) \
             events where true",
        );
        self.push_meets(&mut query);
        self.push_after(&mut query);
        query.push(" order by occurred_at desc, id desc limit ");
        query.push_bind(self.page.rows());
        query.push(" offset ").push_bind(i64::from(self.page.skip));
        query
    }

    fn push_meets(&self, query: &mut Sql) {
        push(query, self.meets);
    }

    /// That there is something of the row behind the place, where its places begin with `first`.
    fn push_after_row(&self, query: &mut Sql, first: i64) {
        let Some(after) = self.after else { return };
        let operator = if first < after.place { "<=" } else { "<" };
        query.push(format_args!(" and (occurred_at, id) {operator} ("));
        query.push_bind(after.occurred_at).push(", ");
        query.push_bind(after.row).push(")");
    }

    fn push_after(&self, query: &mut Sql) {
        let Some(after) = self.after else { return };
        query.push(" and (occurred_at, id, place) < (");
        query.push_bind(after.occurred_at).push(", ");
        query.push_bind(after.row).push(", ");
        query.push_bind(after.place).push(")");
    }
}

fn push(query: &mut Sql, meets: Option<&Filter<AuditTest>>) {
    let trash = Trash::Include;
    Rows { trash, meets }.push_meets(query);
}

/// All of which must be met.
fn conjuncts(filter: &Filter<AuditTest>) -> Vec<&Filter<AuditTest>> {
    match filter {
        Filter::All(filters) => filters.iter().flat_map(conjuncts).collect(),
        Filter::Any(_) | Filter::Not(_) | Filter::Test(_) => vec![filter],
    }
}

/// Whether an index finds what meets the filter, in the order of the list.
fn is_indexed(filter: &Filter<AuditTest>) -> bool {
    match filter {
        Filter::All(filters) | Filter::Any(filters) => filters.iter().all(is_indexed),
        Filter::Not(_) => false,
        Filter::Test(test) => match (test.field, &test.test) {
            (AuditField::OccurredAt, ValueTest::Compare(..)) => true,
            (
                AuditField::Caller | AuditField::RequestId,
                ValueTest::Compare(Comparison::Equal, _),
            ) => !test.negated,
            _ => false,
        },
    }
}

/// Those that every event which meets the filter is about, if it says so.
fn resources(filter: &Filter<AuditTest>) -> Option<Vec<Uuid>> {
    match filter {
        Filter::All(filters) => filters.iter().find_map(resources),
        Filter::Any(filters) => {
            let each: Option<Vec<_>> = filters.iter().map(resources).collect();
            Some(each?.concat())
        }
        Filter::Not(_) => None,
        Filter::Test(test) => match (test.field, &test.test) {
            (
                AuditField::ResourceId,
                ValueTest::Compare(Comparison::Equal, Value::Id(resource)),
            ) if !test.negated => Some(vec![*resource]),
            _ => None,
        },
    }
}

fn event(row: &PgRow) -> Result<AuditEvent, RepositoryError> {
    let count: Option<i64> = get(row, "count")?;
    Ok(AuditEvent {
        id: in_batch(get(row, "id")?, get(row, "place")?),
        occurred_at: get(row, "occurred_at")?,
        caller: get(row, "caller")?,
        peer: get(row, "peer")?,
        request_id: get(row, "request_id")?,
        method: get(row, "method")?,
        action: get(row, "action")?,
        resource_kind: get(row, "resource_kind")?,
        resource_id: get(row, "resource_id")?,
        fields: get(row, "fields")?,
        count: count.map(unsigned),
    })
}

#[cfg(test)]
mod tests {
    use byline_domain::filter::parse_events;

    use super::*;

    fn filter(text: &str) -> Filter<AuditTest> {
        let read = parse_events(text, DateTime::UNIX_EPOCH);
        read.unwrap().unwrap()
    }

    #[test]
    fn what_every_match_is_about_is_found_where_the_filter_says_so() {
        let [a, b] = [1, 2].map(Uuid::from_u128);
        let either = format!("(resource_id = {a} OR resource_id = {b})");
        for (text, expected) in [
            (format!("resource_id = {a}"), Some(vec![a])),
            (format!("caller = x AND resource_id = {a}"), Some(vec![a])),
            (either.clone(), Some(vec![a, b])),
            (format!("method : x AND {either}"), Some(vec![a, b])),
            (format!("resource_id = {a} OR caller = x"), None),
            (format!("resource_id != {a}"), None),
            (format!("NOT resource_id = {a}"), None),
            (format!("NOT {either}"), None),
            ("caller = x".to_owned(), None),
        ] {
            assert_eq!(resources(&filter(&text)), expected, "{text}");
        }
    }

    #[test]
    fn what_an_index_has_is_found_among_all_that_must_be_met() {
        for (text, expected) in [
            ("caller = x", 1),
            (
                "caller = x AND action = y AND occurred_at > 2026-01-01T00:00:00Z",
                2,
            ),
            ("request_id = x OR caller = y", 1),
            ("request_id = x OR action = y", 0),
            (r#"caller = "x*""#, 0),
            ("caller != x", 0),
            ("NOT caller = x", 0),
            ("caller : x", 0),
            ("action = y", 0),
        ] {
            let filter = filter(text);
            let all = conjuncts(&filter).into_iter();
            let found = all.filter(|filter| is_indexed(filter)).count();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_place_in_a_batch_is_told_from_that_of_a_row_with_the_same_id() {
        let occurred_at = DateTime::UNIX_EPOCH;
        let id = Uuid::from_u128(0x70001);
        for (values, expected) in [
            (vec![SortValue::Time(occurred_at)], Some((0x70001, 0))),
            (
                vec![SortValue::Time(occurred_at), SortValue::Bool(true)],
                Some((0x70000, 1)),
            ),
            (
                vec![SortValue::Time(occurred_at), SortValue::Bool(false)],
                None,
            ),
            (vec![], None),
        ] {
            let after = After::of(&Cursor { values, id });
            let after = after.map(|after| (after.row.as_u128(), after.place));
            assert_eq!(after, expected);
        }
    }
}
