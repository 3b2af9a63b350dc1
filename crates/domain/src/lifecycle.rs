//! What every kept resource goes through: birth, changes, the trash and back.

use std::fmt;

use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};

use crate::error::{Invalid, Reason};

/// Counts the changes of a resource, from 1 on where it was made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(i64);

impl Version {
    /// The version of a resource that was made here and never changed.
    pub const FIRST: Self = Self(1);

    /// The version of what is brought in at that time along with its time of birth. It may have
    /// been here before, under the same id, and purged: its versions were lower, unless it
    /// was changed more often than once a microsecond, or the clock was set back.
    #[must_use]
    pub fn brought_in(now: DateTime<Utc>) -> Self {
        Self(now.timestamp_micros().max(Self::FIRST.0))
    }

    /// A version read back from storage; `None` when it is not positive.
    pub const fn from_stored(number: i64) -> Option<Self> {
        if number >= Self::FIRST.0 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The number, at least 1.
    pub const fn get(self) -> i64 {
        self.0
    }

    const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Names one state of one resource (RFC 9110 section 8.8.3, AIP-154).
///
/// It holds the time of birth beside the version, so that a resource that was
/// purged and made again under the same id never repeats an old etag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Etag {
    version: Version,
    born_at_micros: i64,
}

impl Etag {
    /// Names that version of the resource that was made at that time.
    pub const fn new(version: Version, created_at: DateTime<Utc>) -> Self {
        Self {
            version,
            born_at_micros: created_at.timestamp_micros(),
        }
    }

    pub(crate) const fn version(self) -> Version {
        self.version
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.version.0, self.born_at_micros)
    }
}

/// The etag that a caller expects a resource to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedEtag(String);

impl ExpectedEtag {
    /// What the caller sent; `None` when that is empty: no expectation.
    /// A text that is no etag at all is kept too: it just matches nothing.
    pub fn from_request(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (!text.is_empty()).then_some(Self(text))
    }

    /// Whether the resource is in the state that the caller expects.
    pub fn matches(&self, etag: Etag) -> bool {
        self.0 == etag.to_string()
    }
}

/// How long what is deleted stays in the trash before it may be removed for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Retention(TimeDelta);

impl Retention {
    /// What holds when nothing is said: 30 days.
    pub const DEFAULT: Self = Self(TimeDelta::days(30));

    /// The longest retention, in days: about a century.
    pub const MAX_DAYS: i64 = 36_500;

    /// A retention of that long: none at least, [`Self::MAX_DAYS`] at most.
    pub fn new(span: TimeDelta) -> Result<Self, Invalid> {
        if span >= TimeDelta::zero() && span <= TimeDelta::days(Self::MAX_DAYS) {
            Ok(Self(span))
        } else {
            let message = format!("must be 0 to {} days", Self::MAX_DAYS);
            Err(Invalid::new(Reason::OutOfRange, message))
        }
    }

    /// How long it is.
    pub const fn get(self) -> TimeDelta {
        self.0
    }

    /// The end of a retention that begins at that time, or the last time that the wire can
    /// carry if that is earlier.
    #[must_use]
    pub fn end(self, begin: DateTime<Utc>) -> DateTime<Utc> {
        let end = begin.checked_add_signed(self.0);
        micros(end.unwrap_or(LATEST)).min(LATEST).max(micros(begin))
    }
}

/// When a resource was made, last changed and put in the trash, from when on it may
/// be removed for good, and how often it was changed. Times are kept to the
/// microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    created_at: DateTime<Utc>,
    updated_at: Option<DateTime<Utc>>,
    deleted_at: Option<DateTime<Utc>>,
    purge_at: Option<DateTime<Utc>>,
    version: Version,
}

impl Lifecycle {
    /// Made now.
    #[must_use]
    pub fn born(now: DateTime<Utc>) -> Self {
        Self {
            created_at: micros(now),
            updated_at: None,
            deleted_at: None,
            purge_at: None,
            version: Version::FIRST,
        }
    }

    /// Read back from storage. Outside the trash there is no `purge_at`: one that is
    /// stored there was left behind by a program that knew nothing of it.
    #[must_use]
    pub fn from_stored(
        created_at: DateTime<Utc>,
        updated_at: Option<DateTime<Utc>>,
        deleted_at: Option<DateTime<Utc>>,
        purge_at: Option<DateTime<Utc>>,
        version: Version,
    ) -> Self {
        Self {
            created_at: micros(created_at),
            updated_at: updated_at.map(micros),
            deleted_at: deleted_at.map(micros),
            purge_at: deleted_at.and(purge_at).map(micros),
            version,
        }
    }

    /// Notes a change. Time never runs backwards, even when the clock does.
    pub fn touch(&mut self, now: DateTime<Utc>) {
        let last = self.updated_at.unwrap_or(self.created_at);
        self.updated_at = Some(micros(now).max(last));
        self.version = self.version.next();
    }

    /// Puts the resource in the trash, to stay there that long.
    pub fn delete(&mut self, now: DateTime<Utc>, retention: Retention) {
        self.touch(now);
        self.deleted_at = self.updated_at;
        self.purge_at = self.deleted_at.map(|begin| retention.end(begin));
    }

