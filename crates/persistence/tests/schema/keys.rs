//! What keeps rows apart is there all the way, and what programs count on goes last.

use byline_persistence::migrate::write::NewFile;

use crate::support::{Case, answers, gentle, has, there_and_back};

const T: &str = "create table t (a integer not null, b integer);";

/// The one file of those that has the text.
fn file_with<'a>(files: &'a [NewFile], text: &str) -> &'a NewFile {
    let mut with = files.iter().filter(|file| {
        let is_up = file.name.ends_with(".up.sql");
        is_up && file.text.contains(text)
    });
    let file = with.next().unwrap_or_else(|| panic!("no {text}"));
    assert!(with.next().is_none(), "{text} is in several");
    file
}

async fn files(from: &str, to: &str) -> Vec<NewFile> {
    Case::new(from, to).await.revise(&[]).await.unwrap()
}

#[tokio::test]
async fn a_constraint_takes_the_unique_index_that_is_there() {
    let from = format!("{T} create unique index i on t (a); comment on index i is 'old';");
    for (constraint, expected) in [
        (
            "i unique (a)",
            "alter table t add constraint i unique using index i;",
        ),
        (
            "k unique (a)",
            "alter table t add constraint k unique using index i;",
        ),
        (
            "i primary key (a)",
            "alter table t add constraint i primary key using index i;",
        ),
        (
            "i unique (a) deferrable",
            "add constraint i unique using index i deferrable;",
        ),
    ] {
        let name = constraint.split(' ').next().unwrap();
        let to = format!(
            "{T} alter table t add constraint {constraint}; comment on index {name} is 'new';"
        );
        let made = gentle(&from, &to).await;
        has(&made, &[expected, "is 'new'", "down.sql", "is 'old'"]);
        let up = made.split("down.sql").next().unwrap();
        assert!(!up.contains("create"), "{made}");
    }
}

#[tokio::test]
async fn an_index_is_there_before_the_constraint_goes_that_it_is_like() {
    let from = format!("{T} alter table t add constraint i unique (a);");
    for index in ["i", "j"] {
        let to =
            format!("{T} create unique index {index} on t (a); comment on index {index} is 'new';");
        let files = there_and_back(&from, &to, &[], "insert into t values (1), (2)").await;
        let built = format!("create unique index concurrently if not exists {index}_new on t (a);");
        has(&files[0].text, &[&built]);
        assert_eq!(files[2].name, "0003_contract_change.up.sql");
        let renamed = format!("alter index {index}_new rename to {index};");
        has(
            &files[2].text,
            &["alter table t drop constraint i;", &renamed, "is 'new'"],
        );
        let taken = format!("alter table t add constraint i unique using index {index};");
        has(&files[3].text, &[&taken]);
    }
}

#[tokio::test]
async fn a_key_of_other_columns_is_what_programs_may_miss() {
    for (from, to) in [
        (
            "add constraint k unique (a)",
            "add constraint k unique (a, b)",
        ),
        (
            "add constraint k unique (a)",
            "add constraint k unique (a) deferrable",
        ),
        (
            "add constraint k primary key (a)",
            "add constraint k primary key (a, c)",
        ),
    ] {
        let table = "create table t (a integer not null, b integer, c integer not null);";
        let from = format!("{table} alter table t {from};");
        let to = format!("{table} alter table t {to}; create table n (a integer primary key);");
        let files = files(&from, &to).await;
        let file = file_with(&files, "drop constraint k;");
        assert!(file.name.contains("_contract_"), "{file:?}");
        has(&file.text, &["drop constraint k;", "using index k_new"]);
        // What is harmless does not wait for it.
        assert_eq!(
            file_with(&files, "create table n").name,
            "0002_change.up.sql"
        );
    }
    let from = format!("{T} create unique index k on t (a);");
    for to in ["(b)", "((a + 1))", "(a) where b > 0"] {
        let to = format!("{T} create unique index k on t {to};");
        let files = files(&from, &to).await;
        let file = file_with(&files, "drop index");
        assert!(file.name.contains("_contract_"), "{file:?}");
    }
    // How it is stored is nothing that a statement names.
    let to = format!("{T} create unique index k on t (a) with (fillfactor = 50);");
    let files = there_and_back(&from, &to, &[], "").await;
    let file = file_with(&files, "drop index");
    assert!(!file.name.contains("contract"), "{file:?}");
}

