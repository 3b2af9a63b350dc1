//! The script for psql does what the runner does.

use std::time::Duration;

use byline_persistence::migrate::source::statements::statements;
use byline_persistence::migrate::{MigrateError, RunOptions, Runner, embedded, script};
use byline_persistence::testing::{Connection, TestDatabase, count, execute};
use sqlx::{Postgres, QueryBuilder};

use crate::support::{Folder, NONE, applied, up_all};

fn script(from: i64, to: i64) -> String {
    script::script(embedded(), from, to, Duration::from_secs(1)).unwrap()
}

/// As psql does: one statement after the other, until one fails.
async fn play(connection: &mut Connection, script: &str) -> Result<(), sqlx::Error> {
    for statement in statements(script).unwrap() {
        let sql = QueryBuilder::<Postgres>::new(statement.text).into_sql();
        sqlx::raw_sql(sql).execute(&mut *connection).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_script_up_and_down_is_what_the_runner_would_do() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let head = embedded().head();
    play(&mut test.connection().await, &script(0, head))
        .await
        .unwrap();
    let runner = Runner::new(&server, embedded(), RunOptions::default());
    assert_eq!(up_all(&runner).await.unwrap(), NONE, "checksums and all");
    let state = test.database().schema_state().await.unwrap();
    assert_eq!(state.refusal(), None);

    play(&mut test.connection().await, &script(head, 2))
        .await
        .unwrap();
    assert_eq!(applied(&server).await, [1, 2]);
    play(&mut test.connection().await, &script(2, 0))
        .await
        .unwrap();
    let left = "select count(*) from pg_class where relname in ('users', 'posts')";
    assert_eq!(count(&mut test.connection().await, left).await, 0);
}

#[tokio::test]
async fn a_script_refuses_a_database_that_is_elsewhere_and_changes_nothing() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let runner = Runner::new(&server, embedded(), RunOptions::default());
    runner.up(Some(1), |_| {}).await.unwrap();
    for (from, to) in [(0, 1), (2, 3), (3, 2)] {
        let refused = play(&mut test.connection().await, &script(from, to)).await;
        let refused = refused.unwrap_err().to_string();
        assert!(
            refused.contains("the newest migration of this database"),
            "{refused}"
        );
        assert_eq!(applied(&server).await, [1]);
    }
}

#[tokio::test]
async fn a_script_that_stopped_half_way_can_be_played_again() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    // As a dump begins, and then a file as it is before it is repaired.
    let dump = "select pg_catalog.set_config('search_path', '', false);\n\
        create table public.things (n bigint);\ninsert into public.things values (1), (1);\n";
    let index = "-- no-transaction\nset search_path = '';\n\
        create unique index concurrently if not exists \"Things_n\" on public.things (n)";
    let folder = Folder::new()
        .with("0001_things", dump, "drop table things;\n")
        .with("0002_index", index, "");
    let written =
        |folder: &Folder| script::script(&folder.read(), 0, 2, Duration::from_secs(1)).unwrap();
    let mut connection = test.connection().await;
    let refused = play(&mut connection, &written(&folder)).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("could not create unique index"),
        "{refused}"
    );
    execute(
        &mut connection,
        "reset all; delete from things; select pg_advisory_unlock_all()",
    )
    .await;

    let folder = folder.with("0002_index", &format!("{index}; -- repaired\n"), "");
    let rest = script::script(&folder.read(), 1, 2, Duration::from_secs(1)).unwrap();
    play(&mut connection, &rest).await.unwrap();
    let migrations = folder.read();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    assert_eq!(up_all(&runner).await.unwrap(), NONE, "checksums and all");
    let invalid = "select count(*) from pg_index where not indisvalid";
    assert_eq!(count(&mut connection, invalid).await, 0);
}

#[tokio::test]
async fn a_script_says_what_the_runner_would_refuse_and_leaves_others_to_migrate() {
    let folder = Folder::new().with("0001_things", "create table t (n bigint);\ncommit;\n", "");
    let refused = script::script(&folder.read(), 0, 1, Duration::from_secs(1)).unwrap_err();
    assert!(
        matches!(refused, MigrateError::Unfit { line: 2, .. }),
        "{refused}"
    );

    let test = TestDatabase::unmigrated().await;
    let mut other = test.connection().await;
    execute(
        &mut other,
        "select pg_advisory_lock(x'62796c696e65'::bigint)",
    )
    .await;
    let refused = play(&mut test.connection().await, &script(0, 1))
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("another process is migrating"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_script_of_statements_for_themselves_goes_up_and_down() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let migrations = Folder::new()
        .with(
            "0001_things",
            "create table things (n bigint);\n",
            "drop table things;\n",
        )
        .with(
            "0002_index",
            "-- no-transaction\ncreate index concurrently if not exists things_n_idx on things (n)",
            "-- no-transaction\ndrop index concurrently if exists things_n_idx",
        )
        .read();
    let made = script::script(&migrations, 0, 2, Duration::from_secs(1)).unwrap();
    play(&mut test.connection().await, &made).await.unwrap();
    assert_eq!(applied(&server).await, [1, 2]);
    let back = script::script(&migrations, 2, 0, Duration::from_secs(1)).unwrap();
    play(&mut test.connection().await, &back).await.unwrap();
    assert_eq!(applied(&server).await, NONE);
    let refused = script::script(&migrations, 0, 3, Duration::from_secs(1)).unwrap_err();
    assert!(
        matches!(refused, MigrateError::NoSuchVersion(3)),
        "{refused}"
    );
}
