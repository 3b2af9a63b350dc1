//! What every kept resource goes through: birth, changes, the trash and back.

use std::fmt;

use chrono::{DateTime, SubsecRound, Utc};

/// Counts the changes of a resource; 1 at birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(i64);

impl Version {
    /// The version of a resource that was never changed.
    pub const FIRST: Self = Self(1);

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

/// When a resource was made, last changed and put in the trash, and how often it
/// was changed. Times are kept to the microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    created_at: DateTime<Utc>,
    updated_at: Option<DateTime<Utc>>,
    deleted_at: Option<DateTime<Utc>>,
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
            version: Version::FIRST,
        }
    }

    /// Read back from storage.
    #[must_use]
    pub fn from_stored(
        created_at: DateTime<Utc>,
        updated_at: Option<DateTime<Utc>>,
        deleted_at: Option<DateTime<Utc>>,
        version: Version,
    ) -> Self {
        Self {
            created_at: micros(created_at),
            updated_at: updated_at.map(micros),
            deleted_at: deleted_at.map(micros),
            version,
        }
    }

    /// Notes a change. Time never runs backwards, even when the clock does.
    pub fn touch(&mut self, now: DateTime<Utc>) {
        let last = self.updated_at.unwrap_or(self.created_at);
        self.updated_at = Some(micros(now).max(last));
        self.version = self.version.next();
    }

    /// Puts the resource in the trash.
    pub fn delete(&mut self, now: DateTime<Utc>) {
        self.touch(now);
        self.deleted_at = self.updated_at;
    }

    /// Takes the resource out of the trash.
    pub fn undelete(&mut self, now: DateTime<Utc>) {
        self.touch(now);
        self.deleted_at = None;
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
        life.delete(at(7));
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
