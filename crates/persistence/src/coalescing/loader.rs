//! Reads of one key each: made at once while few are under way, together while many are.

mod batch;

use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use byline_domain::error::RepositoryError;
use byline_domain::lanes::{LATE, Line};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use self::batch::Batch;
use crate::meter;

/// At most so many reads a statement: one that is wrong has few others read twice.
const MAX_KEYS: usize = 128;

/// How the statements of one group are bounded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lanes {
    /// So many statements at once, beside those that are late. The more there are, the fewer
    /// reads share one.
    pub(super) at_once: usize,
    /// Whether a read is made by its own caller while a lane is free, as is quickest. Else
    /// every one goes through the queue, which tests want.
    pub(super) direct: bool,
}

impl Lanes {
    /// Those of a server for reads by key: one statement is read while another is on its way.
    pub(super) const OF_KEYS: Self = Self {
        at_once: 2,
        direct: true,
    };

    /// Those of a server for reads that are the same as a whole.
    pub(super) const OF_SAME: Self = Self {
        at_once: 1,
        direct: true,
    };

    /// The same, every read of which goes through the queue.
    #[must_use]
    pub(super) const fn queued(self) -> Self {
        Self {
            direct: false,
            ..self
        }
    }
}

/// Where a loader reads.
#[async_trait]
pub(super) trait Reads: Send + Sync + 'static {
    /// What all keys of one statement have in common.
    type Group: Eq + Send + Sync;
    /// What is read by.
    type Key: Copy + Eq + Hash + Send + Sync;
    /// What is read of one key.
    type Row: Clone + Send;

    /// Reads what is of one key.
    async fn one(
        &self,
        group: &Arc<Self::Group>,
        key: Self::Key,
    ) -> Result<Self::Row, RepositoryError>;

    /// Reads what is of each key, by one statement. Answers in the order of the keys, which
    /// are each given once: for the first at least, and for those after it as long as there is
    /// room in the answer.
    async fn many(
        &self,
        group: &Arc<Self::Group>,
        keys: &[Self::Key],
    ) -> Result<Vec<Self::Row>, RepositoryError>;
}

/// Reads by one key each. Cheap to clone.
pub(super) struct Loader<R: Reads>(Arc<Inner<R>>);

impl<R: Reads> Clone for Loader<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<R: Reads> {
    reads: R,
    lanes: Lanes,
    lines: Mutex<Lines<R>>,
}

/// The groups of which something is under way.
struct Lines<R: Reads> {
    lines: Vec<Grouped<R>>,
    next: u64,
}

/// A group of which something is under way.
struct Grouped<R: Reads> {
    number: u64,
    group: Arc<R::Group>,
    line: Line<Waiting<R>>,
}

/// A read that waits for a lane, and its caller for the answer.
struct Waiting<R: Reads> {
    key: R::Key,
    answer: oneshot::Sender<Told<R::Row>>,
}

/// What a caller is told, and how many statements that took.
struct Told<T> {
    answer: Result<T, RepositoryError>,
    statements: u32,
}

/// What a read is to do.
enum Turn<R: Reads> {
    Now(Lane<R>),
    Later(oneshot::Receiver<Told<R::Row>>),
}

impl<R: Reads> Loader<R> {
    pub(super) fn new(reads: R, lanes: Lanes) -> Self {
        Self(Arc::new(Inner {
            reads,
            lanes,
            lines: Mutex::new(Lines {
                lines: Vec::new(),
                next: 0,
            }),
        }))
    }

    /// Reads what is of that key, by a statement that begins after this was called.
    pub(super) async fn load(
        &self,
        group: R::Group,
        key: R::Key,
    ) -> Result<R::Row, RepositoryError> {
        let group = Arc::new(group);
        let (line, turn) = self.turn(&group, key);
        let mut told = match turn {
            Turn::Now(_lane) => return self.0.reads.one(&group, key).await,
            Turn::Later(told) => told,
        };
        let told = tokio::select! {
            biased;
            told = &mut told => told,
            () = sleep(LATE) => {
                self.lend(line);
                told.await
            }
        };
        let told = told.map_err(|_| {
            RepositoryError::Internal("a statement of many ended without answers".into())
        })?;
        meter::count(told.statements);
        told.answer
    }

    fn turn(&self, group: &Arc<R::Group>, key: R::Key) -> (u64, Turn<R>) {
        let mut lines = self.lines();
        let grouped = lines.of(group, self.0.lanes.at_once);
        let number = grouped.number;
        let is_free = grouped.line.enter();
        if is_free && self.0.lanes.direct {
            return (number, Turn::Now(self.lane(number)));
        }
        let (answer, told) = oneshot::channel();
        let now = Instant::now().into_std();
        grouped.line.wait(Waiting { key, answer }, now);
        drop(lines);
        if is_free {
            self.lane(number).go_on();
        }
        (number, Turn::Later(told))
    }

    /// Gives a lane beside the others to those who wait in that line, if one of them waits for
    /// what is late.
    fn lend(&self, number: u64) {
        let mut lines = self.lines();
        let grouped = lines.lines.iter_mut().find(|it| it.number == number);
        if grouped.is_some_and(|it| it.line.lend(Instant::now().into_std())) {
            drop(lines);
            self.lane(number).go_on();
        }
    }

    fn lane(&self, line: u64) -> Lane<R> {
        Lane {
            loader: self.clone(),
            line,
            since: Instant::now(),
        }
    }

    fn lines(&self) -> MutexGuard<'_, Lines<R>> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Reads> Lines<R> {
    fn of(&mut self, group: &Arc<R::Group>, lanes: usize) -> &mut Grouped<R> {
        let place = self.lines.iter().position(|it| it.group == *group);
        let place = place.unwrap_or_else(|| {
            self.lines.push(Grouped {
                number: self.next,
                group: Arc::clone(group),
                line: Line::new(lanes),
            });
            self.next += 1;
            self.lines.len() - 1
        });
        &mut self.lines[place]
    }

    /// The next statement of a lane that was taken then.
    fn next(&mut self, number: u64, taken: Instant) -> Option<Batch<R>> {
        let place = self.lines.iter().position(|it| it.number == number)?;
        let grouped = &mut self.lines[place];
        let (taken, now) = (taken.into_std(), Instant::now().into_std());
        let is_wanted = |it: &Waiting<R>| !it.answer.is_closed();
        let next = grouped.line.next(taken, now, MAX_KEYS, is_wanted);
        let group = Arc::clone(&grouped.group);
        if grouped.line.is_idle() {
            self.lines.swap_remove(place);
        }
        (!next.is_empty()).then(|| Batch::of(group, next))
    }
}

/// A statement that may be under way. When it ends, however it does, the next one begins.
struct Lane<R: Reads> {
    loader: Loader<R>,
    line: u64,
    since: Instant,
}

impl<R: Reads> Lane<R> {
    /// Begins the next statement.
    fn go_on(self) {
        drop(self);
    }
}

impl<R: Reads> Drop for Lane<R> {
    fn drop(&mut self) {
        let next = self.loader.lines().next(self.line, self.since);
        let Some(batch) = next else {
            return;
        };
        let lane = self.loader.lane(self.line);
        // Without a runtime nobody waits any more.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                batch.load(&lane.loader.0.reads).await;
            });
        }
    }
}

#[cfg(test)]
mod tests;
