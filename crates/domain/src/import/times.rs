//! The times that a row brings along.

use chrono::{DateTime, Datelike, Utc};

use crate::error::{Invalid, Reason, ValidationError, Violations};
use crate::lifecycle::{Lifecycle, Retention, Version, micros};

/// The moment to the microsecond. Refuses one outside the years 0001 to 9999 (UTC).
pub fn moment(time: DateTime<Utc>) -> Result<DateTime<Utc>, Invalid> {
    if (1..=9999).contains(&time.year()) {
        Ok(micros(time))
    } else {
        let message = "must be in the years 0001 to 9999 (UTC)";
        Err(Invalid::new(Reason::OutOfRange, message))
    }
}

/// When a resource was made, last changed and put in the trash, and from when on it may be
/// removed for good: as far as a row says it, and in an order in which it can have been.
/// Kept to the microsecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_field_names,
    reason = "the fields are named as in the contract"
)]
pub struct Times {
    created_at: Option<DateTime<Utc>>,
    updated_at: Option<DateTime<Utc>>,
    deleted_at: Option<DateTime<Utc>>,
    purge_at: Option<DateTime<Utc>>,
}

impl Times {
    /// These times, or what is wrong with each. Nothing was changed or deleted before it was
    /// made, so that a row which says the one says the other; and `purge_at` belongs to what
    /// was deleted, and is not earlier.
    pub fn new(
        created_at: Option<DateTime<Utc>>,
        updated_at: Option<DateTime<Utc>>,
        deleted_at: Option<DateTime<Utc>>,
        purge_at: Option<DateTime<Utc>>,
    ) -> Result<Self, ValidationError> {
        let mut violations = Violations::new();
        let mut read = |field, time: Option<DateTime<Utc>>| {
            let time = time.map(moment).transpose();
            violations.check(field, time).flatten()
        };
        let times = Self {
            created_at: read("created_at", created_at),
            updated_at: read("updated_at", updated_at),
            deleted_at: read("deleted_at", deleted_at),
            purge_at: read("purge_at", purge_at),
        };
        // What is out of range is not said to be missing as well.
        violations.finish()?;
        times.assert_order()?;
        Ok(times)
    }

    fn assert_order(&self) -> Result<(), ValidationError> {
        let mut violations = Violations::new();
        let mut refuse = |field: &str, reason, message: &str| {
            violations.push(Invalid::new(reason, message).at(field));
        };
        let later = self.updated_at.or(self.deleted_at);
        if self.created_at.is_none() && later.is_some() {
            let message = "is required with updated_at and deleted_at";
            refuse("created_at", Reason::Required, message);
        }
        let is_before = |time: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>| {
            time.zip(other).is_some_and(|(time, other)| time < other)
        };
        for (field, time) in [
            ("updated_at", self.updated_at),
            ("deleted_at", self.deleted_at),
        ] {
            if is_before(time, self.created_at) {
                let message = "must not be before created_at";
                refuse(field, Reason::OutOfRange, message);
            }
        }
        if self.purge_at.is_some() && self.deleted_at.is_none() {
            let message = "must be left out without deleted_at";
            refuse("purge_at", Reason::Malformed, message);
        }
        if is_before(self.purge_at, self.deleted_at) {
            let message = "must not be before deleted_at";
            refuse("purge_at", Reason::OutOfRange, message);
        }
        violations.finish()
    }

    /// The same, with a `purge_at` where something was deleted and the row does not say how
    /// long it stays in the trash: that long.
    #[must_use]
    pub fn kept_for(self, retention: Retention) -> Self {
        let end = self.deleted_at.map(|begin| retention.end(begin));
        Self {
            purge_at: self.purge_at.or(end),
            ..self
        }
    }

    /// What a resource went through that is made of the row. What is missing is filled in as
    /// if it were made now.
    #[must_use]
    pub fn lifecycle(self, now: DateTime<Utc>) -> Lifecycle {
        Lifecycle::from_stored(
            self.created_at.unwrap_or(now),
            self.updated_at,
            self.deleted_at,
            self.purge_at,
            self.version(now),
        )
    }

    /// The version of a resource that is made of the row now.
    pub fn version(&self, now: DateTime<Utc>) -> Version {
        self.created_at
            .map_or(Version::FIRST, |_| Version::brought_in(now))
    }

    /// When it was made.
    pub const fn created_at(&self) -> Option<DateTime<Utc>> {
        self.created_at
    }

