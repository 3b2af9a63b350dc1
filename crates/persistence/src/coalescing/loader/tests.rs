use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use byline_domain::error::Corrupt;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::*;
use crate::meter::Statements;

const KEY_OF_A_DEFECT: u64 = 666;
const KEY_OF_A_PANIC: u64 = 13;

/// A store whose statements wait until the test lets them go on. What it reads of a key is
/// the moment at which the statement began.
struct Store {
    began: Mutex<Vec<Vec<u64>>>,
    go_on: Semaphore,
    moment: AtomicU64,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
    given_up: AtomicUsize,
    corrupt: HashSet<u64>,
    is_away: bool,
    /// How many keys an answer has room for.
    room: usize,
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
            corrupt: HashSet::new(),
            is_away: false,
            room: usize::MAX,
        }
    }
}

/// A statement that is under way.
struct UnderWay<'s> {
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
    async fn read(&self, keys: &[u64]) -> Result<Vec<u64>, RepositoryError> {
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
        if keys.contains(&KEY_OF_A_DEFECT) {
            return Err(RepositoryError::Internal("no such column".into()));
        }
        if let Some(key) = keys.iter().find(|key| self.corrupt.contains(key)) {
            return Err(corrupt(*key).into());
        }
        Ok(vec![seen; keys.len().min(self.room)])
    }

    fn began(&self) -> Vec<Vec<u64>> {
        self.began.lock().unwrap().clone()
    }
}

fn corrupt(key: u64) -> Corrupt {
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

    async fn many(&self, _: &Arc<&'static str>, keys: &[u64]) -> Result<Vec<u64>, RepositoryError> {
        self.read(keys).await
    }
}

struct Stage {
    store: Arc<Store>,
    loader: Loader<Arc<Store>>,
}

type Read = JoinHandle<Result<u64, RepositoryError>>;

impl Stage {
    fn of(store: Store, at_once: usize) -> Self {
        let store = Arc::new(store);
        let lanes = Lanes {
            at_once,
            direct: true,
        };
        Self {
            loader: Loader::new(Arc::clone(&store), lanes),
            store,
        }
    }

    /// A read of that key, which has come as far as it comes by itself.
    async fn read(&self, group: &'static str, key: u64) -> Read {
        let loader = self.loader.clone();
        let read = tokio::spawn(async move { loader.load(group, key).await });
        settle().await;
        read
    }

    async fn reads(&self, keys: impl IntoIterator<Item = u64>) -> Vec<Read> {
        let mut reads = Vec::new();
        for key in keys {
            reads.push(self.read("a", key).await);
        }
        reads
    }

    /// Lets so many statements go on.
    async fn go_on(&self, statements: usize) {
        self.store.go_on.add_permits(statements);
        settle().await;
    }

    fn began(&self) -> Vec<Vec<u64>> {
        self.store.began()
    }
}

/// Has every task come as far as it comes by itself.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

async fn told(read: Read) -> u64 {
    read.await.unwrap().unwrap()
}

