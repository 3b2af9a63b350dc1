//! The audit log.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::MemoryStore;
use super::filter::meets_event;
use super::paging::{by_keys, check_cursor, page_of};
use super::state::State;
use crate::audit::{
    AuditEvent, AuditField, AuditLog, AuditReader, AuditTest, Deed, NEWEST_FIRST, Origin, is_place,
};
use crate::error::RepositoryError;
use crate::filter::Filter;
use crate::page::{Cursor, Page, PageRequest};

#[async_trait]
impl AuditLog for State {
    fn note(&mut self, deed: Deed) {
        self.noted.push(deed);
    }

    async fn keep(&mut self, origin: &Origin, now: DateTime<Utc>) -> Result<(), RepositoryError> {
        for deed in std::mem::take(&mut self.noted) {
            self.keep_one(deed, origin, now);
        }
        Ok(())
    }

    async fn keep_each(
        &mut self,
        origins: &[(Uuid, Origin)],
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError> {
        for deed in std::mem::take(&mut self.noted) {
            let origin = origins.iter().find(|(id, _)| *id == deed.id);
            let Some((_, origin)) = origin else {
                return Err(RepositoryError::Internal(
                    "what was noted has no origin".into(),
                ));
            };
            self.keep_one(deed, origin, now);
        }
        Ok(())
    }
}

impl State {
    fn keep_one(&mut self, deed: Deed, origin: &Origin, now: DateTime<Utc>) {
        let place = self.events.len() as u64;
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        self.events.push(AuditEvent {
            id: Uuid::from_u64_pair((millis << 16) | 0x7000, (0x8 << 60) | place),
            occurred_at: now,
            caller: origin.caller.clone(),
            peer: origin.peer.clone(),
            request_id: origin.request_id.clone(),
            method: origin.method.to_owned(),
            action: deed.action.name().to_owned(),
            resource_kind: deed.resource.to_string(),
            resource_id: deed.id,
            fields: deed.fields.into_iter().map(str::to_owned).collect(),
            count: deed.count,
        });
    }
}

#[async_trait]
impl AuditReader for MemoryStore {
    async fn list(
        &self,
        meets: Option<&Filter<AuditTest>>,
        page: &PageRequest,
    ) -> Result<Page<AuditEvent>, RepositoryError> {
        check_cursor(page, is_place)?;
        let state = self.snapshot();
        let events = state.events.iter();
        let events = events.filter(|event| meets.is_none_or(|filter| meets_event(filter, event)));
        let placed = events.map(|event| {
            let cursor = Cursor {
                values: vec![event.sort_value(AuditField::OccurredAt)],
                id: event.id,
            };
            (cursor, event.clone())
        });
        Ok(page_of(
            placed.collect(),
            page,
            by_keys(&NEWEST_FIRST),
            |_| 0,
        ))
    }
}
