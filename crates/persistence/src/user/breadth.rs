//! How many users are likely to have what is looked for, before PostgreSQL is asked.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use byline_domain::error::RepositoryError;
use memchr::{memchr, memmem};
use sqlx::QueryBuilder;

use crate::pool::Database;
use crate::row::get;

/// How old a sample is when another one is due, which the next search has taken. Where there is
/// none, it is forgotten as much later.
const LIFE: Duration = Duration::from_mins(1);

/// How soon another try is made to take one.
const RETRY: Duration = Duration::from_secs(5);

/// Few are no more than one of so many.
const FEW: usize = 32;

/// The addresses and names of 512 users from about 64 pages of the table, picked at random; of nobody
/// where it has no more than these. A plan that was made for a small table reads all of it, and
/// would still be in use for a while when it is large.
const SAMPLE: &str = "select email, name from users tablesample system (least(100, \
    6400.0 * current_setting('block_size')::int / greatest(pg_relation_size('users'), 1))) \
    where pg_relation_size('users') > 64 * current_setting('block_size')::int \
    order by random() limit 512";

/// A sample of what searches look through, while there are any.
#[derive(Debug, Default)]
pub(crate) struct Breadth(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_being_taken: bool,
    /// The last one, and when it was there.
    sample: Option<(Instant, Arc<Sample>)>,
}

impl State {
    /// Whether whoever asks is to have a sample taken.
    fn begin(&mut self) -> bool {
        let sample = self.sample.as_ref();
        let is_due = sample.is_none_or(|(taken, _)| taken.elapsed() >= LIFE);
        is_due && !std::mem::replace(&mut self.is_being_taken, true)
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
        let (begins, sample) = self.change(|state| (state.begin(), state.sample.clone()));
        // Outside of the lock: where the runtime ends, what is spawned is dropped at once.
        if begins {
            tokio::spawn(Taking(Arc::clone(self)).take(database.clone()));
        }
        sample.is_some_and(|(_, sample)| sample.few_have(part))
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forgets that one.
    fn forget(&self, old: &Arc<Sample>) {
        self.change(|state| {
            state.sample.take_if(|(_, sample)| Arc::ptr_eq(sample, old));
        });
    }
}

/// A sample that is being taken. However that ends, another one can be taken then.
struct Taking(Arc<Breadth>);

impl Drop for Taking {
    fn drop(&mut self) {
        self.0.change(|state| state.is_being_taken = false);
    }
}

impl Taking {
    async fn take(self, database: Database) {
        let sample = match Sample::take(&database).await {
            Ok(sample) => Arc::new(sample),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "searches of users go without a sample");
                drop(database);
                return tokio::time::sleep(RETRY).await;
            }
        };
        drop(database);
        let breadth = Arc::clone(&self.0);
        breadth.change(|state| state.sample = Some((Instant::now(), Arc::clone(&sample))));
        drop(self);
        tokio::time::sleep(2 * LIFE).await;
        breadth.forget(&sample);
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
    fn a_sample_is_taken_once_and_again_when_it_is_old() {
        let mut state = State::default();
        assert!(state.begin());
        assert!(!state.begin(), "it is being taken");
        let breadth = Arc::new(Breadth(Mutex::new(state)));
        drop(Taking(Arc::clone(&breadth)));
        assert!(breadth.change(State::begin), "nothing came of it");

        let sample = Arc::new(Sample::default());
        let taken_before = |age: Duration| {
            let taken = Instant::now().checked_sub(age);
            let taken = taken.expect("the machine runs for longer");
            breadth.change(|state| {
                state.is_being_taken = false;
                state.sample = Some((taken, Arc::clone(&sample)));
                state.begin()
            })
        };
        assert!(!taken_before(LIFE / 2));
        assert!(taken_before(LIFE));
    }

    #[test]
    fn only_the_sample_that_is_old_is_forgotten() {
        let (old, new) = (Arc::default(), Arc::default());
        let breadth = Breadth::default();
        breadth.change(|state| state.sample = Some((Instant::now(), Arc::clone(&new))));
        breadth.forget(&old);
        assert!(breadth.change(|state| state.sample.is_some()));
        breadth.forget(&new);
        assert!(breadth.change(|state| state.sample.is_none()));
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
