//! Work that several tasks share.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use crate::Failure;

/// Work that waits. Cheap to clone.
pub(crate) struct Queue<T>(Arc<Mutex<VecDeque<T>>>);

impl<T> Queue<T> {
    /// What comes next, for the task that asks.
    pub(crate) fn next(&self) -> Option<T> {
        let mut work = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work.pop_front()
    }
}

/// Starts so many tasks over the work, and waits for all of them. Fails with the first
/// that fails, and leaves the rest of the work then.
pub(crate) async fn run<T, F>(
    work: Vec<T>,
    tasks: usize,
    task: impl Fn(Queue<T>) -> F,
) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let work = Arc::new(Mutex::new(VecDeque::from(work)));
    let mut running = JoinSet::new();
    for _ in 0..tasks {
        running.spawn(task(Queue(work.clone())));
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(())
}
