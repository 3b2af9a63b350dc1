//! Calls that are left, that fail and that meet a server in trouble: what becomes
//! of the connection, of the server's work and of the changes.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

mod a_call_that_is_left;
mod a_claim;
mod a_serialization_failure;
mod a_server_in_trouble;
mod a_trigger_that_says_too_much;
mod a_unit_of_work_in_which_a_statement_failed;
mod a_unit_of_work_that_is_left;
mod a_value_that_its_type_refuses;
mod an_import;
mod time_outs;

use std::sync::Arc;
use std::time::{Duration, Instant};

use byline_domain::error::RepositoryError;
use byline_domain::order::{Direction, Order};
use byline_domain::page::{PageRequest, PageSize};
use byline_domain::post::{Post, PostField, PostFilter, PostReader, PostView};
use byline_domain::search::SearchQuery;
use byline_domain::selection::Fields;
use byline_domain::testing::fixtures;
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWorkFactory;
use byline_domain::user::{User, UserField, UserFilter, UserReader};
use byline_persistence::testing::{Connection, TestDatabase, count, execute};
use byline_persistence::{Database, PgConnectOptions, PoolSettings};

const SECOND: Duration = Duration::from_secs(1);
const SHORT: Duration = Duration::from_millis(150);

/// The adapters' connections; those that wait for a lock; and those in a transaction.
const BACKENDS: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'byline'";
const BACKENDS_BEYOND_TWO: &str = "select greatest(count(*) - 2, 0) from pg_stat_activity
    where datname = current_database() and application_name = 'byline'";
const WAITING: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'byline'
    and wait_event_type = 'Lock'";
const IN_TRANSACTION: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'byline'
    and state like 'idle in transaction%'";
/// Statements that wait for a lock for longer than [`SHORT`].
const LONG_WAITS: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'byline'
    and wait_event_type = 'Lock' and clock_timestamp() - query_start > interval '500 ms'";
const TERMINATE: &str = "select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'byline'";

/// No time-out is met unless a test shortens it.
fn patient(max_connections: u32) -> PoolSettings {
    PoolSettings {
        max_connections,
        acquire_timeout: 20 * SECOND,
        statement_timeout: 60 * SECOND,
        lock_timeout: 60 * SECOND,
        idle_in_transaction_timeout: 60 * SECOND,
        ..PoolSettings::default()
    }
}

struct World {
    database: Arc<Database>,
    /// Beside the adapters.
    beside: Connection,
    /// Holds locks. Not `beside`: a transaction goes on seeing the connections
    /// that there were when it first looked.
    locker: Connection,
    test: TestDatabase,
}

impl World {
    async fn new(settings: &PoolSettings) -> Self {
        let test = TestDatabase::of_any_time().await;
        Self {
            database: Arc::new(Database::new(test.connect_options(), settings)),
            beside: test.connection().await,
            locker: test.connection().await,
            test,
        }
    }

    /// Waits until the query answers `expected`; how long that took.
    async fn until(&mut self, sql: &'static str, expected: i64) -> Duration {
        let began = Instant::now();
        loop {
            let found = count(&mut self.beside, sql).await;
            if found == expected {
                return began.elapsed();
            }
            assert!(
                began.elapsed() < 10 * SECOND,
                "{found} rather than {expected}: {sql}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn insert(&self, user: &User) {
        let mut unit = self.database.begin().await.unwrap();
        unit.users().insert(user).await.unwrap();
        unit.commit().await.unwrap();
    }

    async fn find(&self, number: u64) -> Result<Option<User>, RepositoryError> {
        let id = fixtures::user_id(number);
        let found = UserReader::find(&*self.database, id, Trash::Include, &Fields::all()).await?;
        Ok(found.map(|view| view.into_user().expect("all fields were read")))
    }

    /// Begins to read a user, in a task of its own.
    fn start_find(&self, number: u64) -> tokio::task::JoinHandle<Result<(), RepositoryError>> {
        let database = self.database.clone();
        tokio::spawn(async move {
            let id = fixtures::user_id(number);
            UserReader::find(&*database, id, Trash::Include, &Fields::all())
                .await
                .map(drop)
        })
    }

    /// Keeps everybody from the users, until [`Self::unlock`].
    async fn lock_users(&mut self) {
        execute(
            &mut self.locker,
            "begin; lock table users in access exclusive mode",
        )
        .await;
    }

    async fn unlock(&mut self) {
        execute(&mut self.locker, "rollback").await;
    }

    /// Ends the adapters' connections, as an operator or a fail-over does.
    async fn terminate(&mut self) {
        execute(&mut self.beside, TERMINATE).await;
        self.until(BACKENDS, 0).await;
    }
}

#[track_caller]
fn assert_contention<T>(result: Result<T, RepositoryError>) {
    let error = result.err();
    assert!(
        matches!(error, Some(RepositoryError::Contention(_))),
        "{error:?}"
    );
}

#[track_caller]
fn assert_lost<T>(result: Result<T, RepositoryError>) {
    let error = result.err();
    assert!(
        matches!(error, Some(RepositoryError::ConnectionLost(_))),
        "{error:?}"
    );
}

#[track_caller]
fn assert_unavailable<T>(result: Result<T, RepositoryError>) {
    let error = result.err();
    assert!(
        matches!(error, Some(RepositoryError::Unavailable(_))),
        "{error:?}"
    );
}
