//! Calls that are left, that fail and that meet a server in trouble: what becomes
//! of the connection, of the server's work and of the changes.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use byline_domain::error::RepositoryError;
use byline_domain::page::{Direction, Order, PageRequest, PageSize};
use byline_domain::post::{PostFilter, PostReader, PostSortKey};
use byline_domain::testing::fixtures;
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWorkFactory;
use byline_domain::user::{User, UserFilter, UserReader, UserSortKey};
use byline_persistence::testing::{Connection, TestDatabase, count, execute};
use byline_persistence::{Database, PgConnectOptions, PoolSettings};

const SECOND: Duration = Duration::from_secs(1);

/// The adapters' connections; those that wait for a lock; and those in a transaction.
const BACKENDS: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'byline'";
const WAITING: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'byline'
    and wait_event_type = 'Lock'";
const IN_TRANSACTION: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'byline'
    and state like 'idle in transaction%'";
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
        let test = TestDatabase::new().await;
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
        UserReader::find(&*self.database, id, Trash::Include).await
    }

    /// Begins to read a user, in a task of its own.
    fn start_find(&self, number: u64) -> tokio::task::JoinHandle<Result<(), RepositoryError>> {
        let database = self.database.clone();
        tokio::spawn(async move {
            UserReader::find(&*database, fixtures::user_id(number), Trash::Include)
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
fn assert_unavailable<T>(result: Result<T, RepositoryError>) {
    let error = result.err();
    assert!(
        matches!(error, Some(RepositoryError::Unavailable(_))),
        "{error:?}"
    );
}

mod a_call_that_is_left {
    use super::*;

    #[tokio::test]
    async fn ends_on_the_server_within_a_second() {
        let mut world = World::new(&patient(1)).await;
        world.lock_users().await;
        let call = world.start_find(1);
        world.until(WAITING, 1).await;

        call.abort();
        let _ = call.await;
        let took = world.until(WAITING, 0).await;
        assert!(took < SECOND, "{took:?}");
        world.unlock().await;
    }

    #[tokio::test]
    async fn does_not_keep_the_only_place_in_the_pool() {
        let mut world = World::new(&patient(1)).await;
        world.lock_users().await;
        let call = world.start_find(1);
        world.until(WAITING, 1).await;
        call.abort();
        let _ = call.await;

        // Even while what it waited for is locked.
        let began = Instant::now();
        world.database.ping().await.unwrap();
        assert!(began.elapsed() < SECOND, "{:?}", began.elapsed());

        world.unlock().await;
        let began = Instant::now();
        assert_eq!(world.find(1).await.unwrap(), None);
        assert!(began.elapsed() < SECOND, "{:?}", began.elapsed());
        assert_eq!(world.until(BACKENDS, 1).await.as_secs(), 0);
    }

    #[tokio::test]
    async fn costs_the_pool_nothing_however_often_it_happens() {
        let mut world = World::new(&patient(2)).await;
        world.lock_users().await;
        for _ in 0..10 {
            let calls = [world.start_find(1), world.start_find(2)];
            for call in &calls {
                call.abort();
            }
            for call in calls {
                let _ = call.await;
            }
            let calls = [world.start_find(1), world.start_find(2)];
            tokio::time::sleep(Duration::from_millis(30)).await;
            for call in calls {
                call.abort();
                let _ = call.await;
            }
        }
        world.unlock().await;
        world.find(1).await.unwrap();
        world.until(WAITING, 0).await;
        assert!(count(&mut world.beside, BACKENDS).await <= 2);
    }
}

mod a_unit_of_work_that_is_left {
    use super::*;

    #[tokio::test]
    async fn is_rolled_back_and_frees_its_locks() {
        let mut world = World::new(&patient(2)).await;
        let user = fixtures::user(1);
        let mut unit = world.database.begin().await.unwrap();
        unit.users().insert(&user).await.unwrap();
        assert_eq!(count(&mut world.beside, IN_TRANSACTION).await, 1);
        drop(unit);

        // The same address would wait for a transaction that still held it.
        let began = Instant::now();
        world.insert(&user).await;
        assert!(began.elapsed() < SECOND, "{:?}", began.elapsed());
        world.until(IN_TRANSACTION, 0).await;
    }

    #[tokio::test]
    async fn gives_the_only_place_in_the_pool_back_clean() {
        let mut world = World::new(&patient(1)).await;
        let mut unit = world.database.begin().await.unwrap();
        unit.users().insert(&fixtures::user(1)).await.unwrap();
        drop(unit);

        assert_eq!(world.find(1).await.unwrap(), None);
        world.insert(&fixtures::user(2)).await;
        assert_eq!(
            world.until("select count(*) from users", 1).await.as_secs(),
            0
        );
    }

    #[tokio::test]
    async fn in_the_middle_of_a_statement_is_rolled_back_and_frees_its_locks() {
        let mut world = World::new(&patient(1)).await;
        let held = fixtures::user(1);
        world.insert(&held).await;
        execute(&mut world.locker, "begin; select * from users for update").await;

        let database = world.database.clone();
        let call = tokio::spawn(async move {
            let mut unit = database.begin().await.unwrap();
            unit.users().insert(&fixtures::user(2)).await.unwrap();
            let _ = unit.users().find_for_update(fixtures::user_id(1)).await;
        });
        world.until(WAITING, 1).await;
        call.abort();
        let _ = call.await;
        let took = world.until(WAITING, 0).await;
        assert!(took < SECOND, "{took:?}");

        // Address 2 is free again while row 1 is still held.
        world.insert(&fixtures::user(2)).await;
        world.unlock().await;
        assert_eq!(world.find(1).await.unwrap(), Some(held));
    }

    #[tokio::test]
    async fn while_it_commits_is_committed_or_rolled_back_and_ends() {
        let mut world = World::new(&patient(1)).await;
        let database = world.database.clone();
        let call = tokio::spawn(async move {
            let mut unit = database.begin().await.unwrap();
            unit.users().insert(&fixtures::user(1)).await.unwrap();
            unit.commit().await.unwrap();
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        call.abort();
        let _ = call.await;
        world.find(1).await.unwrap();
        world.until(IN_TRANSACTION, 0).await;
    }
}

mod a_unit_of_work_in_which_a_statement_failed {
    use super::*;

    fn hasty() -> PoolSettings {
        PoolSettings {
            lock_timeout: Duration::from_millis(100),
            ..patient(1)
        }
    }

    #[tokio::test]
    async fn is_not_committed_and_nothing_is_kept() {
        let mut world = World::new(&hasty()).await;
        world.insert(&fixtures::user(1)).await;
        execute(&mut world.locker, "begin; select * from users for update").await;

        let mut unit = world.database.begin().await.unwrap();
        unit.users().insert(&fixtures::user(2)).await.unwrap();
        assert_contention(unit.users().find_for_update(fixtures::user_id(1)).await);
        let committed = unit.commit().await;
        assert!(
            matches!(committed, Err(RepositoryError::Internal(_))),
            "{committed:?}"
        );

        assert_eq!(world.find(2).await.unwrap(), None);
        world.insert(&fixtures::user(3)).await;
        world.unlock().await;
    }

    #[tokio::test]
    async fn can_be_rolled_back_and_the_connection_serves_on() {
        let mut world = World::new(&hasty()).await;
        world.insert(&fixtures::user(1)).await;
        execute(&mut world.locker, "begin; select * from users for update").await;

        let mut unit = world.database.begin().await.unwrap();
        assert_contention(unit.users().find_for_update(fixtures::user_id(1)).await);
        unit.rollback().await.unwrap();
        world.insert(&fixtures::user(2)).await;
        world.unlock().await;
    }

    #[tokio::test]
    async fn inside_a_savepoint_that_is_rolled_back_is_committed_without_it() {
        let mut world = World::new(&hasty()).await;
        world.insert(&fixtures::user(1)).await;
        execute(&mut world.locker, "begin; select * from users for update").await;

        let mut unit = world.database.begin().await.unwrap();
        unit.users().insert(&fixtures::user(2)).await.unwrap();
        let mut inner = unit.savepoint().await.unwrap();
        inner.users().insert(&fixtures::user(3)).await.unwrap();
        assert_contention(inner.users().find_for_update(fixtures::user_id(1)).await);
        drop(inner);
        unit.users().insert(&fixtures::user(4)).await.unwrap();
        unit.commit().await.unwrap();
        world.unlock().await;

        let rows = count(&mut world.beside, "select count(*) from users").await;
        assert_eq!(rows, 3);
        assert_eq!(world.find(3).await.unwrap(), None);
    }
}

mod time_outs {
    use super::*;

    #[tokio::test]
    async fn a_lock_that_is_not_to_be_had_in_time_is_contention() {
        let mut world = World::new(&PoolSettings {
            lock_timeout: Duration::from_millis(100),
            ..patient(1)
        })
        .await;
        world.lock_users().await;
        assert_contention(world.find(1).await);
        world.unlock().await;
        assert_eq!(world.find(1).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_statement_that_takes_too_long_is_unavailable() {
        let mut world = World::new(&PoolSettings {
            statement_timeout: Duration::from_millis(100),
            ..patient(1)
        })
        .await;
        world.lock_users().await;
        assert_unavailable(world.find(1).await);
        world.unlock().await;
        assert_eq!(world.find(1).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_unit_of_work_that_is_idle_for_too_long_is_unavailable_and_undone() {
        let mut world = World::new(&PoolSettings {
            idle_in_transaction_timeout: Duration::from_millis(100),
            ..patient(1)
        })
        .await;
        let mut unit = world.database.begin().await.unwrap();
        unit.users().insert(&fixtures::user(1)).await.unwrap();
        world.until(BACKENDS, 0).await;

        assert_unavailable(unit.users().insert(&fixtures::user(2)).await);
        assert!(unit.commit().await.is_err());
        assert_eq!(world.find(1).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_commit_of_a_unit_of_work_that_the_server_ended_is_unavailable() {
        let mut world = World::new(&PoolSettings {
            idle_in_transaction_timeout: Duration::from_millis(100),
            ..patient(1)
        })
        .await;
        let mut unit = world.database.begin().await.unwrap();
        unit.users().insert(&fixtures::user(1)).await.unwrap();
        world.until(BACKENDS, 0).await;
        assert_unavailable(unit.commit().await);
        assert_eq!(world.find(1).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_pool_that_is_in_use_is_unavailable_in_time() {
        let world = World::new(&PoolSettings {
            acquire_timeout: Duration::from_millis(200),
            ..patient(1)
        })
        .await;
        let unit = world.database.begin().await.unwrap();
        let began = Instant::now();
        assert_unavailable(world.find(1).await);
        assert!(began.elapsed() < SECOND, "{:?}", began.elapsed());
        assert_unavailable(world.database.begin().await);
        assert_unavailable(world.database.ping().await);

        unit.rollback().await.unwrap();
        world.find(1).await.unwrap();
    }

    #[tokio::test]
    async fn two_units_of_work_in_a_deadlock_are_contention_for_one() {
        let world = World::new(&patient(2)).await;
        world.insert(&fixtures::user(1)).await;
        world.insert(&fixtures::user(2)).await;
        let mut one = world.database.begin().await.unwrap();
        let mut other = world.database.begin().await.unwrap();
        let (first, second) = (fixtures::user_id(1), fixtures::user_id(2));
        one.users().find_for_update(first).await.unwrap();
        other.users().find_for_update(second).await.unwrap();

        // Whoever is the victim must be undone before the other can go on.
        let one = async move {
            let found = one.users().find_for_update(second).await;
            (found, one.rollback().await)
        };
        let other = async move {
            let found = other.users().find_for_update(first).await;
            (found, other.rollback().await)
        };
        let ((one, one_end), (other, other_end)) = tokio::join!(one, other);
        one_end.unwrap();
        other_end.unwrap();
        let (winner, victim) = if one.is_ok() {
            (one, other)
        } else {
            (other, one)
        };
        assert!(winner.unwrap().is_some());
        assert_contention(victim);
    }
}

mod a_server_in_trouble {
    use super::*;

    #[tokio::test]
    async fn a_connection_that_is_cut_is_unavailable_once_and_then_replaced() {
        let mut world = World::new(&patient(1)).await;
        world.find(1).await.unwrap();
        let began = Instant::now();
        // The connection goes back to the pool in the background.
        tokio::time::sleep(SECOND / 10).await;
        world.terminate().await;
        let first = world.find(1).await;
        // On a slow machine the connection was idle for so long that it was pinged.
        if began.elapsed() < SECOND {
            assert_unavailable(first);
        }
        assert_eq!(world.find(1).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_connection_that_was_cut_in_a_quiet_time_costs_no_call_its_answer() {
        let mut world = World::new(&patient(1)).await;
        world.find(1).await.unwrap();
        world.terminate().await;
        tokio::time::sleep(SECOND + SECOND / 5).await;
        assert_eq!(world.find(1).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_read_that_is_cut_half_way_is_unavailable_and_the_next_answers() {
        let mut world = World::new(&patient(1)).await;
        world.lock_users().await;
        let call = world.start_find(1);
        world.until(WAITING, 1).await;
        execute(&mut world.beside, TERMINATE).await;
        assert_unavailable(call.await.unwrap());
        world.unlock().await;
        assert_eq!(world.find(1).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_unit_of_work_that_is_cut_keeps_nothing() {
        let mut world = World::new(&patient(1)).await;
        let mut unit = world.database.begin().await.unwrap();
        unit.users().insert(&fixtures::user(1)).await.unwrap();
        world.terminate().await;
        assert_unavailable(unit.users().insert(&fixtures::user(2)).await);
        drop(unit);
        assert_eq!(world.find(1).await.unwrap(), None);
        assert_eq!(world.find(2).await.unwrap(), None);
    }

    #[tokio::test]
    async fn all_connections_cut_at_once_are_replaced() {
        let mut world = World::new(&patient(4)).await;
        let mut units = Vec::new();
        for _ in 0..4 {
            units.push(world.database.begin().await.unwrap());
        }
        for unit in units {
            unit.rollback().await.unwrap();
        }
        world.until(BACKENDS, 4).await;
        world.terminate().await;
        tokio::time::sleep(SECOND + SECOND / 5).await;
        let finds = [1, 2, 3, 4].map(|number| world.start_find(number));
        for find in finds {
            find.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_unavailable_in_time() {
        let nowhere = PgConnectOptions::new_without_pgpass()
            .socket("/nonexistent")
            .username("nobody")
            .database("nothing");
        let settings = PoolSettings {
            acquire_timeout: Duration::from_millis(300),
            ..patient(1)
        };
        let database = Database::new(nowhere, &settings);
        let began = Instant::now();
        assert_unavailable(database.ping().await);
        assert_unavailable(database.begin().await);
        assert!(began.elapsed() < 2 * SECOND, "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn a_database_that_does_not_exist_is_unavailable() {
        let world = World::new(&patient(1)).await;
        let server = world.test.connect_options().database("not_a_database");
        let settings = PoolSettings {
            acquire_timeout: SECOND,
            ..patient(1)
        };
        assert_unavailable(Database::new(server, &settings).ping().await);
    }

    #[tokio::test]
    async fn a_pool_that_is_closed_is_unavailable() {
        let world = World::new(&patient(1)).await;
        world.database.ping().await.unwrap();
        world.database.close().await;
        assert_unavailable(world.find(1).await);
    }

    #[tokio::test]
    async fn a_server_that_only_reads_refuses_a_change_as_unavailable() {
        let mut world = World::new(&patient(1)).await;
        // Reads, and does not write, as a server that was demoted.
        world.find(1).await.unwrap();
        execute(
            &mut world.beside,
            "do $$ begin execute format(
                'alter database %I set default_transaction_read_only = on', current_database());
            end $$",
        )
        .await;
        world.database.close().await;
        let demoted = Database::new(world.test.connect_options(), &patient(1));
        let mut unit = demoted.begin().await.unwrap();
        assert_unavailable(unit.users().insert(&fixtures::user(1)).await);
    }

    #[tokio::test]
    async fn a_schema_that_changes_under_a_prepared_statement_costs_one_call() {
        let mut world = World::new(&patient(1)).await;
        world.insert(&fixtures::user(1)).await;
        world.find(1).await.unwrap();
        execute(
            &mut world.beside,
            "alter table users alter column role type varchar(50)",
        )
        .await;
        assert_contention(world.find(1).await);
        assert_eq!(world.find(1).await.unwrap(), Some(fixtures::user(1)));
    }

    #[tokio::test]
    async fn a_column_that_is_added_costs_no_call() {
        let mut world = World::new(&patient(1)).await;
        world.insert(&fixtures::user(1)).await;
        world.find(1).await.unwrap();
        execute(&mut world.beside, "alter table users add column later text").await;
        assert_eq!(world.find(1).await.unwrap(), Some(fixtures::user(1)));
    }
}

mod a_value_that_its_type_refuses {
    use super::*;

    #[track_caller]
    fn assert_corrupt<T>(
        result: Result<T, RepositoryError>,
        (table, column): (&str, &str),
        row: uuid::Uuid,
    ) {
        let error = result.err();
        assert!(
            matches!(
                error,
                Some(RepositoryError::Corrupt { table: t, column: c, id })
                    if t == table && c == column && id == row
            ),
            "{error:?}"
        );
    }

    #[tokio::test]
    async fn of_a_user_is_corrupt_wherever_it_is_read() {
        for (column, change) in [
            ("email", "update users set email = 'no-at-sign'"),
            ("name", r"update users set name = E'two\nlines'"),
            ("role", r"update users set role = E'two\nlines'"),
        ] {
            let mut world = World::new(&patient(1)).await;
            world.insert(&fixtures::user(1)).await;
            execute(&mut world.beside, change).await;

            let (place, id) = (("users", column), fixtures::user_id(1));
            assert_corrupt(world.find(1).await, place, id.as_uuid());
            let many = UserReader::find_many(&*world.database, &[id], Trash::Exclude).await;
            assert_corrupt(many, place, id.as_uuid());
            let order = Order {
                key: UserSortKey::CreatedAt,
                direction: Direction::Ascending,
            };
            let page = PageRequest::first(PageSize::DEFAULT);
            let filter = UserFilter {
                trash: Trash::Exclude,
            };
            let list = UserReader::list(&*world.database, &filter, order, &page).await;
            assert_corrupt(list, place, id.as_uuid());
        }
    }

    #[tokio::test]
    async fn of_a_post_is_corrupt_wherever_it_is_read() {
        let mut world = World::new(&patient(1)).await;
        let author = fixtures::user(1);
        world.insert(&author).await;
        let mut unit = world.database.begin().await.unwrap();
        let post = fixtures::post(1, author.id);
        unit.posts().insert(&post).await.unwrap();
        unit.commit().await.unwrap();
        execute(&mut world.beside, r"update posts set title = E'two\nlines'").await;

        let (place, id) = (("posts", "title"), post.id.as_uuid());
        let one = PostReader::find(&*world.database, post.id, Trash::Exclude).await;
        assert_corrupt(one, place, id);
        let many = PostReader::find_many(&*world.database, &[post.id], Trash::Exclude).await;
        assert_corrupt(many, place, id);
        let order = Order {
            key: PostSortKey::Title,
            direction: Direction::Descending,
        };
        let page = PageRequest::first(PageSize::DEFAULT);
        let filter = PostFilter {
            trash: Trash::Include,
        };
        let list = PostReader::list(&*world.database, &filter, order, &page).await;
        assert_corrupt(list, place, id);
    }

    #[tokio::test]
    async fn is_named_by_its_place_and_not_repeated() {
        let mut world = World::new(&patient(1)).await;
        world.insert(&fixtures::user(1)).await;
        execute(&mut world.beside, "update users set email = 'no-at-sign'").await;
        let error = world.find(1).await.unwrap_err();
        let words = format!("{error} {error:?}");
        assert!(
            words.contains("users") && words.contains("email"),
            "{words}"
        );
        assert!(!words.contains("no-at-sign"), "{words}");
    }

    #[tokio::test]
    async fn costs_the_pool_no_connection() {
        let mut world = World::new(&patient(1)).await;
        world.insert(&fixtures::user(1)).await;
        execute(&mut world.beside, "update users set email = 'no-at-sign'").await;
        let process = "select pid::bigint from pg_stat_activity
            where datname = current_database() and application_name = 'byline'";
        let before = count(&mut world.beside, process).await;
        assert!(world.find(1).await.is_err());
        world.find(2).await.unwrap();
        assert_eq!(count(&mut world.beside, process).await, before);
    }
}
