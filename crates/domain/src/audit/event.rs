//! What is kept of what was done.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::AuditField;
use crate::page::SortValue;

/// Who does something, from where and by which call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Who: the id of a caller.
    pub caller: String,
    /// The address that the call came from, as far as it is known.
    pub peer: Option<String>,
    /// The id of the call, as the log has it; `None` if it is done without a call.
    pub request_id: Option<String>,
    /// The method, by its name in the contract.
    pub method: &'static str,
}

impl Origin {
    /// Byline itself, which removes what has had its time.
    pub fn sweep() -> Self {
        Self {
            caller: "byline".to_owned(),
            peer: None,
            request_id: None,
            method: "sweep",
        }
    }
}

/// Something that was done. What a newer program noted is told as that calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// Identifies the event; ids grow in the order in which a unit of work did things.
    pub id: Uuid,
    /// When.
    pub occurred_at: DateTime<Utc>,
    /// Who did it.
    pub caller: String,
    /// From where.
    pub peer: Option<String>,
    /// By which call.
    pub request_id: Option<String>,
    /// By which method.
    pub method: String,
    /// What was done.
    pub action: String,
    /// What kind of resource `resource_id` is one of.
    pub resource_kind: String,
    /// To which it was done.
    pub resource_id: Uuid,
    /// The names of the fields that were changed.
    pub fields: Vec<String>,
    /// To how many it was done, where it is about many.
    pub count: Option<u64>,
}

impl AuditEvent {
    /// What the event is ordered by under `field`.
    pub fn sort_value(&self, field: AuditField) -> SortValue {
        let text = |text: &str| SortValue::Text(text.to_owned());
        match field {
            AuditField::OccurredAt => SortValue::Time(self.occurred_at),
            AuditField::Caller => text(&self.caller),
            AuditField::Peer => SortValue::from_text(self.peer.as_deref()),
            AuditField::RequestId => SortValue::from_text(self.request_id.as_deref()),
            AuditField::Method => text(&self.method),
            AuditField::Action => text(&self.action),
            AuditField::ResourceKind => text(&self.resource_kind),
            AuditField::ResourceId => SortValue::Id(self.resource_id),
        }
    }
}
