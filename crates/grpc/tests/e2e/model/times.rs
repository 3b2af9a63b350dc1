//! The times that a row of an import brings along.

use prost_types::Timestamp;

use crate::model::checks::Checks;
use crate::model::state::{Chosen, Stamps, micros};

/// The seconds of the years 0001 to 9999.
const YEARS: std::ops::Range<i64> = -62_135_596_800..253_402_300_800;

/// As a row says them.
#[allow(clippy::struct_field_names, reason = "the contract names them so")]
pub(crate) struct Times {
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) updated_at: Option<Timestamp>,
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) purge_at: Option<Timestamp>,
}

/// Why it is no time.
pub(crate) fn unreadable(time: Option<Timestamp>) -> Option<&'static str> {
    let time = time?;
    if !(0..1_000_000_000).contains(&time.nanos) {
        Some("MALFORMED")
    } else if YEARS.contains(&time.seconds) {
        None
    } else {
        Some("OUT_OF_RANGE")
    }
}

impl Times {
    /// What is wrong with them.
    pub(crate) fn check(&self, checks: &mut Checks) {
        let all = [
            ("created_at", self.created_at),
            ("updated_at", self.updated_at),
            ("deleted_at", self.deleted_at),
            ("purge_at", self.purge_at),
        ];
        for (field, time) in all {
            checks.check(field, unreadable(time));
        }
        if all.iter().any(|(_, time)| unreadable(*time).is_some()) {
            return;
        }
        let is_before = |time: Option<Timestamp>, other: Option<Timestamp>| {
            let (time, other) = (time.as_ref().map(micros), other.as_ref().map(micros));
            time.zip(other).is_some_and(|(time, other)| time < other)
        };
        let (created, deleted) = (self.created_at, self.deleted_at);
        let later = self.updated_at.or(deleted);
        let is_missing = created.is_none() && later.is_some();
        checks.check("created_at", is_missing.then_some("REQUIRED"));
        let out_of_range = |is_so: bool| is_so.then_some("OUT_OF_RANGE");
        checks.check(
            "updated_at",
            out_of_range(is_before(self.updated_at, created)),
        );
        checks.check("deleted_at", out_of_range(is_before(deleted, created)));
        let stray = self.purge_at.is_some() && deleted.is_none();
        let early = out_of_range(is_before(self.purge_at, deleted));
        checks.check("purge_at", stray.then_some("MALFORMED").or(early));
    }

    /// The stamps of what is made now, but for what the row says.
    pub(crate) fn stamps(&self, now: Stamps) -> Stamps {
        let known = |time: Option<Timestamp>| time.as_ref().map(micros).map(Chosen::Known);
        Stamps {
            created_at: known(self.created_at).unwrap_or(now.created_at),
            updated_at: known(self.updated_at),
            deleted_at: known(self.deleted_at),
            purge_at: self.purge_at.as_ref().map(micros),
            etag: now.etag,
        }
    }
}

/// The times of a message.
macro_rules! times {
    ($row:expr) => {
        $crate::model::times::Times {
            created_at: $row.created_at,
            updated_at: $row.updated_at,
            deleted_at: $row.deleted_at,
            purge_at: $row.purge_at,
        }
    };
}

pub(crate) use times;
