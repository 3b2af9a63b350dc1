//! What the ledger says, and who else reads it.

use byline_persistence::migrate::{Down, MigrateError, RunOptions, Runner, Stamp, Standing};
use byline_persistence::testing::{TestDatabase, count, execute};
use sqlx::migrate::Migrator;

use crate::support::{Folder, NONE, applied, up_all};

fn three() -> Folder {
    let mut folder = Folder::new();
    for n in 1..=3 {
        folder = folder.with(
            &format!("000{n}_table_{n}"),
            &format!("create table t{n} (n bigint);\n"),
            &format!("drop table t{n};\n"),
        );
    }
    folder
}

#[tokio::test]
async fn a_database_that_sqlx_migrated_is_read_and_the_other_way_round() {
    let folder = three();
    let migrations = folder.read();
    let sqlx = Migrator::new(folder.path()).await.unwrap();

    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    runner.up(Some(2), |_| {}).await.unwrap();
    let mut connection = test.connection().await;
    sqlx.run(&mut connection).await.unwrap();
    assert_eq!(applied(&server).await, [1, 2, 3]);
    assert_eq!(up_all(&runner).await.unwrap(), NONE);

    runner.down(Down::Steps(1), |_| {}).await.unwrap();
    sqlx.undo(&mut connection, 1).await.unwrap();
    assert_eq!(applied(&server).await, [1]);
    assert_eq!(up_all(&runner).await.unwrap(), [2, 3]);
    sqlx.run(&mut connection).await.unwrap();
}

#[tokio::test]
async fn the_ledger_says_when_and_how_long() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let migrations = three().read();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    up_all(&runner).await.unwrap();
    for line in runner.lines().await.unwrap() {
        let entry = line.entry.unwrap();
        assert_eq!(line.standing, Standing::Applied);
        assert!(entry.took.unwrap() > std::time::Duration::ZERO);
        assert_eq!(entry.description, format!("table {}", line.version));
    }
}

#[tokio::test]
async fn a_stamp_says_what_is_there_and_runs_nothing() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let migrations = three().read();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    let mut connection = test.connection().await;
    execute(
        &mut connection,
        "create table t1 (n bigint); create table t2 (n bigint)",
    )
    .await;
    let refused = up_all(&runner).await.unwrap_err();
    assert!(matches!(refused, MigrateError::Failed { .. }), "{refused}");

    let expected = Stamp {
        added: vec![1, 2],
        removed: vec![],
    };
    assert_eq!(runner.plan_stamp(2).await.unwrap(), expected);
    assert_eq!(applied(&server).await, NONE);
    assert_eq!(runner.stamp(2).await.unwrap(), expected);
    assert_eq!(up_all(&runner).await.unwrap(), [3]);

    let expected = Stamp {
        added: vec![],
        removed: vec![2, 3],
    };
    assert_eq!(runner.stamp(1).await.unwrap(), expected);
    assert_eq!(applied(&server).await, [1]);
    let tables = "select count(*) from pg_class where relname in ('t1', 't2', 't3')";
    assert_eq!(count(&mut connection, tables).await, 3);
    runner.stamp(0).await.unwrap();
    assert_eq!(applied(&server).await, NONE);
    let refused = runner.stamp(4).await.unwrap_err();
    assert!(
        matches!(refused, MigrateError::NoSuchVersion(4)),
        "{refused}"
    );
}

#[tokio::test]
async fn a_changed_file_is_refused_until_it_is_accepted() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let folder = three();
    let before = folder.read();
    Runner::new(&server, &before, RunOptions::default())
        .up(Some(2), |_| {})
        .await
        .unwrap();
    let folder = folder.with(
        "0002_table_2",
        "create table t2 (n bigint); -- As wide as it gets.\n",
        "drop table t2;\n",
    );
    let migrations = folder.read();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    for refused in [
        up_all(&runner).await.unwrap_err(),
        runner.down(Down::Steps(1), |_| {}).await.unwrap_err(),
    ] {
        let told = refused.to_string();
        assert!(
            told.contains("0002_table_2.up.sql") && told.contains("verify"),
            "{told}"
        );
    }
    let changed: Vec<_> = runner.plan_repair().await.unwrap();
    assert_eq!(changed.iter().map(|m| m.version).collect::<Vec<_>>(), [2]);
    assert_eq!(runner.repair().await.unwrap().len(), 1);
    assert_eq!(up_all(&runner).await.unwrap(), [3]);
    assert!(runner.repair().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_merged_late_is_refused_unless_it_is_asked_for() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let migrations = three().read();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    up_all(&runner).await.unwrap();
    execute(
        &mut test.connection().await,
        "drop table t2; delete from _sqlx_migrations where version = 2",
    )
    .await;
    let refused = up_all(&runner).await.unwrap_err().to_string();
    assert!(
        refused.contains("0002 table_2") && refused.contains("0003"),
        "{refused}"
    );

    let options = RunOptions {
        out_of_order: true,
        ..RunOptions::default()
    };
    let runner = Runner::new(&server, &migrations, options);
    assert_eq!(up_all(&runner).await.unwrap(), [2]);
}

#[tokio::test]
async fn down_goes_so_many_or_to_one_or_to_the_beginning() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let migrations = three().read();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    up_all(&runner).await.unwrap();
    let planned = runner.plan_down(Down::To(1)).await.unwrap();
    assert_eq!(
        planned.iter().map(|m| m.version).collect::<Vec<_>>(),
        [3, 2]
    );
    assert_eq!(applied(&server).await, [1, 2, 3]);

    runner.down(Down::To(2), |_| {}).await.unwrap();
    assert_eq!(applied(&server).await, [1, 2]);
    let refused = runner.down(Down::To(3), |_| {}).await.unwrap_err();
    assert!(matches!(refused, MigrateError::NotApplied(3)), "{refused}");
    runner.down(Down::To(0), |_| {}).await.unwrap();
    assert_eq!(applied(&server).await, NONE);
}

#[tokio::test]
async fn what_nobody_wrote_how_to_take_back_is_refused_before_anything_is() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let folder = three();
    std::fs::remove_file(folder.path().join("0002_table_2.down.sql")).unwrap();
    let migrations = folder.read();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    up_all(&runner).await.unwrap();
    let refused = runner.down(Down::Steps(2), |_| {}).await.unwrap_err();
    assert!(matches!(refused, MigrateError::NoWayBack(_)), "{refused}");
    assert_eq!(applied(&server).await, [1, 2, 3]);
}
