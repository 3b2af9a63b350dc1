//! The way of the program's own schema up and down, and how the program knows where it is.

use std::time::Duration;

use byline_persistence::PgConnectOptions;
use byline_persistence::migrate::{self, Down, MigrateError, SchemaState, embedded, up};
use byline_persistence::schema::{Catalog, ScratchOptions, check, differences};
use byline_persistence::testing::{TestDatabase, count, execute};

use crate::support::{NONE, applied, down, runner};

async fn catalog(server: &PgConnectOptions) -> Catalog {
    Catalog::read(server).await.unwrap()
}

/// The numbers of all migrations.
fn known() -> Vec<i64> {
    let all = embedded().all().iter();
    all.map(|migration| migration.version).collect()
}

/// The number of the last migration, and of those before it.
fn last_and_before() -> (i64, Vec<i64>) {
    let mut known = known();
    (known.pop().unwrap(), known)
}

#[tokio::test]
async fn up_applies_all_and_a_second_up_none() {
    let test = TestDatabase::unmigrated().await;
    let all = known();
    assert!(!all.is_empty());
    assert_eq!(applied(&test.connect_options()).await, NONE);

    assert_eq!(up(&test.connect_options()).await.unwrap(), all);
    assert_eq!(applied(&test.connect_options()).await, all);
    assert_eq!(up(&test.connect_options()).await.unwrap(), NONE);
}

#[tokio::test]
async fn a_database_without_letters_gets_no_schema() {
    const MAKE: [&str; 2] = [
        "create database letterless template template0 encoding 'UTF8' locale 'C'",
        "create database latin template template0 encoding 'LATIN1' locale 'C'",
    ];
    const REMOVE: [&str; 2] = ["drop database letterless", "drop database latin"];
    let test = TestDatabase::unmigrated().await;
    let mut beside = test.connection().await;
    for (name, (make, remove)) in ["letterless", "latin"]
        .into_iter()
        .zip(MAKE.into_iter().zip(REMOVE))
    {
        execute(&mut beside, make).await;
        let server = test.connect_options().database(name);
        let refused = up(&server).await.unwrap_err();
        assert!(matches!(refused, MigrateError::Letterless), "{refused}");
        assert_eq!(applied(&server).await, NONE);
        execute(&mut beside, remove).await;
    }
}

#[tokio::test]
async fn down_to_nothing_leaves_nothing_behind_and_up_works_again() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let before = catalog(&server).await;

    let all = up(&server).await.unwrap();
    let migrated = catalog(&server).await;
    assert!(migrated.keys().count() > before.keys().count());

    let mut undone = down(&server, all.len()).await;
    undone.reverse();
    assert_eq!(undone, all);
    assert_eq!(differences(&catalog(&server).await, &before), []);
    assert_eq!(down(&server, 1).await, NONE);
    let two = runner(&server).plan_down(Down::Steps(2)).await;
    assert!(matches!(
        two,
        Err(MigrateError::TooFew {
            applied: 0,
            asked: 2
        })
    ));

    assert_eq!(up(&server).await.unwrap(), all);
    assert_eq!(differences(&catalog(&server).await, &migrated), []);
}

#[tokio::test]
async fn each_step_down_undoes_just_what_its_step_up_did() {
    let test = TestDatabase::new().await;
    let server = test.connect_options();
    for version in known().into_iter().rev() {
        let with = catalog(&server).await;
        assert_eq!(down(&server, 1).await, [version]);
        let without = catalog(&server).await;
        assert_ne!(differences(&with, &without), []);

        // Up and down once more ends where it began.
        let again = up(&server).await.unwrap();
        assert_eq!(again.first(), Some(&version));
        assert_eq!(down(&server, again.len()).await.len(), again.len());
        assert_eq!(differences(&catalog(&server).await, &without), []);
    }
}

#[tokio::test]
async fn down_by_one_keeps_the_rows_of_the_migrations_before() {
    let test = TestDatabase::new().await;
    let mut connection = test.connection().await;
    execute(
        &mut connection,
        "insert into users (id, email, role, is_active, created_at, version)
         values (gen_random_uuid(), 'ada@example.com', 'user', true, now(), 1)",
    )
    .await;
    let (last, before) = last_and_before();
    assert_eq!(down(&test.connect_options(), 1).await, [last]);
    assert_eq!(
        count(&mut connection, "select count(*) from users").await,
        1
    );
    assert_eq!(applied(&test.connect_options()).await, before);
}

#[tokio::test]
async fn what_is_there_already_is_looked_at_by_the_migration_that_guesses_depend_on() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    up(&server).await.unwrap();
    let behind = known().len() - 3;
    down(&server, behind).await;
    let mut connection = test.connection().await;
    execute(
        &mut connection,
        "insert into users (id, email, role, is_active, created_at, updated_at, version)
         select gen_random_uuid(), n || '@example.com', 'user', true, '2026-01-01',
            '2026-01-01'::timestamptz + n * interval '1 second', 1
         from generate_series(1, 1000) n",
    )
    .await;

    up(&server).await.unwrap();
    let plan: String = sqlx::query_scalar(
        "explain select from users where deleted_at is null
         and coalesce(updated_at, '-infinity') > '2026-01-01T00:16:00Z'",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    let rows = plan.split_once("rows=").unwrap().1;
    let rows: u32 = rows.split_once(' ').unwrap().0.parse().unwrap();
    assert!((20..80).contains(&rows), "40 are later: {plan}");
}

#[tokio::test]
async fn down_by_none_does_nothing() {
    let test = TestDatabase::new().await;
    assert_eq!(down(&test.connect_options(), 0).await, NONE);
    assert_eq!(applied(&test.connect_options()).await, known());
}

