//! By which rules guessing is slowed down.

use chrono::{DateTime, TimeDelta, Utc};

use crate::ids::UserId;
use crate::user::Email;

/// So many failures of an account cost no wait.
pub const FREE_FAILURES: u32 = 5;
/// How long an account waits after the first failure that is not free; each further one doubles it.
pub const FIRST_WAIT: TimeDelta = TimeDelta::seconds(1);
/// No account waits for longer.
pub const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(5);
/// How long after the end of its wait the failures of an account are forgotten.
pub const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(1);
/// In which time the failures of a caller are counted, from the first one on.
pub const CALLER_WINDOW: TimeDelta = TimeDelta::minutes(1);

/// Whose failures are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AccountKey {
    /// A user, or an id of nobody.
    User(UserId),
    /// An address of nobody, in any letter case.
    Nobody(Email),
}

/// What became of an attempt that was to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is counted as a failure, until it is given back.
    Counted,
    /// The account waits: whatever the password, it is not compared. It changed nothing.
    AccountWaits,
    /// The caller failed too often. It changed nothing.
    CallerWaits {
        /// When the caller's failures are forgotten.
        until: DateTime<Utc>,
    },
}

/// The failures of an account or of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// How many there were.
    pub count: u32,
    /// Until when no attempt is let through; of a caller, until when it is counted.
    pub until: DateTime<Utc>,
    /// When they are forgotten.
    pub forgotten_at: DateTime<Utc>,
}

impl Failures {
    /// The failures of an account after an attempt, if that is let through.
    #[must_use]
    pub fn of_account(before: Option<Self>, now: DateTime<Utc>) -> Option<Self> {
        let before = before.filter(|kept| kept.forgotten_at > now);
        if before.is_some_and(|kept| kept.until > now) {
            return None;
        }
        let count = before.map_or(0, |kept| kept.count).saturating_add(1);
        let until = now + wait(count);
        Some(Self {
            count,
            until,
            forgotten_at: until + FORGOTTEN_AFTER,
        })
    }

    /// The failures of a caller after an attempt, if that is let through: `most` are.
    #[must_use]
    pub fn of_caller(before: Option<Self>, now: DateTime<Utc>, most: u32) -> Option<Self> {
        let before = before.filter(|kept| kept.forgotten_at > now);
        let count = before.map_or(0, |kept| kept.count);
        let until = before.map_or(now + CALLER_WINDOW, |kept| kept.forgotten_at);
        (count < most).then_some(Self {
            count: count + 1,
            until,
            forgotten_at: until,
        })
    }
}

/// How long an account waits after that many failures.
fn wait(count: u32) -> TimeDelta {
    let Some(doubled) = count.checked_sub(FREE_FAILURES + 1) else {
        return TimeDelta::zero();
    };
    let factor = 1_i32.checked_shl(doubled).filter(|factor| *factor > 0);
    let wait = factor.and_then(|factor| FIRST_WAIT.checked_mul(factor));
    wait.map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixtures::time;

    #[test]
    fn each_failure_beyond_five_doubles_the_wait_up_to_five_minutes() {
        let waits = [
            (1, 0),
            (5, 0),
            (6, 1),
            (7, 2),
            (8, 4),
            (14, 256),
            (15, 300),
            (36, 300),
            (37, 300),
            (38, 300),
            (u32::MAX, 300),
        ];
        for (count, seconds) in waits {
            assert_eq!(wait(count), TimeDelta::seconds(seconds), "{count}");
        }
    }

    #[test]
    fn an_account_is_slowed_down_and_forgotten_but_never_locked() {
        let (mut kept, mut now, mut tries) = (None, time(0), 0);
        while now < time(24 * 3_600) {
            if let Some(failures) = Failures::of_account(kept, now) {
                kept = Some(failures);
                tries += 1;
            }
            now += TimeDelta::seconds(1);
        }
        // Ten go by until the wait is five minutes, and then one in each of them.
        assert!((290..=305).contains(&tries), "{tries}");
        let last = kept.unwrap();
        assert!(Failures::of_account(kept, last.until).is_some());
        let first = Failures::of_account(kept, last.forgotten_at).unwrap();
        assert_eq!(first.count, 1);
        assert_eq!(first.until, last.forgotten_at);
    }

    #[test]
    fn a_caller_fails_so_often_a_minute() {
        let mut kept = None;
        for second in 0..3 {
            kept = Failures::of_caller(kept, time(second), 3);
        }
        assert_eq!(kept.unwrap().until, time(60));
        assert_eq!(Failures::of_caller(kept, time(59), 3), None);
        let next = Failures::of_caller(kept, time(60), 3).unwrap();
        assert_eq!((next.count, next.until), (1, time(120)));
    }
}
