//! The threads that passwords are hashed on: few, so that those of other calls have processors
//! too, and with a bounded number of calls that wait for them.
//!
//! A call has a place from when it is admitted until it ends, however it does: one whose deadline
//! is over leaves the queue at once.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use byline_domain::access::Caller;
use byline_domain::credential::{HashError, HashingPlace};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::shares::{CallerShares, Full, Shares};

/// How a pool is bounded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolSettings {
    /// How many passwords are hashed at once.
    pub(crate) threads: usize,
    /// How many calls wait for that.
    pub(crate) queue: usize,
}

type Job = Box<dyn FnOnce() + Send>;

/// Threads that take turns. They end when this is dropped.
pub(super) struct Pool {
    /// Of those that wait and those that are hashed, half of them for one caller.
    places: CallerShares,
    /// Of those that are hashed.
    turns: Arc<Semaphore>,
    jobs: Sender<Job>,
}

impl Pool {
    pub(super) fn new(settings: PoolSettings) -> Self {
        let threads = settings.threads.max(1);
        let (jobs, taken) = channel();
        let taken = Arc::new(Mutex::new(taken));
        for number in 1..=threads {
            let taken = Arc::clone(&taken);
            thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || work(&taken))
                .expect("the system has a thread to give");
        }
        Self {
            places: Shares::new(threads.saturating_add(settings.queue)),
            turns: Arc::new(Semaphore::new(threads)),
            jobs,
        }
    }

    /// Takes a place for that caller.
    pub(super) fn admit(&self, caller: &Caller) -> Result<HashingPlace, HashError> {
        match self.places.take_for(caller) {
            Ok(place) => Ok(HashingPlace::new(place)),
            Err(Full::All) => Err(HashError::Busy),
            Err(Full::Share) => Err(HashError::ShareExceeded),
        }
    }

    /// Has `work` done on one of the threads, first come, first served.
    pub(super) async fn turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let gone = || HashError::Internal("the thread that hashes is gone".into());
        let turn: OwnedSemaphorePermit = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(|_| gone())?;
        let (answer, answered) = oneshot::channel();
        let job = move || {
            let done = work();
            drop(turn);
            // Nobody may wait for it any more.
            let _ = answer.send(done);
        };
        self.jobs.send(Box::new(job)).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    yield_to_others();
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else {
            return;
        };
        // The next one is done whatever happens to this: who waits for it is told that it is gone.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
    }
}

/// Lets the threads of other calls go first, where the processors do not suffice for all. On Linux
/// a thread has a priority of its own; elsewhere it would be that of the whole process.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, PRIORITY) {
        tracing::debug!(%error, "hashing has the priority of all else");
    }
}

/// A third of the weight of other threads. With less, a machine that is busy with something
/// else would leave logins no time at all.
#[cfg(target_os = "linux")]
const PRIORITY: i32 = 5;

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use tokio::task::JoinHandle;
    use tokio::time::timeout;

    use super::*;

    fn pool(threads: usize, queue: usize) -> Arc<Pool> {
        Arc::new(Pool::new(PoolSettings { threads, queue }))
    }

    /// Has a thread of the pool at work until what is answered is dropped.
    async fn busy(pool: &Arc<Pool>) -> (mpsc::Sender<()>, JoinHandle<Result<(), HashError>>) {
        let (go, gone) = mpsc::channel::<()>();
        let (tell, told) = oneshot::channel();
        let pool = Arc::clone(pool);
        let work = tokio::spawn(async move {
            let work = move || {
                let _ = tell.send(());
                let _ = gone.recv();
            };
            pool.turn(work).await
        });
        told.await.unwrap();
        (go, work)
    }

    #[tokio::test]
    async fn so_many_are_admitted_as_are_hashed_and_wait() {
        let pool = pool(2, 3);
        let anybody = Caller::anybody();
        let mut places: Vec<_> = (0..5).map(|_| pool.admit(&anybody).unwrap()).collect();
        assert!(matches!(pool.admit(&anybody), Err(HashError::Busy)));
        places.pop();
        assert!(pool.admit(&anybody).is_ok());
    }

    #[tokio::test]
    async fn no_more_are_hashed_at_once_than_there_are_threads() {
        let pool = pool(1, 9);
        let (go, first) = busy(&pool).await;
        let second = pool.turn(|| 2);
        tokio::pin!(second);
        let early = timeout(Duration::from_millis(50), &mut second).await;
        assert!(early.is_err(), "it has to wait for the first");
        drop(go);
        first.await.unwrap().unwrap();
        assert_eq!(second.await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_call_that_is_over_leaves_the_queue_undone() {
        let pool = pool(1, 9);
        let (go, first) = busy(&pool).await;
        let (done, was_done) = mpsc::channel();
        let left = pool.turn(move || done.send(()));
        let left = timeout(Duration::from_millis(50), left).await;
        assert!(left.is_err(), "it has to wait for the first");
        drop(go);
        first.await.unwrap().unwrap();
        assert_eq!(pool.turn(|| 3).await.unwrap(), 3);
        assert!(was_done.recv().is_err(), "nobody waited for it");
    }

    #[tokio::test]
    async fn what_panics_is_told_and_ends_no_thread() {
        let pool = pool(1, 9);
        let failed = pool.turn(|| panic!("on purpose")).await;
        let failed: Result<(), _> = failed;
        assert!(matches!(failed, Err(HashError::Internal(_))));
        assert_eq!(pool.turn(|| 2).await.unwrap(), 2);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_has_a_lower_priority_and_nothing_else_has() {
        let own = || rustix::process::getpriority_process(None).unwrap();
        let before = own();
        let pool = pool(1, 1);
        assert_eq!(pool.turn(own).await.unwrap(), PRIORITY);
        assert_eq!(own(), before);
    }
}
