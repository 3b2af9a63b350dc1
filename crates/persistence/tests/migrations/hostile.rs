//! Migrations that pull the rug from under the runner, and databases that are not as it wants.

use std::time::Duration;

use byline_persistence::migrate::{Down, MigrateError, Migrations, RunOptions, Runner, Standing};
use byline_persistence::testing::{TestDatabase, count, execute, rows};

use crate::support::{Folder, NONE, applied, up_all};

fn runner_of(test: &TestDatabase, migrations: &'static Migrations) -> Runner<'static> {
    Runner::new(&test.connect_options(), migrations, RunOptions::default())
}

/// As long as the test runs.
fn read(folder: &Folder) -> &'static Migrations {
    Box::leak(Box::new(folder.read()))
}

const THINGS: &str = "create table things (n bigint);\ninsert into things values (1), (1);\n";

#[tokio::test]
async fn the_ledger_stays_where_it_is_whatever_becomes_of_the_search_path() {
    let test = TestDatabase::unmigrated().await;
    let folder = Folder::new()
        .with("0001_things", THINGS, "drop table things;\n")
        // From here on new tables go there.
        .with("0002_own", "create schema authorization current_user;\n", "select 1;\n")
        .with("0003_more", "create table more (n bigint);\n", "drop table more;\n");
    let runner = runner_of(&test, read(&folder));
    assert_eq!(up_all(&runner).await.unwrap(), [1, 2, 3]);
    let ledgers = "select schemaname::text from pg_tables where tablename = '_sqlx_migrations'";
    assert_eq!(
        rows(&mut test.connection().await, ledgers).await,
        ["public"]
    );
    assert_eq!(up_all(&runner).await.unwrap(), NONE);
}

#[tokio::test]
async fn a_ledger_that_its_name_does_not_lead_to_is_told_and_no_other_is_begun_unasked() {
    let test = TestDatabase::unmigrated().await;
    let folder = Folder::new().with("0001_things", THINGS, "drop table things;\n");
    let runner = runner_of(&test, read(&folder));
    up_all(&runner).await.unwrap();
    execute(
        &mut test.connection().await,
        "create schema app;
         do $$ begin execute format('alter database %I set search_path = app', current_database()); end $$",
    )
    .await;
    for refused in [
        up_all(&runner).await.unwrap_err(),
        runner.lines().await.unwrap_err(),
        runner.stamp(1).await.unwrap_err(),
    ] {
        let told = refused.to_string();
        assert!(
            told.contains("is in public") && told.contains("stamp base"),
            "{told}"
        );
    }
    runner.stamp(0).await.unwrap();
    assert_eq!(up_all(&runner).await.unwrap(), [1]);
}

#[tokio::test]
async fn a_role_that_may_make_no_tables_may_keep_the_ledger() {
    let test = TestDatabase::unmigrated().await;
    let folder = Folder::new().with("0001_things", THINGS, "drop table things;\n");
    up_all(&runner_of(&test, read(&folder))).await.unwrap();
    let mut connection = test.connection().await;
    execute(
        &mut connection,
        "do $$ begin
            execute format('create role %I login', current_database());
            execute format('grant select, insert, update, delete on _sqlx_migrations, things to %I',
                current_database());
         end $$",
    )
    .await;
    let folder = folder.with(
        "0002_row",
        "insert into things values (3);\n",
        "delete from things where n = 3;\n",
    );
    let server = test.connect_options();
    let role = server.get_database().unwrap().to_owned();
    let migrations = folder.read();
    let runner = Runner::new(&server.username(&role), &migrations, RunOptions::default());
    assert_eq!(up_all(&runner).await.unwrap(), [2]);
    runner.down(Down::Steps(1), |_| {}).await.unwrap();
    execute(
        &mut connection,
        "do $$ begin
            execute format('drop owned by %I', current_database());
            execute format('drop role %I', current_database());
         end $$",
    )
    .await;
}

