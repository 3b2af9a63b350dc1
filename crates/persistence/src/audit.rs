//! The audit log.

use std::collections::HashMap;

use async_trait::async_trait;
use byline_domain::audit::{
    AuditEvent, AuditField, AuditLog, AuditReader, AuditTest, Deed, NEWEST_FIRST, Origin,
};
use byline_domain::error::RepositoryError;
use byline_domain::filter::Filter;
use byline_domain::page::{Cursor, Page, PageRequest, SortValue};
use byline_domain::trash::Trash;
use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use sqlx::postgres::PgRow;
use uuid::{Builder, Uuid};

use crate::batch::column;
use crate::count::unsigned;
use crate::filter::{Noun, Rows};
use crate::keyset::{check_cursor, push_order};
use crate::pool::Database;
use crate::row::get;
use crate::table::Table;
use crate::unit_of_work::{Noted, PgUnitOfWork};

impl Table for AuditField {
    const TABLE: &'static str = "audit_events";

    fn value(self) -> &'static str {
        match self {
            Self::OccurredAt => "occurred_at",
            Self::Caller => "caller",
            Self::Peer => "peer",
            Self::RequestId => "request_id",
            Self::Method => "method",
            Self::Action => "action",
            Self::ResourceKind => "resource_kind",
            Self::ResourceId => "resource_id",
        }
    }

    fn sort_key(self) -> &'static str {
        self.value()
    }

    fn folded(self) -> Option<&'static str> {
        None
    }

    fn sort_value(self) -> &'static str {
        self.value()
    }
}

impl Noun for AuditField {
    type Test = AuditTest;
}

#[async_trait]
impl AuditLog for PgUnitOfWork<'_> {
    fn note(&mut self, deed: Deed) {
        self.noted().push(Noted::Deed(deed));
    }

    async fn keep(&mut self, origin: &Origin, now: DateTime<Utc>) -> Result<(), RepositoryError> {
        let (mut deeds, mut imports) = (Vec::new(), Vec::new());
        for noted in std::mem::take(self.noted()) {
            match noted {
                Noted::Deed(deed) => deeds.push(deed),
                Noted::Import(resource) => imports.push(resource),
            }
        }
        for resource in imports {
            self.keep_import(resource, origin, now).await?;
        }
        let by = vec![1; deeds.len()];
        self.keep_deeds(&deeds, &[origin], &by, now).await
    }

    async fn keep_each(
        &mut self,
        origins: &[(Uuid, Origin)],
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        let missing = || RepositoryError::Internal("what was noted has no origin".into());
        let numbers: HashMap<Uuid, i64> = origins.iter().map(|it| it.0).zip(1..).collect();
        let (mut deeds, mut by) = (Vec::new(), Vec::new());
        for noted in std::mem::take(self.noted()) {
            let Noted::Deed(deed) = noted else {
                return Err(missing());
            };
            by.push(*numbers.get(&deed.id).ok_or_else(missing)?);
            deeds.push(deed);
        }
        let origins: Vec<_> = origins.iter().map(|it| &it.1).collect();
        self.keep_deeds(&deeds, &origins, &by, now).await
    }
}

