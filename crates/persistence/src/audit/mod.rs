//! The audit log: an event is a row of its own, or one of a batch.

mod conditions;
mod id;
mod keep;
mod read;

use byline_domain::audit::{AuditField, AuditTest};

pub(crate) use self::keep::MAX_BATCH;
use crate::filter::Noun;
use crate::table::Table;

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