#[tokio::test]
async fn an_unfinished_index_is_noticed_whatever_it_is_called() {
    let test = TestDatabase::unmigrated().await;
    let long = "a_name_that_postgresql_cuts_off_after_sixty_three_bytes_as_it_does_with_all";
    let index = format!(
        "-- no-transaction\ncreate unique index concurrently if not exists {long} on things (n);\n"
    );
    let folder = Folder::new()
        .with("0001_things", THINGS, "drop table things;\n")
        .with("0002_index", &index, "");
    let runner = runner_of(&test, read(&folder));
    for _ in 0..2 {
        let refused = up_all(&runner).await.unwrap_err();
        assert!(
            matches!(
                refused,
                MigrateError::Failed {
                    line: 2,
                    half_way: true,
                    ..
                }
            ),
            "{refused}"
        );
    }
    let mut connection = test.connection().await;
    execute(&mut connection, "truncate things").await;
    assert_eq!(up_all(&runner).await.unwrap(), [2]);
    let invalid = "select count(*) from pg_index where not indisvalid";
    assert_eq!(count(&mut connection, invalid).await, 0);
}

#[tokio::test]
async fn what_is_left_of_an_index_is_removed_however_long_others_read() {
    let test = TestDatabase::unmigrated().await;
    let folder = Folder::new().with("0001_things", THINGS, "").with(
        "0002_index",
        "-- no-transaction\ncreate unique index concurrently if not exists things_n_key on things (n);\n",
        "",
    );
    let options = RunOptions {
        lock_timeout: Duration::from_millis(100),
        ..RunOptions::default()
    };
    let runner = Runner::new(&test.connect_options(), read(&folder), options);
    up_all(&runner).await.unwrap_err();
    let mut reader = test.connection().await;
    execute(&mut test.connection().await, "delete from things").await;
    execute(
        &mut reader,
        "begin isolation level repeatable read; select from things",
    )
    .await;
    let end = async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        execute(&mut reader, "commit").await;
    };
    let (done, ()) = tokio::join!(up_all(&runner), end);
    assert_eq!(done.unwrap(), [2]);
}