impl PgUnitOfWork<'_> {
    /// Keeps the deeds, each by the origin of its number, from 1 on.
    async fn keep_deeds(
        &mut self,
        deeds: &[Deed],
        origins: &[&Origin],
        by: &[i64],
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        if deeds.is_empty() {
            return Ok(());
        }
        let mut statement = self.statement().await?;
        let done = sqlx::query!(
            "insert into audit_events (id, occurred_at, caller, peer, request_id, method,
                action, resource_kind, resource_id, fields, count)
            select event, $1::timestamptz, caller, peer, request_id, method,
                action, kind, id, string_to_array(fields, ','), count
            from unnest($2::text[], $3::text[], $4::text[], $5::text[])
                with ordinality as origins (caller, peer, request_id, method, number)
            join unnest($6::bigint[], $7::text[], $8::text[], $9::uuid[], $10::text[], $11::bigint[], $12::uuid[])
                as deeds (by, action, kind, id, fields, count, event)
                on by = number",
            now,
            &column(origins, |origin| origin.caller.clone()),
            &column(origins, |origin| origin.peer.clone()) as _,
            &column(origins, |origin| origin.request_id.clone()) as _,
            &column(origins, |origin| origin.method) as _,
            by,
            &column(deeds, |deed| deed.action.name()) as _,
            &column(deeds, |deed| deed.resource.to_string()),
            &column(deeds, |deed| deed.id),
            &column(deeds, |deed| deed.fields.join(",")),
            &column(deeds, |deed| deed
                .count
                .map(|count| i64::try_from(count).unwrap_or(i64::MAX))) as _,
            &(0..deeds.len()).map(|place| event_id(now, place)).collect::<Vec<_>>(),
        )
        .execute(&mut *statement)
        .await;
        statement.finish(done).map(drop)
    }
}

/// A UUID of version 7 (RFC 9562), of which what may be random begins with the place among the
/// events of the unit of work, so that they are listed in that order.
fn event_id(now: DateTime<Utc>, place: usize) -> Uuid {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    let mut bytes = [0; 10];
    let (counter, random) = bytes.split_at_mut(2);
    // As many as fit into 12 bits.
    let place = u16::try_from(place + 1).map_or(0xFFF, |place| place.min(0xFFF));
    counter.copy_from_slice(&place.to_be_bytes());
    random.copy_from_slice(&Uuid::new_v4().as_bytes()[8..]);
    Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

const COLUMNS: &str = "id, occurred_at, caller, peer, request_id, method, action, \
    resource_kind, resource_id, fields, count";

#[async_trait]
impl AuditReader for Database {
    async fn list(
        &self,
        meets: Option<&Filter<AuditTest>>,
        page: &PageRequest,
    ) -> Result<Page<AuditEvent>, RepositoryError> {
        check_cursor(page, |cursor| NEWEST_FIRST.fits(cursor))?;
        let rows = Rows {
            trash: Trash::Include,
            meets,
        };
        let mut query = QueryBuilder::new(format!("select {COLUMNS} from audit_events where true"));
        rows.push_meets(&mut query);
        if let Some(Cursor { values, id }) = &page.after
            && let [SortValue::Time(occurred_at)] = values[..]
        {
            query.push(" and (occurred_at, id) < (");
            query.push_bind(occurred_at).push(", ");
            query.push_bind(*id).push(")");
        }
        push_order(&mut query, &NEWEST_FIRST);
        query.push(" limit ").push_bind(page.rows());
        query.push(" offset ").push_bind(i64::from(page.skip));
        let found = self.rows(query, rows.is_common()).await?;
        let events = found.iter().take(page.size.get()).map(|row| {
            let event = event(row)?;
            let cursor = Cursor {
                values: vec![event.sort_value(AuditField::OccurredAt)],
                id: event.id,
            };
            Ok((cursor, event))
        });
        let events = events.collect::<Result<Vec<_>, RepositoryError>>()?;
        Ok(Page::new(events, found.len() > page.size.get()))
    }
}

fn event(row: &PgRow) -> Result<AuditEvent, RepositoryError> {
    let count: Option<i64> = get(row, "count")?;
    Ok(AuditEvent {
        id: get(row, "id")?,
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
    fn events_of_a_unit_of_work_are_in_their_order_by_their_ids() {
        let now = DateTime::from_timestamp_millis(1_767_225_600_123).unwrap();
        let ids: Vec<_> = (0..5_000).map(|place| event_id(now, place)).collect();
        assert!(ids[..4_095].is_sorted());
        for id in &ids {
            assert_eq!(id.get_version_num(), 7);
            let (seconds, nanos) = id.get_timestamp().unwrap().to_unix();
            assert_eq!((seconds, nanos), (1_767_225_600, 123_000_000));
        }
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }
}
