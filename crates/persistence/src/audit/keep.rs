//! Keeps what was noted.

use std::collections::HashMap;

use async_trait::async_trait;
use byline_domain::audit::{Action, AuditLog, Deed, Origin};
use byline_domain::error::RepositoryError;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::id::{batch_id, event_id};
use crate::batch::column;
use crate::unit_of_work::{Noted, PgUnitOfWork};

/// The origins of what was done, by column; they are numbered from 1 on.
struct Origins {
    callers: Vec<String>,
    peers: Vec<Option<String>>,
    request_ids: Vec<Option<String>>,
    methods: Vec<&'static str>,
}

impl Origins {
    fn of(origins: &[&Origin]) -> Self {
        Self {
            callers: column(origins, |origin| origin.caller.clone()),
            peers: column(origins, |origin| origin.peer.clone()),
            request_ids: column(origins, |origin| origin.request_id.clone()),
            methods: column(origins, |origin| origin.method),
        }
    }
}

/// How many events a batch has at most, as the table has it too: so many ids are still kept in the row
/// itself, unless a caller or the id of a call is long, and a page of events reads no more in vain.
pub(crate) const MAX_BATCH: usize = 100;

/// Something that was done, and the number of the origin that did it, from 1 on.
type Done = (i64, Deed);

#[async_trait]
impl AuditLog for PgUnitOfWork<'_> {
    fn note(&mut self, deed: Deed) {
        self.noted().push(Noted::Deed(deed));
    }

    async fn keep(&mut self, origin: &Origin, now: DateTime<Utc>) -> Result<(), RepositoryError> {
        let (mut deeds, mut imports) = (Vec::new(), Vec::new());
        for noted in std::mem::take(self.noted()) {
            match noted {
                Noted::Deed(deed) => deeds.push((1, deed)),
                Noted::Import(resource) => imports.push(resource),
            }
        }
        for resource in imports {
            self.keep_import(resource, origin, now).await?;
        }
        self.keep_deeds(&deeds, &[origin], now).await
    }

    async fn keep_each(
        &mut self,
        origins: &[(Uuid, Origin)],
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        let missing = || RepositoryError::Internal("what was noted has no origin".into());
        let numbers: HashMap<Uuid, i64> = origins.iter().map(|it| it.0).zip(1..).collect();
        let mut deeds = Vec::new();
        for noted in std::mem::take(self.noted()) {
            let Noted::Deed(deed) = noted else {
                return Err(missing());
            };
            deeds.push((*numbers.get(&deed.id).ok_or_else(missing)?, deed));
        }
        let origins: Vec<_> = origins.iter().map(|it| &it.1).collect();
        self.keep_deeds(&deeds, &origins, now).await
    }
}

/// A row of what was done, at its place among the rows of the unit of work.
struct Kept<'a> {
    place: usize,
    by: i64,
    /// The first of those that it is about.
    deed: &'a Deed,
    all: &'a [Done],
}

/// Whether both can be of one batch. Nothing is made twice but what was purged, so that a resource is in
/// a batch or two, and what was done to it is found without reading many of them.
fn are_alike((by, one): &Done, (by_other, other): &Done) -> bool {
    let makes = matches!(one.action, Action::UserCreated | Action::PostCreated);
    // A batch has no count.
    let is_one = one.count.is_none() && other.count.is_none();
    let of = |deed: &Deed| (deed.action, deed.resource);
    makes && is_one && by == by_other && of(one) == of(other) && one.fields == other.fields
}

impl PgUnitOfWork<'_> {
    /// Keeps the deeds, each by the origin of its number.
    async fn keep_deeds(
        &mut self,
        deeds: &[Done],
        origins: &[&Origin],
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        let alike = deeds.chunk_by(are_alike);
        let kept = alike
            .flat_map(|alike| alike.chunks(MAX_BATCH))
            .enumerate()
            .filter_map(|(place, all)| {
                let (by, deed) = all.first()?;
                Some(Kept {
                    place,
                    by: *by,
                    deed,
                    all,
                })
            });
        let (events, batches): (Vec<_>, Vec<_>) = kept.partition(|kept| kept.all.len() == 1);
        let origins = Origins::of(origins);
        self.keep_events(&events, &origins, now).await?;
        self.keep_batches(&batches, &origins, now).await
    }

    async fn keep_events(
        &mut self,
        events: &[Kept<'_>],
        origins: &Origins,
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        if events.is_empty() {
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
            &origins.callers,
            &origins.peers as _,
            &origins.request_ids as _,
            &origins.methods as _,
            &column(events, |event| event.by),
            &column(events, |event| event.deed.action.name()) as _,
            &column(events, |event| event.deed.resource.to_string()),
            &column(events, |event| event.deed.id),
            &column(events, |event| event.deed.fields.join(",")),
            &column(events, |event| event.deed
                .count
                .map(|count| i64::try_from(count).unwrap_or(i64::MAX))) as _,
            &column(events, |event| event_id(now, event.place)),
        )
        .execute(&mut *statement)
        .await;
        statement.finish(done).map(drop)
    }

    async fn keep_batches(
        &mut self,
        batches: &[Kept<'_>],
        origins: &Origins,
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        if batches.is_empty() {
            return Ok(());
        }
        let resources: Vec<_> = batches.iter().flat_map(|batch| batch.all).collect();
        let mut before = 0;
        let places = batches.iter().map(|batch| {
            let first = before + 1;
            before += i32::try_from(batch.all.len()).unwrap_or(i32::MAX);
            (first, before)
        });
        let (first, last): (Vec<_>, Vec<_>) = places.unzip();
        let mut statement = self.statement().await?;
        let done = sqlx::query!(
            "insert into audit_batches (id, occurred_at, caller, peer, request_id, method,
                action, resource_kind, resource_ids, fields)
            select batch, $1::timestamptz, caller, peer, request_id, method, action, kind,
                ($13::uuid[])[first:last], string_to_array(fields, ',')
            from unnest($2::text[], $3::text[], $4::text[], $5::text[])
                with ordinality as origins (caller, peer, request_id, method, number)
            join unnest($6::bigint[], $7::text[], $8::text[], $9::text[], $10::integer[], $11::integer[], $12::uuid[])
                as deeds (by, action, kind, fields, first, last, batch)
                on by = number",
            now,
            &origins.callers,
            &origins.peers as _,
            &origins.request_ids as _,
            &origins.methods as _,
            &column(batches, |batch| batch.by),
            &column(batches, |batch| batch.deed.action.name()) as _,
            &column(batches, |batch| batch.deed.resource.to_string()),
            &column(batches, |batch| batch.deed.fields.join(",")),
            &first,
            &last,
            &column(batches, |batch| batch_id(now, batch.place)),
            &column(&resources, |(_, deed)| deed.id),
        )
        .execute(&mut *statement)
        .await;
        statement.finish(done).map(drop)
    }
}
