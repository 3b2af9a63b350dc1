//! Reads events.
//!
//! They are listed by time, then by the id of their row, then by their place in it, which is
//! 0 for an event by itself. A cursor of one in a batch says so by a second value, since whoever can
//! write to the database can give a row whatever id they like.

use async_trait::async_trait;
use byline_domain::audit::{AuditEvent, AuditField, AuditReader, AuditTest, is_place};
use byline_domain::error::RepositoryError;
use byline_domain::filter::Filter;
use byline_domain::page::{Cursor, Page, PageRequest, SortValue};
use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::conditions::{Sql, conjuncts, is_indexed, is_of_resources, push, push_of_batch};
use super::id::{in_batch, split};
use crate::count::unsigned;
use crate::keyset::check_cursor;
use crate::pool::Database;
use crate::row::get;

/// What an event by itself and a batch have both, but for what they are about.
const COLUMNS: &str =
    "id, occurred_at, caller, peer, request_id, method, action, resource_kind, fields";

/// Where an event is listed.
const PLACE: &str = "id, place, occurred_at";

/// All else of it.
const EVENT: &str =
    "caller, peer, request_id, method, action, resource_kind, resource_id, fields, count";

/// An event as it is read. Who can write to the database can count the fields from any number, which
/// no driver reads.
const READ: &str = "select id, place, occurred_at, caller, peer, request_id, method, action, \
    resource_kind, resource_id, array(select unnest(fields)) as fields, count";

const ORDER: &str = " order by occurred_at desc, id desc, place desc limit ";

/// All rows in order, as long as somebody takes them: where there is a limit the planner looks for a way
/// that begins at once, and leaves outside what is outside.
const WITHOUT_END: &str = " order by occurred_at desc, id desc limit 9223372036854775807";

#[async_trait]
impl AuditReader for Database {
    async fn list(
        &self,
        meets: Option<&Filter<AuditTest>>,
        page: &PageRequest,
    ) -> Result<Page<AuditEvent>, RepositoryError> {
        check_cursor(page, is_place)?;
        let read = Read {
            meets,
            all: meets.map(conjuncts).unwrap_or_default(),
            after: page.after.as_ref().and_then(After::of),
            page,
        };
        let by_indexes = read.all.iter().all(|filter| is_indexed(filter));
        let query = if by_indexes || read.is_about_some() {
            read.kind_by_kind()
        } else {
            read.row_by_row()
        };
        let found = self.rows(query, meets.is_none()).await?;
        let mut last = read.after;
        let events = found.iter().take(page.size.get()).map(|row| {
            let (event, place) = (event(row)?, get(row, "place")?);
            let here = After {
                occurred_at: event.occurred_at,
                row: get(row, "id")?,
                place,
            };
            // Else the next page would leave out what is listed too late.
            if last.replace(here).is_some_and(|last| here >= last) {
                return Err(RepositoryError::Internal("events are out of order".into()));
            }
            Ok((place_of(&event, place), event))
        });
        let events = events.collect::<Result<Vec<_>, RepositoryError>>()?;
        Ok(Page::new(events, found.len() > page.size.get()))
    }
}

/// The place behind which a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// Whether all that meets the filter is about some resources.
    fn is_about_some(&self) -> bool {
        self.all.iter().any(|filter| is_of_resources(filter))
    }

    /// As many of the events by themselves, and of those of batches, as can be on the page; and of
    /// both together those that are. Where indexes find what meets the filter, or some resources bound it.
    fn kind_by_kind(&self) -> Sql {
        let at_most = self.page.rows() + i64::from(self.page.skip);
        let mut query = Sql::new(format!(
            "{READ} from ((select {PLACE}, {EVENT} \
             from (select *, 0::bigint as place from audit_events) alone where true"
        ));
        push(&mut query, self.meets);
        self.push_after_row(&mut query, 0);
        query.push(ORDER).push_bind(at_most);
        query.push(format_args!(
            ") union all (select {PLACE}, {EVENT} from (select {COLUMNS}, resource_ids, \
             null::bigint as count from audit_batches where true"
        ));
        self.push_indexed_of_batch(&mut query);
        self.push_after_row(&mut query, 1);
        if self.is_about_some() {
            // Whatever the planner takes an id for being in: by the index over these.
            query.push(" offset 0");
        }
        query.push(
            ") batches cross join \
             unnest(resource_ids) with ordinality as each (resource_id, place) where true",
        );
        push(&mut query, self.meets);
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
        let mut query = Sql::new(format!(
            "{READ} from (select * from ((select {COLUMNS}, \
             array[resource_id] as resource_ids, count, 0 as batched from audit_events where true"
        ));
        for filter in self.all.iter().filter(|filter| is_indexed(filter)) {
            push(&mut query, Some(filter));
        }
        self.push_after_row(&mut query, 0);
        query.push(WITHOUT_END).push(format_args!(
            ") union all (select {COLUMNS}, resource_ids, null::bigint, 1 \
             from audit_batches where true"
        ));
        self.push_indexed_of_batch(&mut query);
        self.push_after_row(&mut query, 1);
        // The events of a row come in their order by themselves. Asked for it, and told what the filter is, the
        // planner would sort all that there are where it takes what is asked for to be rare.
        query.push(WITHOUT_END).push(
            ")) both_kinds order by occurred_at desc, id desc, batched desc \
             limit 9223372036854775807) both_kinds cross join lateral ( \
             select resource_id, batched * nth as place \
             from unnest(resource_ids) with ordinality as each (resource_id, nth) order by nth desc) \
             events where case when true",
        );
        push(&mut query, self.meets);
        query.push(" then true else false end");
        self.push_after(&mut query);
        query.push(" order by occurred_at desc, id desc limit ");
        query.push_bind(self.page.rows());
        query.push(" offset ").push_bind(i64::from(self.page.skip));
        query
    }

    /// What indexes have of the filter, as it is of a batch that has an event which meets it.
    fn push_indexed_of_batch(&self, query: &mut Sql) {
        for filter in self.all.iter().filter(|filter| is_indexed(filter)) {
            query.push(" and ");
            push_of_batch(query, filter);
        }
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
    use super::*;

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
