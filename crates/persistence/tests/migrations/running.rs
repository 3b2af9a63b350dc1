//! Migrations as transactions and as statements, and what is left when they fail.

use byline_persistence::migrate::{Down, MigrateError, RunOptions, Runner, SchemaState};
use byline_persistence::testing::{TestDatabase, count, execute};

use crate::support::{Folder, NONE, applied, up_all};

const TABLE: &str = "create table things (n bigint not null);\n\
    insert into things select generate_series(1, 10);\n";

fn things() -> Folder {
    Folder::new().with("0001_things", TABLE, "drop table things;\n")
}

#[tokio::test]
async fn a_failed_statement_is_told_with_its_line_and_undoes_those_before_it() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let migrations = things()
        .with(
            "0002_wrong",
            "-- A comment.\nalter table things add column m bigint;\n\ncreate index on things (\n    nothing\n);\n",
            "",
        )
        .read();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    let refused = up_all(&runner).await.unwrap_err().to_string();
    assert!(
        refused.starts_with("0002_wrong.up.sql:4: 42703: column \"nothing\" does not exist"),
        "{refused}"
    );
    assert_eq!(applied(&server).await, [1]);
    let columns =
        "select count(*) from pg_attribute where attrelid = 'things'::regclass and attname = 'm'";
    assert_eq!(count(&mut test.connection().await, columns).await, 0);
}

#[tokio::test]
async fn a_migration_may_not_end_its_own_transaction() {
    for control in ["commit", "rollback", "begin"] {
        let test = TestDatabase::unmigrated().await;
        let server = test.connect_options();
        let up =
            format!("create table early (n bigint);\n{control};\ncreate table late (n bigint);\n");
        let migrations = Folder::new().with("0001_both", &up, "").read();
        let runner = Runner::new(&server, &migrations, RunOptions::default());
        let refused = up_all(&runner).await.unwrap_err();
        assert!(
            matches!(refused, MigrateError::Unfit { line: 2, .. }),
            "{refused}"
        );
        let early = "select count(*) from pg_class where relname = 'early'";
        assert_eq!(
            count(&mut test.connection().await, early).await,
            0,
            "{control}"
        );
    }
}

#[tokio::test]
async fn statements_outside_a_transaction_run_one_by_one() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let migrations = things()
        .with(
            "0002_index",
            "-- no-transaction\ncreate index concurrently if not exists things_n_idx on things (n);\n\
             do $$ begin loop\n    update things set n = n + 100 where n < 100;\n    exit when not found;\n    \
             commit;\nend loop; end $$;\nvacuum things;\n",
            "-- no-transaction\ndrop index concurrently if exists things_n_idx;\n",
        )
        .read();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    assert_eq!(up_all(&runner).await.unwrap(), [1, 2]);
    let mut connection = test.connection().await;
    let changed = "select count(*) from things where n > 100";
    assert_eq!(count(&mut connection, changed).await, 10);

    runner.down(Down::Steps(1), |_| {}).await.unwrap();
    let index = "select count(*) from pg_class where relname = 'things_n_idx'";
    assert_eq!(count(&mut connection, index).await, 0);
    assert_eq!(applied(&server).await, [1]);
}

#[tokio::test]
async fn what_stopped_half_way_is_told_and_gone_on_with() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let mut connection = test.connection().await;
    let migrations = things()
        .with(
            "0002_unique",
            "-- no-transaction\nalter table things add column if not exists m bigint;\n\
             create unique index concurrently if not exists things_m_key on things ((n % 2));\n",
            "",
        )
        .read();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    let refused = up_all(&runner).await.unwrap_err();
    let MigrateError::Failed { line, half_way, .. } = &refused else {
        panic!("{refused}");
    };
    assert_eq!((*line, *half_way), (3, true));
    assert!(
        refused
            .to_string()
            .contains("the next run begins with the first of them"),
        "{refused}"
    );
    let invalid = "select count(*) from pg_index where not indisvalid";
    assert_eq!(
        count(&mut connection, invalid).await,
        1,
        "as PostgreSQL leaves it"
    );
    let dirty = "select count(*) from _sqlx_migrations where version = 2 and not success";
    assert_eq!(
        count(&mut connection, dirty).await,
        1,
        "so that sqlx-cli sees it too"
    );

    // Nothing but the data was wrong.
    execute(&mut connection, "delete from things where n > 2").await;
    assert_eq!(up_all(&runner).await.unwrap(), [2]);
    assert_eq!(count(&mut connection, invalid).await, 0);
    let valid =
        "select count(*) from pg_index where indexrelid = 'things_m_key'::regclass and indisvalid";
    assert_eq!(count(&mut connection, valid).await, 1);
    assert_eq!(count(&mut connection, dirty).await, 0);
    assert_eq!(up_all(&runner).await.unwrap(), NONE);
}