#[tokio::test]
async fn two_ups_at_once_apply_each_migration_once() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let (one, other) = tokio::join!(up(&server), up(&server));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(
        one.is_empty() != other.is_empty(),
        "one applies all, the other finds them applied: {one:?}, {other:?}"
    );
    assert_eq!([one, other].concat(), known());
    let mut connection = test.connection().await;
    let rows = count(&mut connection, "select count(*) from _sqlx_migrations").await;
    assert_eq!(rows, i64::try_from(known().len()).unwrap());
}

#[tokio::test]
async fn up_waits_for_whoever_is_migrating() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let mut other = test.connection().await;
    execute(
        &mut other,
        "select pg_advisory_lock(x'62796c696e65'::bigint)",
    )
    .await;

    // The lock ends with its holder, however that ends.
    let release = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(applied(&test.connect_options()).await, NONE);
        drop(other);
    };
    let (done, ()) = tokio::join!(up(&server), release);
    assert_eq!(done.unwrap(), known());
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_of_itself_and_can_be_tried_again() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let mut connection = test.connection().await;
    // Stands in the way of the last index that the second migration makes.
    execute(&mut connection, "create table posts_trash_title_idx ()").await;

    let refused = up(&server).await.unwrap_err();
    let told = refused.to_string();
    assert!(told.starts_with("0002_posts.up.sql:31: 42P07"), "{told}");
    assert!(told.ends_with("nothing of the migration is kept"), "{told}");
    assert_eq!(applied(&test.connect_options()).await, [1]);
    let posts = "select count(*) from pg_class where relname = 'posts'";
    assert_eq!(count(&mut connection, posts).await, 0);

    execute(&mut connection, "drop table posts_trash_title_idx").await;
    assert_eq!(up(&server).await.unwrap(), known()[1..]);
}

#[tokio::test]
async fn a_failed_up_frees_the_lock() {
    let test = TestDatabase::new().await;
    let mut connection = test.connection().await;
    execute(
        &mut connection,
        "update _sqlx_migrations set checksum = '' where version = 1",
    )
    .await;
    assert!(up(&test.connect_options()).await.is_err());
    let locks = "select count(*) from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())";
    assert_eq!(count(&mut connection, locks).await, 0);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let nowhere = TestDatabase::new()
        .await
        .connect_options()
        .database("not_a_database");
    let refused = migrate::up(&nowhere).await.unwrap_err();
    assert!(matches!(refused, MigrateError::Database(_)), "{refused:?}");
}

#[tokio::test]
async fn an_empty_database_is_behind_by_all() {
    let test = TestDatabase::unmigrated().await;
    let state = test.database().schema_state().await.unwrap();
    assert_eq!(state, SchemaState::Behind(known()));
}

#[tokio::test]
async fn a_schema_turns_from_behind_to_current_and_back() {
    let test = TestDatabase::new().await;
    let server = test.connect_options();
    let database = test.database();
    assert_eq!(database.schema_state().await.unwrap(), SchemaState::Current);

    let (last, _) = last_and_before();
    assert_eq!(down(&server, 1).await, [last]);
    let behind = SchemaState::Behind(vec![last]);
    assert_eq!(database.schema_state().await.unwrap(), behind);

    assert_eq!(up(&server).await.unwrap(), [last]);
    assert_eq!(database.schema_state().await.unwrap(), SchemaState::Current);
}

#[tokio::test]
async fn a_migration_from_the_future_makes_the_schema_ahead() {
    let test = TestDatabase::new().await;
    let mut connection = test.connection().await;
    execute(
        &mut connection,
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (9999, 'later', true, '', 0)",
    )
    .await;
    let database = test.database();
    let ahead = SchemaState::Ahead(vec![9_999]);
    assert_eq!(database.schema_state().await.unwrap(), ahead);

    // It is not this program's to change; and a replica that is started anew meanwhile serves.
    let server = test.connect_options();
    assert_eq!(up(&server).await.unwrap(), NONE);
    let refused = runner(&server)
        .down(Down::Steps(1), |_| {})
        .await
        .unwrap_err();
    assert!(
        matches!(refused, MigrateError::Unknown { version: 9_999, .. }),
        "{refused}"
    );
    assert_eq!(database.schema_state().await.unwrap(), ahead);

    // What it lacks itself may be in the way of what is newer.
    execute(
        &mut connection,
        "delete from _sqlx_migrations where version = 3",
    )
    .await;
    let refused = up(&server).await.unwrap_err();
    assert!(
        matches!(refused, MigrateError::Unknown { version: 9_999, .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn a_migration_that_was_changed_or_stopped_half_way_is_told() {
    for (change, expected) in [
        (
            "update _sqlx_migrations set checksum = 'changed' where version = 2",
            SchemaState::Changed(vec![2]),
        ),
        (
            "update _sqlx_migrations set success = false where version = 2",
            SchemaState::HalfWay(2),
        ),
    ] {
        let test = TestDatabase::new().await;
        execute(&mut test.connection().await, change).await;
        let state = test.database().schema_state().await.unwrap();
        assert_eq!(state, expected, "{change}");
        assert!(up(&test.connect_options()).await.is_err(), "{change}");
    }
}

#[tokio::test]
async fn the_schema_to_read_is_the_schema_that_the_migrations_make() {
    let test = TestDatabase::unmigrated().await;
    let scratch = ScratchOptions {
        server: Some(test.connect_options()),
        bindir: None,
        fetch: false,
        notice: |_| {},
    };
    let checked = Box::pin(check(embedded(), &scratch, None)).await.unwrap();
    assert_eq!(checked.schema.unwrap(), []);
}
