//! The scalar fields of an event.

use crate::field::{Field, Kind};

/// A scalar field of a [`crate::audit::AuditEvent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuditField {
    /// `occurred_at`
    OccurredAt,
    /// `caller`
    Caller,
    /// `peer`
    Peer,
    /// `request_id`
    RequestId,
    /// `method`
    Method,
    /// `action`
    Action,
    /// `resource_kind`
    ResourceKind,
    /// `resource_id`
    ResourceId,
}

impl Field for AuditField {
    const ALL: &'static [Self] = &[
        Self::OccurredAt,
        Self::Caller,
        Self::Peer,
        Self::RequestId,
        Self::Method,
        Self::Action,
        Self::ResourceKind,
        Self::ResourceId,
    ];

    fn name(self) -> &'static str {
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

    fn kind(self) -> Kind {
        match self {
            Self::OccurredAt => Kind::Time,
            Self::Caller
            | Self::Peer
            | Self::RequestId
            | Self::Method
            | Self::Action
            | Self::ResourceKind => Kind::Text,
            Self::ResourceId => Kind::Id,
        }
    }

    fn folds_case(self) -> bool {
        false
    }

    fn is_nullable(self) -> bool {
        matches!(self, Self::Peer | Self::RequestId)
    }
}
