//! How long events are kept.

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::{Invalid, Reason};

/// How long events are kept before they are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditRetention(TimeDelta);

impl AuditRetention {
    /// What holds when nothing is said: 400 days, a year and the time to look back at it.
    pub const DEFAULT: Self = Self(TimeDelta::days(400));
    /// The shortest, in days. Who takes a server over cannot wipe what is younger.
    pub const MIN_DAYS: i64 = 30;
    /// The longest, in days: about a century.
    pub const MAX_DAYS: i64 = 36_500;

    /// The longest: no event is that old.
    pub const LONGEST: Self = Self(TimeDelta::days(Self::MAX_DAYS));

    /// A retention of that long: [`Self::MIN_DAYS`] at least, [`Self::MAX_DAYS`] at most.
    pub fn new(span: TimeDelta) -> Result<Self, Invalid> {
        if span >= TimeDelta::days(Self::MIN_DAYS) && span <= TimeDelta::days(Self::MAX_DAYS) {
            Ok(Self(span))
        } else {
            let message = format!("must be {} to {} days", Self::MIN_DAYS, Self::MAX_DAYS);
            Err(Invalid::new(Reason::OutOfRange, message))
        }
    }

    /// For how long events are kept.
    pub fn span(self) -> TimeDelta {
        self.0
    }

    /// Before when events have had their time at `now`.
    pub fn horizon(self, now: DateTime<Utc>) -> DateTime<Utc> {
        now.checked_sub_signed(self.0)
            .unwrap_or(DateTime::<Utc>::MIN_UTC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_for_less_than_30_days() {
        for (days, fits) in [(29, false), (30, true), (400, true), (36_501, false)] {
            let retention = AuditRetention::new(TimeDelta::days(days));
            assert_eq!(retention.is_ok(), fits, "{days}");
        }
    }
}
