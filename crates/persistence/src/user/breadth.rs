//! How many users are likely to have what is looked for, before PostgreSQL is asked.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use byline_domain::error::RepositoryError;
use memchr::{memchr, memmem};
use sqlx::QueryBuilder;

use crate::pool::Database;
use crate::row::get;

/// How long a sample is kept. Then nobody has it any more, unless somebody searches.
const LIFE: Duration = Duration::from_mins(1);

/// Few are no more than one of so many.
const FEW: usize = 32;

/// The addresses and names of 512 users, each user a line: of 64 pages of the table, from
/// where it has more.
const SAMPLE: &str = "select concat_ws(' ', lower(email), lower(name)) as line from (\
    select email, name from users tablesample system (least(100, \
    6400.0 * current_setting('block_size')::int / greatest(pg_relation_size('users'), 1))) \
    order by random() limit 512) sampled";

/// A sample of what searches look through, while there are any.
#[derive(Debug, Default)]
pub(crate) struct Breadth(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Whether somebody sees to the sample: takes it, and forgets it in time.
    is_seen_to: bool,
    sample: Option<Arc<Sample>>,
}

impl Breadth {
    /// Whether few users are likely to have that part of an address or a name. `false` as
    /// well while nobody knows: a sample is taken meanwhile, for which no search waits.
    ///
    /// Must be used inside a tokio runtime.
    pub(super) fn is_narrow(self: &Arc<Self>, database: &Database, part: &str) -> bool {
        let sample = self.change(|state| {
            if !std::mem::replace(&mut state.is_seen_to, true) {
                tokio::spawn(Arc::clone(self).see_to(database.clone()));
            }
            state.sample.clone()
        });
        sample.is_some_and(|sample| sample.few_have(part))
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where no sample can be taken, searches do without for as long.
    async fn see_to(self: Arc<Self>, database: Database) {
        match Sample::take(&database).await {
            Ok(sample) => self.change(|state| state.sample = Some(Arc::new(sample))),
            Err(error) => tracing::warn!(%error, "searches of users go without a sample"),
        }
        drop(database);
        tokio::time::sleep(LIFE).await;
        self.change(|state| *state = State::default());
    }
}

#[derive(Debug, Default)]
struct Sample {
    lines: String,
    users: usize,
}

impl Sample {
    async fn take(database: &Database) -> Result<Self, RepositoryError> {
        let mut sample = Self::default();
        for row in database.rows(QueryBuilder::new(SAMPLE), false).await? {
            sample.add(&get::<String>(&row, "line")?);
        }
        Ok(sample)
    }

    fn add(&mut self, line: &str) {
        self.lines.push_str(line);
        self.lines.push('\n');
        self.users += 1;
    }

    /// Whether so few of it have that part that few of all do. Letters have no case in the
    /// way of PostgreSQL and of Rust, which differ in a few: whoever is wrong about one is slow.
    fn few_have(&self, part: &str) -> bool {
        let part = part.to_lowercase();
        let finder = memmem::Finder::new(&part);
        let mut rest = self.lines.as_bytes();
        let most = self.users / FEW;
        // One more than few are too many: the others need not be looked at.
        let have = (0..=most).try_for_each(|_| {
            let Some(found) = finder.find(rest) else {
                return ControlFlow::Break(());
            };
            rest = &rest[found..];
            rest = memchr(b'\n', rest).map_or(&[], |end| &rest[end..]);
            ControlFlow::Continue(())
        });
        self.users > 0 && have.is_break()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(lines: impl IntoIterator<Item = &'static str>) -> Sample {
        let mut sample = Sample::default();
        lines.into_iter().for_each(|line| sample.add(line));
        sample
    }

    #[test]
    fn few_are_one_of_32() {
        let two_of = |all: usize| {
            let others = std::iter::repeat_n("bo@example.com bo", all - 2);
            sample(others.chain(["ann@example.com ann", "joann@example.com joann"]))
        };
        assert!(!two_of(63).few_have("Ann"));
        assert!(two_of(64).few_have("Ann"));
        assert!(!two_of(64).few_have("example.COM"));
        assert!(two_of(64).few_have("nobody"));
    }

    #[test]
    fn of_nobody_nothing_is_known() {
        assert!(!sample([]).few_have("ann"));
    }
}
