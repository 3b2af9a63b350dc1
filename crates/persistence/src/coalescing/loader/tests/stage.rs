//! A store whose statements a test lets go on, and reads of it.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use byline_domain::error::Corrupt;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::super::*;

pub(super) const KEY_OF_A_DEFECT: u64 = 666;
pub(super) const KEY_OF_A_PANIC: u64 = 13;
pub(super) const KEY_THAT_IS_SLOW: u64 = 99;

/// A store whose statements wait until the test lets them go on. What it reads of a key is
/// the moment at which the statement began.
pub(super) struct Store {
    pub(super) began: Mutex<Vec<Vec<u64>>>,
    pub(super) go_on: Semaphore,
    pub(super) moment: AtomicU64,
    pub(super) under_way: AtomicUsize,
    pub(super) most_under_way: AtomicUsize,
    pub(super) given_up: AtomicUsize,
    /// How many reads their callers made by themselves.
    pub(super) alone: AtomicUsize,
    pub(super) corrupt: HashSet<u64>,
    pub(super) is_away: bool,
    /// How many keys an answer has room for.
    pub(super) room: usize,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            began: Mutex::default(),
            go_on: Semaphore::new(0),
            moment: AtomicU64::new(1),
            under_way: AtomicUsize::new(0),
            most_under_way: AtomicUsize::new(0),
            given_up: AtomicUsize::new(0),
            alone: AtomicUsize::new(0),
            corrupt: HashSet::new(),
            is_away: false,
            room: usize::MAX,
        }
    }
}

/// A statement that is under way.
pub(super) struct UnderWay<'s> {
    store: &'s Store,
    is_over: bool,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.store.under_way.fetch_sub(1, Ordering::Relaxed);
        if !self.is_over {
            self.store.given_up.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Store {
    pub(super) async fn read(&self, keys: &[u64]) -> Result<Vec<u64>, RepositoryError> {
        meter::count(1);
        self.began.lock().unwrap().push(keys.to_vec());
        let under_way = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_under_way.fetch_max(under_way, Ordering::Relaxed);
        let mut statement = UnderWay {
            store: self,
            is_over: false,
        };
        let seen = self.moment.load(Ordering::Relaxed);
        self.go_on.acquire().await.unwrap().forget();
        statement.is_over = true;
        assert!(!keys.contains(&KEY_OF_A_PANIC), "the key of a panic");
        if self.is_away {
            return Err(RepositoryError::Unavailable("it is away".into()));
        }
        if keys.contains(&KEY_THAT_IS_SLOW) {
            return Err(RepositoryError::TimedOut("it took too long".into()));
        }
        if keys.contains(&KEY_OF_A_DEFECT) {
            return Err(RepositoryError::Internal("no such column".into()));
        }
        if let Some(key) = keys.iter().find(|key| self.corrupt.contains(key)) {
            return Err(corrupt(*key).into());
        }
        Ok(vec![seen; keys.len().min(self.room)])
    }

    pub(super) fn began(&self) -> Vec<Vec<u64>> {
        self.began.lock().unwrap().clone()
    }
}

pub(super) fn corrupt(key: u64) -> Corrupt {
    Corrupt {
        table: "rows",
        column: "value",
        id: Uuid::from_u128(key.into()),
    }
}

#[async_trait]
impl Reads for Arc<Store> {
    type Group = &'static str;
    type Key = u64;
    type Row = u64;

    async fn one(&self, _: &Arc<&'static str>, key: u64) -> Result<u64, RepositoryError> {
        Ok(self.read(&[key]).await?[0])
    }

    async fn alone(&self, group: &Arc<&'static str>, key: u64) -> Result<u64, RepositoryError> {
        self.alone.fetch_add(1, Ordering::Relaxed);
        self.one(group, key).await
    }

    async fn many(&self, _: &Arc<&'static str>, keys: &[u64]) -> Result<Vec<u64>, RepositoryError> {
        self.read(keys).await
    }
}

pub(super) struct Stage {
    pub(super) store: Arc<Store>,
    pub(super) loader: Loader<Arc<Store>>,
}

pub(super) type Read = JoinHandle<Result<u64, RepositoryError>>;

impl Stage {
    pub(super) fn of(store: Store, at_once: usize) -> Self {
        let store = Arc::new(store);
        Self {
            loader: Loader::new(Arc::clone(&store), Bounds { at_once, ..BOUNDS }),
            store,
        }
    }

    /// A read of that key, which has come as far as it comes by itself.
    pub(super) async fn read(&self, group: &'static str, key: u64) -> Read {
        let loader = self.loader.clone();
        let read = tokio::spawn(async move { loader.load(group, key).await });
        settle().await;
        read
    }

    pub(super) async fn reads(&self, keys: impl IntoIterator<Item = u64>) -> Vec<Read> {
        let mut reads = Vec::new();
        for key in keys {
            reads.push(self.read("a", key).await);
        }
        reads
    }

    /// Lets so many statements go on.
    pub(super) async fn go_on(&self, statements: usize) {
        self.store.go_on.add_permits(statements);
        settle().await;
    }

    pub(super) fn began(&self) -> Vec<Vec<u64>> {
        self.store.began()
    }
}

/// Has every task come as far as it comes by itself.
pub(super) async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

pub(super) async fn told(read: Read) -> u64 {
    read.await.unwrap().unwrap()
}

pub(super) async fn refused(read: Read) -> RepositoryError {
    read.await.unwrap().unwrap_err()
}
