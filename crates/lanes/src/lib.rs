//! Work that arrives together is done together: what finds nothing under way at once, and what arrives meanwhile
//! as soon as a lane is free. Knows the runtime, and nothing of what is done.

mod line;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::RecvError;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use self::line::Line;

/// Work that takes longer is late, and its lane is free for others from then on: what hangs holds
/// up nobody else for longer.
pub const LATE: Duration = Duration::from_millis(100);

/// How what is done is bounded.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// So much of each kind at once, beside what is late. The more it is, the less is done together.
    pub at_once: usize,
    /// At most so much together.
    pub most: usize,
    /// Whether whoever comes alone while a lane is free does its work itself, as is quickest. Else all
    /// of it goes through the queue, which tests want.
    pub is_direct: bool,
}

impl Bounds {
    /// The same, with all work going through the queue.
    #[must_use]
    pub const fn queued(self) -> Self {
        Self {
            is_direct: false,
            ..self
        }
    }
}

/// Does work together.
pub trait Together: Send + Sync + 'static {
    /// What all that is done together has in common.
    type Kind: Eq + Hash + Send + Sync + 'static;
    /// What is done.
    type Work: Send + 'static;
    /// What whoever waits for it is told.
    type Answer: Send + 'static;

    /// Does all of it on a task of its own, and tells each. What is handed back waits again,
    /// before all others; it must not be all of it, or this begins again for ever.
    fn work(
        &self,
        kind: &Arc<Self::Kind>,
        waiting: Vec<Waiting<Self::Work, Self::Answer>>,
    ) -> impl Future<Output = Vec<Waiting<Self::Work, Self::Answer>>> + Send;
}

/// Work that waits for a lane, and its caller for the answer.
#[derive(Debug)]
pub struct Waiting<W, A> {
    /// What is to be done.
    pub work: W,
    /// Who is to be told.
    pub answer: oneshot::Sender<A>,
}

/// Lanes of every kind. Cheap to clone.
pub struct Lanes<T: Together>(Arc<Inner<T>>);

impl<T: Together> Clone for Lanes<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// The lines of which something is under way, by their kind.
type Lines<T> = HashMap<
    Arc<<T as Together>::Kind>,
    Line<Waiting<<T as Together>::Work, <T as Together>::Answer>>,
>;

struct Inner<T: Together> {
    together: T,
    bounds: Bounds,
    lines: Mutex<Lines<T>>,
}

/// What whoever has work is to do.
pub enum Turn<T: Together> {
    /// Do it, and keep the lane meanwhile.
    Now(Lane<T>),
    /// Wait for the answer.
    Later(Place<T>),
}

impl<T: Together> Lanes<T> {
    /// Has work done by that, within those bounds.
    pub fn new(together: T, bounds: Bounds) -> Self {
        Self(Arc::new(Inner {
            together,
            bounds,
            lines: Mutex::default(),
        }))
    }

    /// What does the work.
    pub fn together(&self) -> &T {
        &self.0.together
    }

    /// Takes a lane of that kind, or a place in the line before it. `work` is what is to be done
    /// then.
    ///
    /// Whoever finds a lane free lets those go on who are ready to: what comes in with it is done
    /// with it, and after it. Where there is nothing of it, this goes on at once.
    pub async fn turn(&self, kind: Arc<T::Kind>, work: impl FnOnce() -> T::Work + Send) -> Turn<T> {
        let now = Instant::now();
        let is_free = self.0.bounds.is_direct && self.line(&mut self.lines(), &kind).enter(now);
        let mut lane = is_free.then(|| self.lane(Arc::clone(&kind), now));
        if lane.is_some() {
            yield_now().await;
        }
        if let Some(lane) = lane.take_if(|_| !self.is_waited_for(&kind)) {
            return Turn::Now(lane);
        }
        let (answer, told) = oneshot::channel();
        let waiting = Waiting {
            work: work(),
            answer,
        };
        if let Some(lane) = lane {
            // It was there before all that has come since.
            self.line(&mut self.lines(), &kind).put_back(vec![waiting]);
            // Without a runtime the lane is given back here.
            if let Ok(runtime) = Handle::try_current() {
                runtime.spawn(lane.work());
            }
        } else {
            self.line(&mut self.lines(), &kind).wait(waiting);
            // Where all that is under way is late, or has ended just now.
            self.begin(&kind);
        }
        Turn::Later(Place {
            lanes: self.clone(),
            kind,
            told,
        })
    }