async fn refused(read: Read) -> RepositoryError {
    read.await.unwrap().unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn while_a_lane_is_free_a_read_is_made_at_once() {
    let stage = Stage::of(Store::default(), 2);
    let reads = stage.reads([1, 2]).await;
    assert_eq!(stage.began(), [[1], [2]]);
    stage.go_on(2).await;
    for read in reads {
        assert_eq!(told(read).await, 1);
    }
    let read = stage.read("a", 3).await;
    assert_eq!(stage.began(), [[1], [2], [3]]);
    drop(read);
}

#[tokio::test(start_paused = true)]
async fn what_arrives_meanwhile_is_the_next_statement() {
    let stage = Stage::of(Store::default(), 1);
    let reads = stage.reads([1, 2, 3, 4]).await;
    assert_eq!(stage.began(), [[1]]);
    stage.go_on(1).await;
    assert_eq!(stage.began(), [vec![1], vec![2, 3, 4]]);
    stage.go_on(1).await;
    for read in reads {
        told(read).await;
    }
    assert_eq!(stage.began().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_read_sees_what_was_written_before_it_though_the_same_is_being_read() {
    let stage = Stage::of(Store::default(), 1);
    let before = stage.read("a", 7).await;
    stage.store.moment.store(2, Ordering::Relaxed);
    let after = stage.read("a", 7).await;
    stage.go_on(2).await;
    assert_eq!(told(before).await, 1);
    assert_eq!(told(after).await, 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_for_twice_is_read_once() {
    let stage = Stage::of(Store::default(), 1);
    let reads = stage.reads([1, 7, 7, 8, 7]).await;
    stage.go_on(2).await;
    assert_eq!(stage.began(), [vec![1], vec![7, 8]]);
    for read in reads {
        told(read).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_read_in_another_way_is_another_statement() {
    let stage = Stage::of(Store::default(), 1);
    let mut reads = Vec::new();
    for (group, key) in [("a", 1), ("a", 2), ("b", 3), ("a", 4), ("b", 2), ("b", 4)] {
        reads.push(stage.read(group, key).await);
    }
    assert_eq!(stage.began(), [[1], [3]]);
    stage.go_on(2).await;
    assert_eq!(stage.began()[2..], [[2, 4], [2, 4]]);
    stage.go_on(2).await;
    for read in reads {
        told(read).await;
    }
    assert!(stage.loader.lines().lines.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_gone_before_is_left_out() {
    let stage = Stage::of(Store::default(), 1);
    let reads = stage.reads([1, 2, 3]).await;
    reads[1].abort();
    settle().await;
    stage.go_on(2).await;
    assert_eq!(stage.began(), [[1], [3]]);
    assert_eq!(stage.store.given_up.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_meanwhile_takes_no_other_along_and_the_last_one_ends_the_statement() {
    let stage = Stage::of(Store::default(), 1);
    let reads = stage.reads([1, 2, 3, 4]).await;
    stage.go_on(1).await;
    reads[1].abort();
    settle().await;
    let given_up = || stage.store.given_up.load(Ordering::Relaxed);
    assert_eq!(given_up(), 0);
    reads[2].abort();
    reads[3].abort();
    settle().await;
    assert_eq!(given_up(), 1);

    // The lane is free again, for others.
    let mut reads = stage.reads([5, 6, 7]).await;
    stage.go_on(1).await;
    reads[1].abort();
    settle().await;
    stage.go_on(1).await;
    assert_eq!(given_up(), 1);
    assert_eq!(told(reads.remove(2)).await, 1);
    assert_eq!(told(reads.remove(0)).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_reads_by_itself_and_goes_gives_its_lane_to_those_who_wait() {
    let stage = Stage::of(Store::default(), 1);
    let mut reads = stage.reads([1, 2, 3]).await;
    reads[0].abort();
    settle().await;
    assert_eq!(stage.began(), [vec![1], vec![2, 3]]);
    stage.go_on(1).await;
    told(reads.remove(2)).await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_fails_alone() {
    let store = Store {
        corrupt: HashSet::from([4]),
        ..Store::default()
    };
    let stage = Stage::of(store, 1);
    let reads = stage.reads([1, 2, 3, 4, KEY_OF_A_DEFECT, 5, 6, 4]).await;
    stage.go_on(100).await;
    for (place, read) in reads.into_iter().enumerate() {
        match place {
            3 | 7 => {
                let error = refused(read).await;
                assert!(matches!(error, RepositoryError::Corrupt(it) if it == corrupt(4)));
            }
            4 => {
                let error = refused(read).await;
                let source = std::error::Error::source(&error).map(ToString::to_string);
                assert!(matches!(error, RepositoryError::Internal(_)));
                assert_eq!(source.as_deref(), Some("no such column"));
            }
            _ => assert_eq!(told(read).await, 1),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_away_is_asked_once_for_all() {
    let store = Store {
        is_away: true,
        ..Store::default()
    };
    let stage = Stage::of(store, 1);
    let reads = stage.reads([1, 2, 3, 4]).await;
    stage.go_on(100).await;
    assert_eq!(stage.began().len(), 2);
    for read in reads {
        let error = refused(read).await;
        assert!(matches!(error, RepositoryError::Unavailable(_)));
        let source = std::error::Error::source(&error).map(ToString::to_string);
        assert_eq!(source.as_deref(), Some("it is away"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_no_room_in_an_answer_is_asked_for_again() {
    let store = Store {
        room: 2,
        ..Store::default()
    };
    let stage = Stage::of(store, 1);
    let reads = stage.reads([1, 2, 3, 4, 5, 6]).await;
    stage.go_on(100).await;
    assert_eq!(
        stage.began(),
        [vec![1], vec![2, 3, 4, 5, 6], vec![4, 5, 6], vec![6]]
    );
    for read in reads {
        assert_eq!(told(read).await, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_rows_ends_the_call() {
    let store = Store {
        room: 0,
        ..Store::default()
    };
    let stage = Stage::of(store, 1);
    let lane = stage.loader.turn(&Arc::new("a"), 1);
    let reads = stage.reads([2, 3]).await;
    drop(lane);
    stage.go_on(100).await;
    for read in reads {
        let error = refused(read).await;
        assert!(matches!(error, RepositoryError::Internal(_)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_costs_its_statement_and_no_more() {
    let stage = Stage::of(Store::default(), 1);
    let mut reads = stage.reads([1, 2, KEY_OF_A_PANIC]).await;
    stage.go_on(2).await;
    assert_eq!(stage.began(), [vec![1], vec![2, KEY_OF_A_PANIC]]);
    let error = refused(reads.remove(2)).await;
    assert!(matches!(error, RepositoryError::Internal(_)));
    let read = stage.read("a", 3).await;
    stage.go_on(1).await;
    told(read).await;
}

#[tokio::test(start_paused = true)]
async fn statements_and_their_keys_are_bounded() {
    let stage = Stage::of(Store::default(), 2);
    let keys = u64::try_from(3 * MAX_KEYS).unwrap();
    let reads = stage.reads(1_000..1_000 + keys).await;
    for _ in 0..5 {
        stage.go_on(1).await;
    }
    let sizes: Vec<_> = stage.began().iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 1, MAX_KEYS, MAX_KEYS, MAX_KEYS - 2]);
    assert_eq!(stage.store.most_under_way.load(Ordering::Relaxed), 2);
    for read in reads {
        told(read).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_statement_counts_for_each_that_it_answers() {
    let store = Store {
        corrupt: HashSet::from([3]),
        ..Store::default()
    };
    let stage = Stage::of(store, 1);
    let mut reads = Vec::new();
    for key in [1, 2, 3, 4] {
        let loader = stage.loader.clone();
        reads.push(tokio::spawn(async move {
            let statements = Statements::default();
            let answer = statements.count_in(loader.load("a", key)).await;
            (answer.is_ok(), statements.get())
        }));
        settle().await;
    }
    stage.go_on(100).await;
    assert_eq!(
        stage.began(),
        [
            vec![1],
            vec![2, 3, 4],
            vec![2],
            vec![3, 4],
            vec![3],
            vec![4]
        ]
    );
    let mut counted = Vec::new();
    for read in reads {
        counted.push(read.await.unwrap());
    }
    assert_eq!(counted, [(true, 1), (true, 2), (false, 3), (true, 3)]);
}

#[tokio::test(start_paused = true)]
async fn without_the_direct_way_every_read_waits_its_turn() {
    let store = Arc::new(Store::default());
    let lanes = Lanes {
        at_once: 1,
        direct: false,
    };
    let loader = Loader::new(Arc::clone(&store), lanes);
    store.go_on.add_permits(1);
    assert_eq!(loader.load("a", 1).await.unwrap(), 1);
    assert_eq!(store.began(), [[1]]);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_statement_that_is_late_is_given_another_lane() {
    let stage = Stage::of(Store::default(), 1);
    let mut reads = stage.reads([1, 2, 3]).await;
    tokio::time::advance(LATE / 2).await;
    settle().await;
    assert_eq!(stage.began(), [[1]]);
    reads.extend(stage.reads([4]).await);
    tokio::time::advance(LATE / 2).await;
    settle().await;
    assert_eq!(stage.began(), [vec![1], vec![2, 3, 4]]);

    // What arrives now waits for the lane that was lent, which is late in its turn.
    reads.extend(stage.reads([5]).await);
    tokio::time::advance(LATE).await;
    settle().await;
    assert_eq!(stage.began().len(), 3);

    // As those end that were late, there is one lane again.
    reads.extend(stage.reads([6, 7]).await);
    stage.go_on(2).await;
    assert_eq!(stage.began().len(), 3);
    stage.go_on(1).await;
    assert_eq!(stage.began()[3..], [[6, 7]]);
    stage.go_on(1).await;
    for read in reads {
        told(read).await;
    }
    assert!(stage.loader.lines().lines.is_empty());
}
