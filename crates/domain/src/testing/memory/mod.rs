//! The ports over plain memory: what use cases are tested against where mocks
//! would say too little, and the reference that the conformance suite is tried on.

mod audit;
mod batches;
mod counting;
mod credentials;
mod export;
mod filter;
mod imports;
mod paging;
mod posts;
mod requests;
mod state;
mod sweep;
mod trash;
mod unit_of_work;
mod users;
mod words;
mod writers;

use std::sync::{Arc, Mutex, PoisonError};

pub use self::filter::{meets_event, meets_post, meets_user};
use self::state::State;

/// Users and posts in memory. Clones share one store.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    published: Arc<Mutex<Arc<State>>>,
    /// Held by the unit of work that is open: units of work wait for each other,
    /// so that none ever meets the changes of another.
    writing: Arc<tokio::sync::Mutex<()>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is committed now.
    fn snapshot(&self) -> Arc<State> {
        let published = self.published.lock();
        Arc::clone(&published.unwrap_or_else(PoisonError::into_inner))
    }

    fn publish(&self, state: State) {
        let published = self.published.lock();
        *published.unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
    }
}