    fn is_waited_for(&self, kind: &Arc<T::Kind>) -> bool {
        self.lines().get(kind).is_some_and(Line::is_waited_for)
    }

    /// Whether nothing is under way and nobody waits.
    pub fn is_idle(&self) -> bool {
        self.lines().is_empty()
    }

    fn lines(&self) -> MutexGuard<'_, Lines<T>> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line<'l>(
        &self,
        lines: &'l mut Lines<T>,
        kind: &Arc<T::Kind>,
    ) -> &'l mut Line<Waiting<T::Work, T::Answer>> {
        let new = || Line::new(self.0.bounds.at_once);
        lines.entry(Arc::clone(kind)).or_insert_with(new)
    }

    fn lane(&self, kind: Arc<T::Kind>, taken: Instant) -> Lane<T> {
        Lane {
            lanes: self.clone(),
            kind,
            taken,
        }
    }

    /// Has what waits begin if a lane is free.
    fn begin(&self, kind: &Arc<T::Kind>) {
        // Without a runtime nothing can begin here; whoever waits in one sees to it after a while.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let now = Instant::now();
        let begins = match self.lines().get_mut(kind) {
            Some(line) => line.begin(now),
            None => false,
        };
        if !begins {
            return;
        }
        let lane = self.lane(Arc::clone(kind), now);
        runtime.spawn(async move {
            // What has come in already is read and heard first, and goes along. Where there is
            // nothing of it, this goes on at once.
            yield_now().await;
            lane.work().await;
        });
    }

    /// What a lane that was taken for it does next.
    fn next(&self, kind: &Arc<T::Kind>) -> Vec<Waiting<T::Work, T::Answer>> {
        let is_wanted = |it: &Waiting<_, _>| !it.answer.is_closed();
        match self.lines().get_mut(kind) {
            Some(line) => line.next(self.0.bounds.most, is_wanted),
            None => Vec::new(),
        }
    }
}

/// A lane that is taken. When it is dropped, what waits begins.
pub struct Lane<T: Together> {
    lanes: Lanes<T>,
    kind: Arc<T::Kind>,
    taken: Instant,
}

impl<T: Together> Lane<T> {
    /// Does what waits.
    async fn work(self) {
        let lanes = &self.lanes;
        let next = lanes.next(&self.kind);
        if next.is_empty() {
            return;
        }
        let left = lanes.together().work(&self.kind, next).await;
        if !left.is_empty() {
            lanes.line(&mut lanes.lines(), &self.kind).put_back(left);
        }
    }
}

impl<T: Together> Drop for Lane<T> {
    fn drop(&mut self) {
        let mut lines = self.lanes.lines();
        if let Some(line) = lines.get_mut(&self.kind) {
            line.leave(self.taken);
            if line.is_idle() {
                lines.remove(&self.kind);
            }
        }
        drop(lines);
        self.lanes.begin(&self.kind);
    }
}

/// A place in a line.
pub struct Place<T: Together> {
    lanes: Lanes<T>,
    kind: Arc<T::Kind>,
    told: oneshot::Receiver<T::Answer>,
}

impl<T: Together> Place<T> {
    /// What whoever does the work tells; an error if that ended without telling.
    pub async fn told(mut self) -> Result<T::Answer, RecvError> {
        loop {
            tokio::select! {
                biased;
                told = &mut self.told => return told,
                () = sleep(LATE) => self.lanes.begin(&self.kind),
            }
        }
    }
}

/// Waits until none of them waits for an answer.
pub async fn all_gone<'c, A: 'c>(callers: impl IntoIterator<Item = &'c mut oneshot::Sender<A>>) {
    for caller in callers {
        caller.closed().await;
    }
}
