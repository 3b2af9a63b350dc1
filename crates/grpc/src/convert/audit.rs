//! Messages of AuditService.

use byline_app::audit::ListAuditEvents;
use byline_domain::audit::{AuditEvent, NEWEST_FIRST, is_place};
use byline_domain::error::{ValidationError, Violations};
use byline_domain::filter::parse_events;
use byline_domain::page::Page;

use super::list::{self, Window};
use super::{Lists, Walk, id, timestamp};
use crate::pb;

pub(crate) fn list(
    request: &pb::ListAuditEventsRequest,
    lists: &Lists,
) -> Result<(ListAuditEvents, Walk), ValidationError> {
    let mut violations = Violations::new();
    let window = Window {
        page_size: request.page_size,
        page_token: &request.page_token,
        skip: 0,
        filter: &request.filter,
        show_deleted: false,
    };
    let part = window.parse(
        lists,
        Some(list::ordered("ListAuditEvents", &NEWEST_FIRST)),
        is_place,
        parse_events,
        &mut violations,
    );
    violations.finish_with(part.map(|part| {
        let query = ListAuditEvents {
            meets: part.meets,
            page: part.page,
        };
        (query, part.walk)
    }))
}

pub(crate) fn listed(walk: &Walk, page: Page<AuditEvent>) -> pb::ListAuditEventsResponse {
    pb::ListAuditEventsResponse {
        events: page.items.into_iter().map(Into::into).collect(),
        next_page_token: walk.next_page_token(page.next),
    }
}

impl From<AuditEvent> for pb::AuditEvent {
    fn from(event: AuditEvent) -> Self {
        Self {
            id: id(event.id),
            occurred_at: Some(timestamp(event.occurred_at)),
            caller: event.caller,
            peer: event.peer.unwrap_or_default(),
            request_id: event.request_id.unwrap_or_default(),
            method: event.method,
            action: event.action,
            resource_kind: event.resource_kind,
            resource_id: id(event.resource_id),
            fields: event.fields,
            count: event.count.map(list::size),
        }
    }
}
