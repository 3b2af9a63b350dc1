//! Counts the statements that one call costs.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use byline_domain::meter::Meter;

tokio::task_local! {
    static STATEMENTS: Statements;
}

/// A count of statements: round trips to the database, those that begin and end
/// a transaction among them.
#[derive(Clone, Debug, Default)]
pub struct Statements(Arc<AtomicU32>);

impl Statements {
    /// The statements sent so far.
    pub fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// Runs `call`, counting the statements that it sends.
    pub async fn count_in<F: Future>(&self, call: F) -> F::Output {
        STATEMENTS.scope(self.clone(), call).await
    }
}

/// Has what `work` sends counted for the call under way here, on whatever task it runs.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let statements = STATEMENTS.try_with(Clone::clone).unwrap_or_default();
    async move { statements.count_in(work).await }
}

/// Counts so many statements for the call under way, if there is one.
pub(crate) fn count(statements: u32) {
    // Outside a call, as while migrating, nobody asks for the count.
    let _ = STATEMENTS.try_with(|it| it.0.fetch_add(statements, Ordering::Relaxed));
}

/// Counts for the call under way on this task.
#[derive(Clone, Copy, Debug)]
pub struct CallMeter;

#[async_trait]
impl Meter for CallMeter {
    async fn measure<'w>(&self, work: Pin<Box<dyn Future<Output = ()> + Send + 'w>>) -> u32 {
        let statements = Statements::default();
        statements.count_in(work).await;
        statements.get()
    }

    fn count(&self, statements: u32) {
        count(statements);
    }
}