    /// Puts the resource in the trash, to stay there until then: along with another one,
    /// which may have been put there earlier by the clock.
    pub fn delete_until(&mut self, now: DateTime<Utc>, purge_at: DateTime<Utc>) {
        self.touch(now);
        self.deleted_at = self.updated_at;
        self.purge_at = self.deleted_at.map(|begin| micros(purge_at).max(begin));
    }

    /// Takes the resource out of the trash.
    pub fn undelete(&mut self, now: DateTime<Utc>) {
        self.touch(now);
        self.deleted_at = None;
        self.purge_at = None;
    }

    /// When the resource was made.
    pub const fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    /// When the resource was last changed; `None` until it is.
    pub const fn updated_at(&self) -> Option<DateTime<Utc>> {
        self.updated_at
    }

    /// When the resource was put in the trash; `None` while it lives.
    pub const fn deleted_at(&self) -> Option<DateTime<Utc>> {
        self.deleted_at
    }

    /// From when on the resource may be removed for good; `None` while it lives, and
    /// in the trash if a program that knew no retention put it there.
    pub const fn purge_at(&self) -> Option<DateTime<Utc>> {
        self.purge_at
    }

    /// Whether the resource is in the trash.
    pub const fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    /// How often the resource was changed, plus one.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Names the present state.
    pub const fn etag(&self) -> Etag {
        Etag::new(self.version, self.created_at)
    }
}

/// The last time that the wire can carry: protobuf's end with the year 9999.
pub(crate) const LATEST: DateTime<Utc> = NaiveDate::from_ymd_opt(9999, 12, 31)
    .expect("a date of the calendar")
    .and_hms_micro_opt(23, 59, 59, 999_999)
    .expect("a time of the day")
    .and_utc();

/// PostgreSQL keeps whole microseconds; what is held in memory must not differ.
pub(crate) fn micros(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(micros).unwrap()
    }

    #[test]
    fn every_change_gives_another_etag() {
        let mut life = Lifecycle::born(at(5));
        let mut seen = vec![life.etag().to_string()];
        life.touch(at(6));
        seen.push(life.etag().to_string());
        life.delete(at(7), Retention::DEFAULT);
        seen.push(life.etag().to_string());
        life.undelete(at(8));
        seen.push(life.etag().to_string());
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }

    #[test]
    fn a_resource_made_again_under_the_same_id_has_another_etag() {
        assert_ne!(Lifecycle::born(at(5)).etag(), Lifecycle::born(at(6)).etag());
    }

    #[test]
    fn time_never_runs_backwards() {
        let mut life = Lifecycle::born(at(9));
        life.touch(at(3));
        assert_eq!(life.updated_at(), Some(at(9)));
    }

    #[test]
    fn the_trash_keeps_a_resource_for_its_retention() {
        let mut life = Lifecycle::born(at(9));
        let retention = Retention::new(TimeDelta::nanoseconds(5_999)).unwrap();
        life.delete(at(3), retention);
        assert_eq!(life.deleted_at(), Some(at(9)));
        assert_eq!(life.purge_at(), Some(at(14)));
        life.touch(at(20));
        assert_eq!(life.purge_at(), Some(at(14)));
        life.undelete(at(21));
        assert_eq!(life.purge_at(), None);
    }

    #[test]
    fn what_is_deleted_at_the_end_of_time_is_kept_until_then() {
        let end = DateTime::<Utc>::MAX_UTC;
        let mut life = Lifecycle::born(end);
        life.delete(end, Retention::DEFAULT);
        assert_eq!(life.purge_at(), life.deleted_at());
    }

    #[test]
    fn outside_the_trash_nothing_is_to_be_purged() {
        let stored = |deleted_at| {
            Lifecycle::from_stored(at(1), None, deleted_at, Some(at(9)), Version::FIRST).purge_at()
        };
        assert_eq!(stored(Some(at(2))), Some(at(9)));
        assert_eq!(stored(None), None);
    }

    #[test]
    fn a_retention_lasts_no_time_to_a_century() {
        let most = TimeDelta::days(Retention::MAX_DAYS);
        for span in [TimeDelta::zero(), TimeDelta::nanoseconds(1), most] {
            assert_eq!(Retention::new(span).unwrap().get(), span);
        }
        let least = TimeDelta::nanoseconds(1);
        for span in [-least, most + least, TimeDelta::MIN, TimeDelta::MAX] {
            assert_eq!(Retention::new(span).unwrap_err().reason, Reason::OutOfRange);
        }
    }

    #[test]
    fn a_retention_ends_no_later_than_the_wire_can_tell() {
        let born = Lifecycle::born(LATEST - TimeDelta::hours(1));
        let mut deleted = born;
        deleted.delete(at(0), Retention::DEFAULT);
        assert_eq!(deleted.purge_at(), Some(LATEST));
    }

    #[test]
    fn an_etag_that_was_never_issued_matches_nothing() {
        let etag = Lifecycle::born(at(9)).etag();
        assert!(ExpectedEtag::from_request("").is_none());
        assert!(
            !ExpectedEtag::from_request("nonsense")
                .unwrap()
                .matches(etag)
        );
        assert!(
            ExpectedEtag::from_request(etag.to_string())
                .unwrap()
                .matches(etag)
        );
    }
}
