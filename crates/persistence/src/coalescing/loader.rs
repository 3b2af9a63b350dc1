//! Reads of one key each: made at once while few are under way, together while many are.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use byline_domain::error::RepositoryError;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::failure::{again, is_of_what_was_asked};
use crate::meter::{self, Statements};

/// At most so many keys a statement: one that is wrong has few others read twice.
const MAX_KEYS: usize = 128;

/// A statement that takes longer is late: whoever has waited so long for one is given another
/// lane, so that a connection that answers no more keeps nobody else.
const LATE: Duration = Duration::from_millis(100);

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
    lines: Vec<Line<R>>,
    next: u64,
}

/// A group of which something is under way.
struct Line<R: Reads> {
    number: u64,
    group: Arc<R::Group>,
    /// How many statements are.
    under_way: usize,
    /// How many of these are beside the lanes, in the place of those that are late.
    lent: usize,
    /// What waits for a lane.
    queue: VecDeque<Waiting<R>>,
}

/// A read that waits for a lane, and its caller for the answer.
struct Waiting<R: Reads> {
    key: R::Key,
    since: Instant,
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
        let line = lines.of(group);
        let number = line.number;
        let is_free = line.under_way < self.0.lanes.at_once;
        line.under_way += usize::from(is_free);
        if is_free && self.0.lanes.direct {
            return (number, Turn::Now(self.lane(number)));
        }
        let (answer, told) = oneshot::channel();
        line.queue.push_back(Waiting {
            key,
            since: Instant::now(),
            answer,
        });
        drop(lines);
        if is_free {
            self.lane(number).go_on();
        }
        (number, Turn::Later(told))
    }

    /// Gives a lane beside the others to those who wait in that line, if one of them has waited
    /// for as long as makes a statement late.
    fn lend(&self, number: u64) {
        let mut lines = self.lines();
        let Some(line) = lines.numbered(number) else {
            return;
        };
        let first = line.queue.front();
        if first.is_some_and(|it| it.since.elapsed() >= LATE) {
            line.under_way += 1;
            line.lent += 1;
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
    fn of(&mut self, group: &Arc<R::Group>) -> &mut Line<R> {
        let place = self.lines.iter().position(|it| it.group == *group);
        let place = place.unwrap_or_else(|| {
            self.lines.push(Line {
                number: self.next,
                group: Arc::clone(group),
                under_way: 0,
                lent: 0,
                queue: VecDeque::new(),
            });
            self.next += 1;
            self.lines.len() - 1
        });
        &mut self.lines[place]
    }

    fn numbered(&mut self, number: u64) -> Option<&mut Line<R>> {
        self.lines.iter_mut().find(|it| it.number == number)
    }

    /// The next statement of a lane that is free. Without one the lane is given up; and where
    /// it `is_late`, since another one was lent in its place.
    fn next(&mut self, number: u64, is_late: bool) -> Option<Batch<R>> {
        let place = self.lines.iter().position(|it| it.number == number)?;
        let line = &mut self.lines[place];
        let is_replaced = is_late && line.lent > 0;
        line.lent -= usize::from(is_replaced);
        let next = if is_replaced { None } else { line.next() };
        if next.is_none() {
            line.under_way -= 1;
            if line.under_way == 0 {
                self.lines.swap_remove(place);
            }
        }
        next
    }
}

impl<R: Reads> Line<R> {
    /// Those who have waited longest, and wait still.
    fn next(&mut self) -> Option<Batch<R>> {
        let mut batch = Batch::of(Arc::clone(&self.group));
        while batch.keys.len() < MAX_KEYS
            && let Some(waiting) = self.queue.pop_front()
        {
            if !waiting.answer.is_closed() {
                batch.add(waiting);
            }
        }
        (!batch.keys.is_empty()).then_some(batch)
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
        let is_late = self.since.elapsed() >= LATE;
        let next = self.loader.lines().next(self.line, is_late);
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

/// Reads that are one statement.
struct Batch<R: Reads> {
    group: Arc<R::Group>,
    /// Where the callers of a key stand.
    places: HashMap<R::Key, usize>,
    keys: Vec<R::Key>,
    callers: Vec<Vec<oneshot::Sender<Told<R::Row>>>>,
}

/// A part of a batch that is asked for at once, and what it took so far.
struct Part<R: Reads> {
    keys: Vec<R::Key>,
    callers: Vec<Vec<oneshot::Sender<Told<R::Row>>>>,
    statements: u32,
}

impl<R: Reads> Batch<R> {
    fn of(group: Arc<R::Group>) -> Self {
        Self {
            group,
            places: HashMap::new(),
            keys: Vec::new(),
            callers: Vec::new(),
        }
    }

    fn add(&mut self, waiting: Waiting<R>) {
        match self.places.entry(waiting.key) {
            Entry::Occupied(place) => self.callers[*place.get()].push(waiting.answer),
            Entry::Vacant(place) => {
                place.insert(self.keys.len());
                self.keys.push(waiting.key);
                self.callers.push(vec![waiting.answer]);
            }
        }
    }

    /// Reads all of it, and answers. Ends early when no caller waits any more.
    async fn load(self, reads: &R) {
        let mut parts = vec![Part {
            keys: self.keys,
            callers: self.callers,
            statements: 0,
        }];
        while let Some(mut part) = parts.pop() {
            match part.load(reads, &self.group).await {
                Some(Ok(rows)) if !rows.is_empty() => parts.extend(part.answer(rows)),
                Some(Err(error)) if part.keys.len() > 1 && is_of_what_was_asked(&error) => {
                    let behind = part.split_off(part.keys.len() / 2);
                    parts.extend([behind, part]);
                }
                Some(Err(error)) => part.fail(error),
                Some(Ok(_)) => part.fail(RepositoryError::Internal(
                    "a statement of many answered none of them".into(),
                )),
                None => {}
            }
        }
    }
}

impl<R: Reads> Part<R> {
    /// What one statement answers; nothing once nobody waits for that.
    async fn load(
        &mut self,
        reads: &R,
        group: &Arc<R::Group>,
    ) -> Option<Result<Vec<R::Row>, RepositoryError>> {
        let statements = Statements::default();
        let keys = &self.keys;
        let load = statements.count_in(async {
            match keys[..] {
                [key] => Ok(vec![reads.one(group, key).await?]),
                _ => reads.many(group, keys).await,
            }
        });
        let answer = tokio::select! {
            answer = load => Some(answer),
            () = all_gone(&mut self.callers) => None,
        };
        self.statements += statements.get();
        answer
    }

    /// Answers the first of the keys. What is left is to be asked for again.
    fn answer(mut self, rows: Vec<R::Row>) -> Option<Self> {
        let rest = (rows.len() < self.keys.len()).then(|| self.split_off(rows.len()));
        let statements = self.statements;
        for (row, callers) in rows.into_iter().zip(self.callers) {
            // Whoever is gone wants no answer.
            let mut callers = callers.into_iter();
            let last = callers.next_back();
            for caller in callers {
                let answer = Ok(row.clone());
                let _ = caller.send(Told { answer, statements });
            }
            if let Some(caller) = last {
                let answer = Ok(row);
                let _ = caller.send(Told { answer, statements });
            }
        }
        rest
    }

    fn fail(self, error: RepositoryError) {
        let statements = self.statements;
        let error = Arc::new(error);
        for caller in self.callers.into_iter().flatten() {
            let answer = Err(again(&error));
            let _ = caller.send(Told { answer, statements });
        }
    }

    fn split_off(&mut self, place: usize) -> Self {
        Self {
            keys: self.keys.split_off(place),
            callers: self.callers.split_off(place),
            statements: self.statements,
        }
    }
}

/// Waits until none of them waits.
async fn all_gone<T>(callers: &mut [Vec<oneshot::Sender<T>>]) {
    for caller in callers.iter_mut().flatten() {
        caller.closed().await;
    }
}

#[cfg(test)]
mod tests;