#[tokio::test]
async fn a_foreign_key_goes_over_to_another_key_in_one_migration() {
    let from = "create table u (a integer, b integer); alter table u add constraint u_k unique (a);
        create table t (a integer constraint t_u references u (a));";
    for to in [
        "alter table u add constraint u_l unique (a) include (b)",
        "alter table u add constraint u_k unique (a) include (b)",
        "create unique index u_k on u (a)",
        "alter table u add constraint u_k unique (b), add constraint u_l unique (a)",
    ] {
        let to = format!(
            "create table u (a integer, b integer); {to}; create table t (a integer constraint t_u references u (a));"
        );
        let rows = "insert into u values (1, 2); insert into t values (1)";
        let files = there_and_back(from, &to, &[], rows).await;
        let mut ups = files.iter().step_by(2);
        let both = ups.any(|file| {
            let at = |part| file.text.find(part);
            at("drop constraint t_u;") < at("add constraint t_u") && file.text.contains("t_u;")
        });
        let is_untouched = files.iter().all(|file| !file.text.contains("t_u"));
        assert!(
            both || is_untouched,
            "{to}\n{}",
            crate::support::shown(&files)
        );
    }
}

#[tokio::test]
async fn a_column_that_computes_itself_is_not_written_by_programs_before() {
    let from = "create table t (a integer not null);";
    let to = "create table t (a integer not null generated always as identity);";
    let files = there_and_back(from, to, &[], "").await;
    let file = file_with(&files, "add generated always as identity");
    assert!(file.name.contains("_contract_"), "{file:?}");
    gentle(from, &to.replace("always", "by default")).await;
    gentle(from, to).await;
}

#[tokio::test]
async fn a_serial_column_becomes_an_identity_that_goes_on_and_back() {
    let serial = "create table t (id serial primary key, a text);";
    let rows = "insert into t (a) values ('one'), ('two')";
    let next = "nextval(pg_get_serial_sequence('t', 'id'))";
    for to in ["integer generated by default", "bigint generated always"] {
        let identity = format!("create table t (id {to} as identity primary key, a text);");
        for (from, to) in [(serial, &*identity), (&*identity, serial)] {
            let there = answers((from, to), &[], rows, (next, next)).await;
            assert_eq!(there.unwrap(), ["3", "3"], "{from} {to}");
        }
    }
    let identity =
        "create table t (id integer generated by default as identity primary key, a text);";
    gentle(serial, identity).await;
    gentle(identity, serial).await;
}

#[tokio::test]
async fn tables_in_use_change_in_a_migration_each() {
    let from =
        "create table t (a integer, gone integer); create table u (a integer, gone integer);";
    let to = "create table t (a integer, b integer default 1); create table u (a integer, b text); create table v (a integer);
        alter table t add constraint t_b check (b > 0); alter table u add constraint u_b check (b > '');";
    gentle(from, to).await;
    let files = there_and_back(from, to, &[], "").await;
    let names: Vec<_> = files.iter().step_by(2).map(|file| &*file.name).collect();
    assert_eq!(
        names,
        [
            "0002_change_t.up.sql",
            "0003_change_u.up.sql",
            "0004_change_validate.up.sql",
            "0005_contract_change_t.up.sql",
            "0006_contract_change_u.up.sql",
        ]
    );
    has(&files[0].text, &["create table v", "add column b"]);
}

#[tokio::test]
async fn a_column_that_is_demanded_can_be_filled_in_before() {
    let from = "create table t (a integer);";
    let to = "create table t (a integer, b integer not null);";
    let made = gentle(from, to).await;
    has(
        &made,
        &[
            "--- 0002_change.up.sql\nalter table t add column b integer;",
            "--- 0003_change_fill.up.sql\n-- no-transaction\n",
            "update t as it set b = ...",
            "end $$;\n",
            "--- 0004_contract_change_demand.up.sql",
            "--- 0005_change_validate.up.sql",
            "--- 0006_change_finish.up.sql",
        ],
    );
    let to = "create table t (a integer, found integer not null, batch uuid not null default gen_random_uuid());";
    gentle(from, to).await;
    // Nothing behind it is applied as long as rows have none.
    let to = "create table t (a integer, b integer not null);";
    let up = answers((from, to), &[], "insert into t values (1)", ("1", "1")).await;
    has(
        &up.unwrap_err(),
        &[
            "0003_change_fill.up.sql",
            "write in this migration what b of t is",
        ],
    );
}