#[tokio::test]
async fn rows_that_nobody_sends_are_not_waited_for() {
    for copy in ["copy things from stdin", "copy things to stdout"] {
        let test = TestDatabase::unmigrated().await;
        let folder = Folder::new().with("0001_things", THINGS, "").with(
            "0002_copy",
            &format!("{copy};\n"),
            "",
        );
        let refused = up_all(&runner_of(&test, read(&folder))).await.unwrap_err();
        assert!(
            matches!(refused, MigrateError::Unfit { line: 1, .. }),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn a_migration_that_gives_the_lock_away_is_not_kept() {
    for (sql, kept) in [
        (
            "select pg_advisory_unlock_all();\ncreate table more (n bigint);\n",
            0,
        ),
        (
            "-- no-transaction\ndiscard all;\ncreate table if not exists more (n bigint);\n",
            1,
        ),
    ] {
        let test = TestDatabase::unmigrated().await;
        let folder = Folder::new()
            .with("0001_things", THINGS, "")
            .with("0002_lock", sql, "")
            .with("0003_after", "create table after (n bigint);\n", "");
        let runner = runner_of(&test, read(&folder));
        let refused = up_all(&runner).await.unwrap_err();
        assert!(matches!(refused, MigrateError::LockLost(_)), "{refused}");
        let more = "select count(*) from pg_class where relname in ('more', 'after')";
        assert_eq!(count(&mut test.connection().await, more).await, kept);
        let lines = runner.lines().await.unwrap();
        assert_ne!(lines[1].standing, Standing::Applied);
    }
}

#[tokio::test]
async fn what_stopped_on_its_way_back_goes_on_that_way() {
    let test = TestDatabase::unmigrated().await;
    let folder = Folder::new().with("0001_things", THINGS, "").with(
        "0002_more",
        "create table more (n bigint);\nalter table things add column m bigint;\n",
        "-- no-transaction\nalter table things drop column if exists m;\nselect 1 / count(*) from more;\n\
         drop table if exists more;\n",
    );
    let runner = runner_of(&test, read(&folder));
    up_all(&runner).await.unwrap();
    let refused = runner.down(Down::Steps(1), |_| {}).await.unwrap_err();
    assert!(
        matches!(
            refused,
            MigrateError::Failed {
                line: 3,
                half_way: true,
                ..
            }
        ),
        "{refused}"
    );
    assert_eq!(
        runner.lines().await.unwrap()[1].standing,
        Standing::HalfBack
    );
    let refused = up_all(&runner).await.unwrap_err().to_string();
    assert!(refused.contains("byline migrate down"), "{refused}");

    execute(&mut test.connection().await, "insert into more values (1)").await;
    runner.down(Down::Steps(1), |_| {}).await.unwrap();
    assert_eq!(applied(&test.connect_options()).await, [1]);
    assert_eq!(up_all(&runner).await.unwrap(), [2]);
}

#[tokio::test]
async fn no_transaction_is_ended_behind_the_parsers_back() {
    // PostgreSQL takes it, and the parser does not.
    let odd = "set names 'utf8';\n";
    let test = TestDatabase::unmigrated().await;
    let folder = Folder::new().with(
        "0001_odd",
        &format!("{odd}create table odd (n bigint);\n"),
        "",
    );
    assert_eq!(up_all(&runner_of(&test, read(&folder))).await.unwrap(), [1]);
    for end in ["commit;", "rollback;"] {
        let folder = Folder::new()
            .with(
                "0001_odd",
                &format!("{odd}create table odd (n bigint);\n"),
                "",
            )
            .with(
                "0002_end",
                &format!("{odd}create table more (n bigint);\n{end}\n"),
                "",
            );
        let refused = up_all(&runner_of(&test, read(&folder))).await.unwrap_err();
        assert!(
            matches!(refused, MigrateError::Unfit { line: 3, .. }),
            "{refused}"
        );
        let more = "select count(*) from pg_class where relname = 'more'";
        assert_eq!(count(&mut test.connection().await, more).await, 0);
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_is_told_with_what_was_under_way() {
    let test = TestDatabase::unmigrated().await;
    let suicide = "select 1;\nselect pg_terminate_backend(pg_backend_pid());\n";
    let folder = Folder::new().with("0001_lost", suicide, "");
    let refused = up_all(&runner_of(&test, read(&folder)))
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.starts_with("0001_lost.up.sql:2: "), "{refused}");

    // At COMMIT, when nobody can know what became of it.
    let folder = Folder::new().with(
        "0001_lost",
        "create function die() returns trigger language plpgsql as $$ begin\n\
         perform pg_terminate_backend(pg_backend_pid()); return null; end $$;\n\
         create table things (n bigint);\n\
         create constraint trigger things_die after insert on things deferrable initially deferred\n\
         for each row execute function die();\n\
         insert into things values (1);\n",
        "",
    );
    let refused = up_all(&runner_of(&test, read(&folder))).await.unwrap_err();
    assert!(matches!(refused, MigrateError::Lost { .. }), "{refused}");
    assert!(
        refused.to_string().contains("byline migrate current"),
        "{refused}"
    );
    assert_eq!(applied(&test.connect_options()).await, NONE);
}

#[tokio::test]
async fn migrations_of_others_need_no_letters() {
    let test = TestDatabase::unmigrated().await;
    let mut beside = test.connection().await;
    execute(
        &mut beside,
        "create database others_letterless template template0 encoding 'UTF8' locale 'C'",
    )
    .await;
    let folder = Folder::new().with("0001_things", THINGS, "");
    let server = test.connect_options().database("others_letterless");
    let migrations = folder.read();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    let done = up_all(&runner).await;
    execute(&mut beside, "drop database others_letterless with (force)").await;
    assert_eq!(done.unwrap(), [1]);
}

#[tokio::test]
async fn what_a_migration_works_is_no_waiting_for_locks() {
    let test = TestDatabase::unmigrated().await;
    let folder = Folder::new().with("0001_things", THINGS, "").with(
        "0002_slow",
        "select pg_sleep(0.8);\nalter table things add column m bigint;\n",
        "",
    );
    let options = RunOptions {
        lock_timeout: Duration::from_millis(100),
        lock_patience: Duration::from_millis(600),
        ..RunOptions::default()
    };
    let runner = Runner::new(&test.connect_options(), read(&folder), options);
    runner.up(Some(1), |_| {}).await.unwrap();
    let mut reader = test.connection().await;
    execute(&mut reader, "begin; select from things").await;
    let end = async {
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        execute(&mut reader, "commit").await;
    };
    let (done, ()) = tokio::join!(up_all(&runner), end);
    assert_eq!(done.unwrap(), [2]);
}