#[tokio::test]
async fn what_the_parser_does_not_know_goes_as_a_whole_or_not_at_all() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let odd = "create table odd (n bigint);\nselect 1 this is no sql;\n";
    let migrations = Folder::new().with("0001_odd", odd, "").read();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    let refused = up_all(&runner).await.unwrap_err().to_string();
    assert!(refused.starts_with("0001_odd.up.sql:2: 42601"), "{refused}");

    let by_statement = format!("-- no-transaction\n{odd}");
    let migrations = Folder::new().with("0001_odd", &by_statement, "").read();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    let refused = up_all(&runner).await.unwrap_err();
    assert!(
        matches!(refused, MigrateError::Unfit { line: 3, .. }),
        "{refused}"
    );
    let odd = "select count(*) from pg_class where relname = 'odd'";
    assert_eq!(count(&mut test.connection().await, odd).await, 0);
}

#[tokio::test]
async fn a_deferred_constraint_that_fails_at_the_end_undoes_the_migration() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let migrations = Folder::new()
        .with(
            "0001_deferred",
            "create table things (n bigint, constraint things_n_key unique (n) deferrable initially deferred);\n\
             insert into things values (1), (1);\n",
            "",
        )
        .read();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    let refused = up_all(&runner).await.unwrap_err();
    assert!(
        matches!(
            refused,
            MigrateError::Failed {
                half_way: false,
                ..
            }
        ),
        "{refused}"
    );
    assert_eq!(applied(&server).await, NONE);
    // The session is still fit, and the lock was given back.
    let locks = "select count(*) from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())";
    assert_eq!(count(&mut test.connection().await, locks).await, 0);
}

#[tokio::test]
async fn a_program_whose_schema_is_being_made_by_statement_is_told_so() {
    let test = TestDatabase::new().await;
    execute(
        &mut test.connection().await,
        "update _sqlx_migrations set success = false where version = 5",
    )
    .await;
    let state = test.database().schema_state().await.unwrap();
    assert_eq!(state, SchemaState::HalfWay(5));
    assert!(state.refusal().unwrap().contains("byline migrate current"));
}

#[tokio::test]
async fn what_a_migration_sets_ends_with_it() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    // As a dump begins.
    let dump = "select pg_catalog.set_config('search_path', '', false);\n\
        create table public.dumped (n bigint);\nset role pg_read_all_data;\n";
    let migrations = Folder::new()
        .with("0001_dump", dump, "set search_path = '';\ndrop table public.dumped;\n")
        .with(
            "0002_by_statement",
            "-- no-transaction\nset search_path = '';\nset lock_timeout = '3s';\n\
             create table if not exists public.waits as select current_setting('lock_timeout') as lock_timeout;\n",
            "drop table waits;\n",
        )
        .with("0003_after", "create table after (n bigint);\n", "drop table after;\n")
        .read();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    assert_eq!(up_all(&runner).await.unwrap(), [1, 2, 3]);
    assert_eq!(applied(&server).await, [1, 2, 3]);
    let own = "select count(*) from waits where lock_timeout = '3s'";
    assert_eq!(count(&mut test.connection().await, own).await, 1);
    runner.down(Down::To(0), |_| {}).await.unwrap();
    assert_eq!(applied(&server).await, NONE);
}

#[tokio::test]
async fn what_is_wrong_with_rows_is_told_without_what_is_in_them() {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    let secrets = "create table secrets (s text);\ninsert into secrets values ('hunter2');\n";
    for (sql, expected) in [
        (
            "alter table secrets alter s type bigint using s::bigint",
            "22P02: invalid input syntax for type bigint: \"…\"",
        ),
        ("select 1 / 0", "22012: division by zero"),
        (
            "alter table secrets add constraint secrets_s_check check (s = '')",
            "23514: check constraint \"secrets_s_check\" of relation \"secrets\" is violated by some row",
        ),
    ] {
        let folder = Folder::new().with("0001_secrets", secrets, "drop table secrets;\n");
        let migrations = folder.with("0002_wrong", &format!("{sql};\n"), "").read();
        let runner = Runner::new(&server, &migrations, RunOptions::default());
        let told = up_all(&runner).await.unwrap_err().to_string();
        assert!(told.contains(expected), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}
