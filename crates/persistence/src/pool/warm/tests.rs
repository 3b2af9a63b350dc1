use std::error::Error;

use super::*;
use crate::pool::{Database, PoolSettings};
use crate::testing::{TestDatabase, execute};

/// Longer than a connection waits to be taken again, and than whoever looks after it sleeps.
const LATER: Duration = Duration::from_millis(2_500);

/// A pool of two connections.
fn pool(test: &TestDatabase) -> Database {
    let settings = PoolSettings {
        max_connections: 2,
        acquire_timeout: Duration::from_millis(500),
        ..PoolSettings::default()
    };
    Database::new(test.connect_options(), &settings)
}

impl Warm {
    /// How many wait here, and how many in the driver's pool.
    fn waiting(&self) -> (usize, usize) {
        (self.idle.lock().idle.len(), self.pool.num_idle())
    }
}

async fn process(taken: &mut Taken) -> i32 {
    let process = sqlx::query_scalar("select pg_backend_pid()");
    process.fetch_one(&mut *taken.connection).await.unwrap()
}

#[tokio::test]
async fn one_that_is_taken_again_soon_does_not_go_back_in_between() {
    let test = TestDatabase::new().await;
    let warm = pool(&test).connections;
    let mut taken = warm.take().await.unwrap();
    let (first, came) = (process(&mut taken).await, taken.came);
    for _ in 0..10 {
        warm.give_back(taken);
        assert_eq!(warm.waiting(), (1, 0));
        taken = warm.take().await.unwrap();
        assert_eq!(warm.waiting(), (0, 0));
        assert_eq!(taken.came, came, "it did not come from the driver's pool");
    }
    assert_eq!(process(&mut taken).await, first);
}

#[tokio::test]
async fn the_one_that_was_used_last_is_taken_first() {
    let test = TestDatabase::new().await;
    let warm = pool(&test).connections;
    let mut one = warm.take().await.unwrap();
    let mut other = warm.take().await.unwrap();
    let (first, last) = (process(&mut one).await, process(&mut other).await);
    warm.give_back(one);
    warm.give_back(other);
    let mut taken = warm.take().await.unwrap();
    assert_eq!(process(&mut taken).await, last);
    let mut taken = warm.take().await.unwrap();
    assert_eq!(process(&mut taken).await, first);
}

#[tokio::test]
async fn those_that_nobody_takes_go_back_looked_after_by_one() {
    let test = TestDatabase::new().await;
    let warm = pool(&test).connections;
    let tasks = || Handle::current().metrics().num_alive_tasks();
    for _ in 0..2 {
        let (one, other) = (warm.take().await.unwrap(), warm.take().await.unwrap());
        let before = tasks();
        warm.give_back(one);
        warm.give_back(other);
        for _ in 0..20 {
            let taken = warm.take().await.unwrap();
            warm.give_back(taken);
        }
        assert_eq!(tasks(), before + 1, "however many are given back");
        assert_eq!(warm.waiting(), (2, 0));
        tokio::time::sleep(LATER).await;
        assert_eq!(warm.waiting(), (0, 2));
        assert!(!warm.idle.lock().is_looked_after);
    }
}

#[tokio::test]
async fn one_that_is_in_use_all_the_time_goes_back_now_and_then() {
    let test = TestDatabase::new().await;
    let warm = pool(&test).connections;
    let mut taken = warm.take().await.unwrap();
    taken.came = Instant::now().checked_sub(SHIFT).unwrap();
    warm.give_back(taken);
    assert_eq!(warm.waiting().0, 0);
}

#[tokio::test]
async fn after_a_connection_was_lost_those_that_were_idle_then_go_back() {
    let test = TestDatabase::new().await;
    let database = pool(&test);
    let warm = &database.connections;
    let (one, other) = (warm.take().await.unwrap(), warm.take().await.unwrap());
    let before = one.came.max(other.came);
    warm.give_back(one);
    warm.give_back(other);
    database.last_loss.note();
    let taken = warm.take().await.unwrap();
    assert!(taken.came > before, "it came from the driver's pool");
    assert_eq!(warm.waiting().0, 0);
    warm.give_back(taken);
    assert_eq!(warm.waiting().0, 1, "it was used since");
}

#[tokio::test]
async fn no_more_are_in_use_than_the_pool_has_and_one_that_is_given_back_is_had_at_once() {
    let test = TestDatabase::new().await;
    let warm = pool(&test).connections;
    let (one, _other) = (warm.take().await.unwrap(), warm.take().await.unwrap());
    let refused = warm.take().await.unwrap_err();
    assert!(
        matches!(refused, RepositoryError::Unavailable(_)),
        "{:?}",
        refused.source()
    );
    let waiting = warm.clone();
    let waiting = tokio::spawn(async move { waiting.take().await });
    tokio::task::yield_now().await;
    warm.give_back(one);
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn one_on_which_a_statement_failed_or_was_left_is_not_kept() {
    let test = TestDatabase::new().await;
    let database = pool(&test);
    let waiting = || database.connections.waiting().0;
    drop(database.lease().await.unwrap());
    assert_eq!(waiting(), 1);

    let mut lease = database.lease().await.unwrap();
    let mut statement = lease.statement();
    let failed = sqlx::raw_sql("select 1/0").execute(&mut *statement).await;
    assert!(statement.finish(failed).is_err());
    drop(lease);
    assert_eq!(waiting(), 0);

    let mut lease = database.lease().await.unwrap();
    let _ = lease.statement();
    drop(lease);
    assert_eq!(waiting(), 0);
}

#[tokio::test]
async fn a_pool_that_is_closed_keeps_none_and_leaves_none_open() {
    let test = TestDatabase::new().await;
    let database = pool(&test);
    let warm = &database.connections;
    let (one, other) = (warm.take().await.unwrap(), warm.take().await.unwrap());
    warm.give_back(one);
    let closing = database.clone();
    let closing = tokio::spawn(async move { closing.close().await });
    tokio::task::yield_now().await;
    warm.give_back(other);
    tokio::time::timeout(LATER, closing).await.unwrap().unwrap();
    assert_eq!(warm.waiting(), (0, 0));
    assert_eq!(warm.pool.size(), 0);
    assert!(warm.take().await.is_err());
}

#[tokio::test]
async fn a_pool_can_be_dropped_outside_of_a_runtime() {
    let test = TestDatabase::new().await;
    let database = pool(&test);
    drop(database.lease().await.unwrap());
    assert_eq!(database.connections.waiting().0, 1);
    let dropped = std::thread::spawn(move || drop(database));
    assert!(dropped.join().is_ok());
    // And nothing is left of it.
    let left = "do $$ declare waited int := 0; begin
        while exists (select from pg_stat_activity where application_name = 'byline'
            and datname = current_database()) loop
            perform pg_sleep(0.05), pg_stat_clear_snapshot();
            waited := waited + 1;
            if waited > 100 then raise 'a connection is left'; end if;
        end loop;
    end $$";
    execute(&mut test.connection().await, left).await;
}
