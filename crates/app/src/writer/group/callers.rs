//! Those who wait for a unit of work of many.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::vec::IntoIter;

use byline_lanes::all_gone;
use tokio::sync::oneshot::Sender;

use super::{End, Told};

/// Whether a COMMIT has begun, after which nothing tells that nothing was kept.
#[derive(Clone, Default)]
pub(super) struct Commit(Arc<AtomicBool>);

impl Commit {
    pub(super) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Those who wait for a unit of work. Whoever is left when it is dropped, as by a panic, is told
/// that nothing was kept, or that nobody knows.
#[derive(Default)]
pub(super) struct Callers {
    answers: Vec<Sender<Told>>,
    commit: Commit,
}

impl Callers {
    pub(super) fn add(&mut self, answer: Sender<Told>) {
        self.answers.push(answer);
    }

    /// Where it is to be noted that the COMMIT begins.
    pub(super) fn commit(&self) -> Commit {
        self.commit.clone()
    }

    /// Waits until none of them waits, and for ever if the COMMIT has begun by then.
    pub(super) async fn gone_before_commit(&mut self) {
        all_gone(&mut self.answers).await;
        if self.commit.has_begun() {
            std::future::pending::<()>().await;
        }
    }

    /// Those who wait, each to be told by whoever calls this.
    pub(super) fn take(&mut self) -> IntoIter<Sender<Told>> {
        std::mem::take(&mut self.answers).into_iter()
    }
}

impl Drop for Callers {
    fn drop(&mut self) {
        for answer in self.take() {
            let unknown = self.commit.has_begun();
            let unknown = unknown.then(|| "a COMMIT of changes was left".into());
            // Whoever is gone wants no answer.
            let _ = answer.send(Told {
                end: End::Alone(unknown),
                statements: 0,
            });
        }
    }
}
