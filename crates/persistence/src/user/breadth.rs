//! How many users are likely to have what is looked for, before PostgreSQL is asked.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use byline_domain::error::RepositoryError;
use memchr::{memchr, memmem};
use sqlx::QueryBuilder;

use crate::pool::Database;
use crate::row::get;

/// How old a sample becomes. Then another one is taken if somebody has searched meanwhile, and
/// otherwise nobody has one any more.
const LIFE: Duration = Duration::from_mins(1);

/// How soon another try is made to take one.
const RETRY: Duration = Duration::from_secs(5);

/// Few are no more than one of so many.
const FEW: usize = 32;

/// The addresses and names of 512 users from about 64 pages of the table, picked at random; of nobody
/// where it has no more than these. A plan that was made for a small table reads all of it, and
/// would still be in use for a while when it is large.
const SAMPLE: &str = "select email, name from (\
    select email, name from users tablesample system (least(100, \
    6400.0 * current_setting('block_size')::int / greatest(pg_relation_size('users'), 1))) \
    where pg_relation_size('users') > 64 * current_setting('block_size')::int \
    order by random() limit 512) sampled";

/// A sample of what searches look through, while there are any.
#[derive(Debug, Default)]
pub(crate) struct Breadth(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Whether somebody sees to the sample: takes it, and forgets it in time.
    is_seen_to: bool,
    /// Whether anybody has searched since it was taken.
    is_asked: bool,
    sample: Option<Arc<Sample>>,
}

/// Whoever sees to the sample. What there is goes with it, however it ends.
struct Seer(Arc<Breadth>);

impl Drop for Seer {
    fn drop(&mut self) {
        self.0.change(|state| *state = State::default());
    }
}

impl Breadth {
    /// Whether few users are likely to have that part of an address or a name, and whether the
    /// index finds these by it. `false` as well while nobody knows: a sample is taken
    /// meanwhile, on a connection of its own.
    ///
    /// Must be used inside a tokio runtime.
    pub(super) fn is_narrow(self: &Arc<Self>, database: &Database, part: &str) -> bool {
        if !is_indexed(part) {
            return false;
        }
        let sample = self.change(|state| {
            state.is_asked = true;
            if !std::mem::replace(&mut state.is_seen_to, true) {
                let seer = Seer(Arc::clone(self));
                tokio::spawn(seer.see_to(database.clone()));
            }
            state.sample.clone()
        });
        sample.is_some_and(|sample| sample.few_have(part))
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Seer {
    async fn see_to(self, database: Database) {
        while self.0.change(|state| std::mem::take(&mut state.is_asked)) {
            let sample = Sample::take(&database).await;
            let life = if sample.is_ok() { LIFE } else { RETRY };
            if let Err(error) = &sample {
                let cause = std::error::Error::source(error).map(ToString::to_string);
                tracing::warn!(%error, cause, "searches of users go without a sample");
            }
            self.0
                .change(|state| state.sample = sample.ok().map(Arc::new));
            tokio::time::sleep(life).await;
        }
    }
}

/// Whether it has three letters or digits in a row: trigrams are of such, and of a text that has none
/// the index lists all users. Of ASCII, since what else is a letter is a matter of the locale.
fn is_indexed(part: &str) -> bool {
    let mut runs = part.as_bytes().split(|byte| !byte.is_ascii_alphanumeric());
    runs.any(|run| run.len() >= 3)
}

#[derive(Debug, Default)]
struct Sample {
    /// What each of them has, in a line.
    lines: String,
    users: usize,
}

impl Sample {
    async fn take(database: &Database) -> Result<Self, RepositoryError> {
        let mut sample = Self::default();
        for row in database.rows(QueryBuilder::new(SAMPLE), false).await? {
            let name = get::<Option<String>>(&row, "name")?;
            sample.add(&get::<String>(&row, "email")?, &name.unwrap_or_default());
        }
        Ok(sample)
    }

    fn add(&mut self, email: &str, name: &str) {
        for part in [&*email.to_lowercase(), " ", &name.to_lowercase(), "\n"] {
            self.lines.push_str(part);
        }
        self.users += 1;
    }

    /// Whether so few of it have that part that few of all are likely to.
    fn few_have(&self, part: &str) -> bool {
        let part = part.to_lowercase();
        let finder = memmem::Finder::new(&part);
        let mut rest = self.lines.as_bytes();
        let mut have = 0;
        while let Some(place) = finder.find(rest) {
            have += 1;
            if have * FEW > self.users {
                break;
            }
            rest = &rest[place..];
            rest = memchr(b'\n', rest).map_or(&[], |end| &rest[end..]);
        }
        self.users > 0 && have * FEW <= self.users
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_one_of_32() {
        let two_of = |all: usize| {
            let mut sample = Sample::default();
            sample.add("ann@example.com", "");
            (2..all).for_each(|_| sample.add("bo@example.com", "Bo"));
            sample.add("joe@example.com", "JoAnn, called Ann");
            sample
        };
        assert!(!two_of(63).few_have("Ann"));
        assert!(two_of(64).few_have("Ann"));
        assert!(!two_of(64).few_have("example.COM"));
        assert!(two_of(64).few_have("nobody"));
    }

    #[test]
    fn of_nobody_nothing_is_known() {
        assert!(!Sample::default().few_have("ann"));
    }

    #[test]
    fn what_has_no_trigram_is_not_indexed() {
        for indexed in ["ann", "a.b0b", "@example", "é7ab7"] {
            assert!(is_indexed(indexed), "{indexed}");
        }
        for other in ["@@@", "a.b.c", "ab-cd", "😀😀😀", "éàü", ""] {
            assert!(!is_indexed(other), "{other}");
        }
    }
}
