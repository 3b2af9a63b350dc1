//! The port through which what has had its time is removed for good, a little at once.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use crate::audit::AuditRetention;
use crate::error::RepositoryError;

/// How long a record of a request is kept, so that a retry is answered the same: an hour
/// longer than the 24 that callers are promised, for what there is between an answer and its
/// commit, and between the clocks of servers.
pub const REQUESTS_KEPT: TimeDelta = TimeDelta::hours(25);

/// At most so many are removed at once.
pub const MAX_SWEPT: u32 = 1_000;

/// What has had its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expired {
    /// The posts in the trash whose `purge_at` has come, and whatever their own, those of
    /// users who are due.
    Posts,
    /// The users in the trash whose `purge_at` has come.
    Users,
    /// The records of requests that are older than [`REQUESTS_KEPT`].
    Requests,
    /// The failures of accounts and callers that are forgotten.
    Throttles,
    /// The events of the audit log from before a time, which [`Self::due_by`] sets back by as
    /// much as they are kept.
    AuditEvents,
}

impl Expired {
    /// In the order in which they are swept: posts before the users who wrote them, since
    /// a user is not removed before the last of their posts is.
    pub const ALL: [Self; 5] = [
        Self::Posts,
        Self::Users,
        Self::Requests,
        Self::Throttles,
        Self::AuditEvents,
    ];

    /// The time by which it is decided what is due at `now`.
    pub fn due_by(self, now: DateTime<Utc>, events: AuditRetention) -> DateTime<Utc> {
        match self {
            Self::Posts | Self::Users | Self::Requests | Self::Throttles => now,
            Self::AuditEvents => events.horizon(now),
        }
    }
}

/// Removes what has had its time. What is in the trash without a `purge_at` is never due
/// by itself: somebody put it there before there was a retention.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Sweeper: Send + Sync {
    /// Removes at most `limit` ([`MAX_SWEPT`] at most) of what is due at `now`, in a
    /// transaction of its own, and returns how many there were. Fewer than `limit` says
    /// that there is nothing more to be had now. Of the audit log it removes as many rows, and as
    /// many batches, each with up to 100 events, all of which count.
    ///
    /// MUST take what has been due for longest first, and leave a user who still has
    /// posts, so that a call removes no more rows than it says. What somebody else is
    /// changing at this moment is left for another time, rather than waited for.
    ///
    /// Each post and each user that is removed MUST be kept in the audit log, as done by
    /// [`Origin::sweep`](crate::audit::Origin::sweep).
    ///
    /// `None` when another process is sweeping at this moment.
    async fn sweep(
        &self,
        what: Expired,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Option<u64>, RepositoryError>;

    /// How many are due at `now`; users also where their posts have to go first.
    async fn count_due(&self, what: Expired, now: DateTime<Utc>) -> Result<u64, RepositoryError>;
}
