//! Every migration is applied while the program before it is called, and no call fails.
//!
//! What that program sends was recorded when it was built last (`calls`, by the e2e test
//! `recorded_calls` of the program): the calls are played over many connections, in the same
//! bounds of time and with the same retries as the program has.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

mod player;
mod recording;
mod traffic;

use std::time::Duration;

use byline_persistence::migrate::{RunOptions, Runner, embedded};
use byline_persistence::testing::{TestDatabase, execute};

use self::recording::Recording;
use self::traffic::{Traffic, under_traffic};

/// The first version that a program served: 0001 has users alone, and came along with 0002. Nor
/// has every one since to be served by a program: several may come along with the next.
const FIRST: i64 = 2;

/// As many rows as make a migration take its time.
const ROWS: &str = "
    insert into users (id, email, name, role, is_active, created_at, version)
    select gen_random_uuid(), n || '@rows.example', 'name ' || n, 'editor', true, '2026-01-01', 1
    from generate_series(1, 3000) n;
    insert into posts (id, title, content, author_id, created_at, version)
    select gen_random_uuid(), 'title', 'some words of a post', id, created_at, 1 from users;
    update users set deleted_at = created_at where email like '1%' and not exists (
        select from posts where author_id = users.id and posts.deleted_at is null);
    update posts set deleted_at = created_at where id::text < '2';
    analyze";

/// A database at that version with rows in it.
async fn at(version: i64) -> TestDatabase {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let runner = Runner::new(&server, embedded(), RunOptions::default());
    runner.up(Some(version), |_| {}).await.unwrap();
    execute(&mut test.connection().await, ROWS).await;
    test
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_fails_while_a_migration_is_applied() {
    for migration in embedded().all() {
        let before = migration.version - 1;
        if before < FIRST {
            continue;
        }
        let test = at(before).await;
        let server = test.connect_options();
        let recording = Recording::newest(before);
        let runner = Runner::new(&server, embedded(), RunOptions::default());
        let traffic = under_traffic(&test, &recording, async {
            runner.up(Some(migration.version), |_| {}).await.unwrap();
        })
        .await;
        traffic.assert_fine(&migration.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_fail_are_noticed() {
    let head = embedded().head();
    let recording = Recording::of(head);
    for (harm, expected) in [
        ("alter table users rename column name to full_name", "42703"),
        ("drop table request_records", "42P01"),
        (
            "begin; lock table posts; select pg_sleep(4); commit",
            "55P03",
        ),
    ] {
        let test = at(head).await;
        let mut connection = test.connection().await;
        let traffic: Traffic = under_traffic(&test, &recording, async {
            execute(&mut connection, harm).await;
        })
        .await;
        let failed = traffic.failures();
        assert!(
            failed.iter().any(|failure| failure.contains(expected)),
            "{harm}: {failed:?}"
        );
    }
}

#[tokio::test]
async fn the_calls_of_the_schema_at_head_are_recorded() {
    let recording = Recording::of(embedded().head());
    // Reads and changes of both, alone and together.
    for call in [
        "CreateUser",
        "ListUsers",
        "SearchPosts",
        "PublishPost",
        "ExecuteTransaction",
        "UpdatePost, together",
    ] {
        assert!(recording.calls.iter().any(|one| one.name == call), "{call}");
    }
    let test = at(embedded().head()).await;
    let traffic = under_traffic(&test, &recording, tokio::time::sleep(Duration::ZERO)).await;
    traffic.assert_fine("nothing");
}
