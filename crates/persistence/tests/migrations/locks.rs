//! Migrations among traffic: nobody queues behind one, and one at a time runs.

use std::time::{Duration, Instant};

use byline_persistence::migrate::{MigrateError, RunOptions, Runner};
use byline_persistence::testing::{TestDatabase, count, execute};

use crate::support::{Folder, NONE, applied, up_all};

fn impatient() -> RunOptions {
    RunOptions {
        lock_timeout: Duration::from_millis(200),
        lock_patience: Duration::from_millis(600),
        runner_patience: Duration::from_millis(300),
        ..RunOptions::default()
    }
}

fn things() -> Folder {
    Folder::new().with(
        "0001_things",
        "create table things (n bigint not null);\n",
        "drop table things;\n",
    )
}

fn wider(folder: Folder) -> Folder {
    folder.with(
        "0002_wider",
        "create table others (n bigint);\nalter table things add column m bigint;\n",
        "alter table things drop column m;\ndrop table others;\n",
    )
}

#[tokio::test]
async fn a_migration_that_waits_for_a_lock_lets_traffic_through_and_gets_it_in_the_end() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let migrations = wider(things()).read();
    let options = RunOptions {
        lock_patience: Duration::from_secs(30),
        ..impatient()
    };
    let runner = Runner::new(&server, &migrations, options);
    runner.up(Some(1), |_| {}).await.unwrap();

    let mut reader = test.connection().await;
    execute(&mut reader, "begin; select from things").await;
    let traffic = async {
        let mut connection = test.connection().await;
        let mut slowest = Duration::ZERO;
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(1_500) {
            let asked = Instant::now();
            execute(&mut connection, "select from things").await;
            slowest = slowest.max(asked.elapsed());
        }
        execute(&mut reader, "commit").await;
        slowest
    };
    let (done, slowest) = tokio::join!(up_all(&runner), traffic);
    assert_eq!(done.unwrap(), [2]);
    assert!(
        slowest < Duration::from_secs(1),
        "a query waited for {slowest:?}"
    );
}

#[tokio::test]
async fn a_lock_that_is_never_to_be_had_is_given_up_and_who_holds_it_told() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let migrations = wider(things()).read();
    let runner = Runner::new(&server, &migrations, impatient());
    runner.up(Some(1), |_| {}).await.unwrap();

    let mut reader = test.connection().await;
    execute(
        &mut reader,
        "set application_name = 'nightly report'; begin; select from things",
    )
    .await;
    let refused = up_all(&runner).await.unwrap_err();
    let MigrateError::Busy {
        line,
        half_way,
        holders,
        ..
    } = &refused
    else {
        panic!("{refused}");
    };
    assert_eq!((*line, *half_way), (2, false));
    assert!(
        holders
            .iter()
            .any(|holder| holder.contains("nightly report")),
        "{refused}"
    );
    let told = refused.to_string();
    assert!(
        told.contains("idle in transaction") && !told.contains("select"),
        "{told}"
    );
    assert_eq!(applied(&server).await, [1]);
    let others = "select count(*) from pg_class where relname = 'others'";
    assert_eq!(count(&mut test.connection().await, others).await, 0);
}

#[tokio::test]
async fn an_index_is_built_concurrently_while_another_process_waits_to_migrate() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let migrations = things()
        .with(
            "0002_index",
            "-- no-transaction\ncreate index concurrently if not exists things_n_idx on things (n);\n",
            "-- no-transaction\ndrop index concurrently if exists things_n_idx;\n",
        )
        .read();
    let patient = RunOptions {
        runner_patience: Duration::from_mins(1),
        ..impatient()
    };
    let runner = Runner::new(&server, &migrations, patient);
    runner.up(Some(1), |_| {}).await.unwrap();

    // Keeps the index from being finished for longer than a lock is waited for.
    let mut old = test.connection().await;
    execute(
        &mut old,
        "begin isolation level repeatable read; select from things",
    )
    .await;
    let end = async {
        tokio::time::sleep(Duration::from_millis(900)).await;
        execute(&mut old, "commit").await;
    };
    let began = Instant::now();
    let (one, other, third, ()) =
        tokio::join!(up_all(&runner), up_all(&runner), up_all(&runner), end);
    let mut all = [one.unwrap(), other.unwrap(), third.unwrap()];
    all.sort();
    assert_eq!(all, [vec![], vec![], vec![2]]);
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
    let valid =
        "select count(*) from pg_index where indexrelid = 'things_n_idx'::regclass and indisvalid";
    assert_eq!(count(&mut test.connection().await, valid).await, 1);
}

#[tokio::test]
async fn whoever_is_migrating_for_too_long_is_told() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let mut other = test.connection().await;
    execute(
        &mut other,
        "set application_name = 'another deploy'; select pg_advisory_lock(x'62796c696e65'::bigint)",
    )
    .await;
    let migrations = things().read();
    let runner = Runner::new(&server, &migrations, impatient());
    let refused = up_all(&runner).await.unwrap_err().to_string();
    assert!(refused.contains("another deploy"), "{refused}");
    assert_eq!(applied(&server).await, NONE);
}

#[tokio::test]
async fn many_at_once_apply_each_migration_once() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let migrations = wider(things()).read();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    let mut all = Vec::new();
    for done in futures_util::future::join_all((0..8).map(|_| up_all(&runner))).await {
        all.extend(done.unwrap());
    }
    all.sort_unstable();
    assert_eq!(all, [1, 2]);
}

#[tokio::test]
async fn a_runner_that_vanishes_in_the_middle_leaves_what_the_next_one_goes_on_from() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let migrations = wider(things()).read();
    let options = RunOptions {
        lock_timeout: Duration::from_secs(20),
        ..RunOptions::default()
    };
    let runner = Runner::new(&server, &migrations, options);
    runner.up(Some(1), |_| {}).await.unwrap();
    let mut reader = test.connection().await;
    execute(&mut reader, "begin; select from things").await;
    let mut beside = test.connection().await;
    {
        // Dropped while its second statement waits, as when the process is killed.
        let killed = up_all(&runner);
        tokio::pin!(killed);
        let waits =
            "select count(*) from pg_stat_activity where application_name = 'byline-migrate'
            and wait_event_type = 'Lock' and datname = current_database()";
        loop {
            tokio::select! {
                done = &mut killed => panic!("{done:?}"),
                () = tokio::time::sleep(Duration::from_millis(20)) => {}
            }
            if count(&mut beside, waits).await > 0 {
                break;
            }
        }
    }
    execute(&mut reader, "commit").await;
    assert_eq!(up_all(&runner).await.unwrap(), [2]);
}