    /// When it was last changed.
    pub const fn updated_at(&self) -> Option<DateTime<Utc>> {
        self.updated_at
    }

    /// When it was put in the trash.
    pub const fn deleted_at(&self) -> Option<DateTime<Utc>> {
        self.deleted_at
    }

    /// From when on it may be removed for good.
    pub const fn purge_at(&self) -> Option<DateTime<Utc>> {
        self.purge_at
    }

    /// Whether what is made of the row is in the trash.
    pub const fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::lifecycle::LATEST;
    use crate::testing::fixtures::time;

    type Given = Option<DateTime<Utc>>;

    fn refused(created: Given, updated: Given, deleted: Given, purge: Given) -> Vec<String> {
        let error = Times::new(created, updated, deleted, purge).unwrap_err();
        let fields = error.violations().iter();
        fields.map(|violation| violation.field.clone()).collect()
    }

    #[expect(clippy::unnecessary_wraps, reason = "most of them are absent")]
    fn at(seconds: i64) -> Given {
        Some(time(seconds))
    }

    #[test]
    fn times_come_in_the_order_in_which_things_happen() {
        assert!(Times::new(at(1), at(1), at(1), at(1)).is_ok());
        assert!(Times::new(at(1), at(3), at(2), at(4)).is_ok());
        assert!(Times::new(None, None, None, None).is_ok());
        assert_eq!(refused(at(2), at(1), None, None), ["updated_at"]);
        assert_eq!(refused(at(2), None, at(1), None), ["deleted_at"]);
        assert_eq!(refused(at(1), None, at(3), at(2)), ["purge_at"]);
        assert_eq!(refused(at(1), None, None, at(2)), ["purge_at"]);
        assert_eq!(refused(None, at(1), None, None), ["created_at"]);
        assert_eq!(refused(None, None, at(1), None), ["created_at"]);
        assert_eq!(
            refused(at(5), at(4), at(3), at(2)),
            ["updated_at", "deleted_at", "purge_at"]
        );
    }

    #[test]
    fn a_time_is_one_that_the_wire_can_carry() {
        let (first, last) = (
            DateTime::from_timestamp(-62_135_596_800, 0),
            DateTime::from_timestamp(253_402_300_799, 999_999_999),
        );
        assert!(Times::new(first, last, last, last).is_ok());
        let early = first.map(|time| time - TimeDelta::nanoseconds(1));
        let late = last.map(|time| time + TimeDelta::nanoseconds(1));
        assert_eq!(
            refused(early, late, None, None),
            ["created_at", "updated_at"]
        );
        assert!(moment(early.unwrap()).is_err());
    }

    #[test]
    fn what_differs_by_less_than_a_microsecond_is_one_time() {
        let time = time(1);
        let later = time + TimeDelta::nanoseconds(900);
        let times = Times::new(Some(later), Some(time), None, None).unwrap();
        assert_eq!(times.created_at(), Some(time));
    }

    #[test]
    fn what_is_in_the_trash_stays_there_for_a_retention_unless_the_row_says_how_long() {
        let retention = Retention::DEFAULT;
        let said = Times::new(at(1), None, at(2), at(3)).unwrap();
        assert_eq!(said.kept_for(retention), said);
        let unsaid = Times::new(at(1), None, at(2), None).unwrap();
        let end = Some(retention.end(time(2)));
        assert_eq!(unsaid.kept_for(retention).purge_at(), end);
        let living = Times::new(at(1), None, None, None).unwrap();
        assert_eq!(living.kept_for(retention), living);
    }

    #[test]
    fn no_retention_leads_out_of_the_calendar() {
        let last = Times::new(at(1), None, Some(LATEST), None).unwrap();
        let kept = last.kept_for(Retention::DEFAULT);
        assert_eq!(kept.purge_at(), Some(LATEST));
    }

    #[test]
    fn what_is_missing_is_as_if_it_were_made_now() {
        let life = Times::default().lifecycle(time(9));
        assert_eq!(life, Lifecycle::born(time(9)));
    }

    #[test]
    fn what_is_brought_in_again_with_its_birth_never_has_an_etag_of_before() {
        let times = Times::new(at(1), None, None, None).unwrap();
        let first = times.lifecycle(time(9));
        let mut changed = first;
        changed.touch(time(10));
        let again = times.lifecycle(time(11));
        assert_eq!(again.created_at(), first.created_at());
        for before in [first, changed, Lifecycle::born(time(1))] {
            assert_ne!(again.etag(), before.etag());
        }
    }
}
