//! What programs that are in use would miss goes in migrations whose names say so.

use crate::support::{gentle, has, there_and_back, up};

async fn breaks(from: &str, to: &str) -> String {
    let files = there_and_back(from, to, &[], "").await;
    let made = files
        .iter()
        .map(|file| file.text.as_str())
        .collect::<String>();
    assert!(files[0].name.contains("_contract_"), "{made}");
    assert!(!made.contains("made again below"), "{made}");
    made
}

#[tokio::test]
async fn a_view_that_loses_a_column_or_has_another_type_of_it_breaks() {
    let from = "create table t (a integer, b integer); create view v as select a, b from t;";
    let to = "create table t (a integer, b integer); create view v as select a from t;";
    has(&breaks(from, to).await, &["drop view v", "create view v"]);
    let to =
        "create table t (a integer, b integer); create view v as select a, b::text as b from t;";
    breaks(from, to).await;
}

#[tokio::test]
async fn a_view_gets_columns_at_its_end_where_it_is() {
    let from = "create table t (a integer, b integer); create view v as select a from t;";
    let to = "create table t (a integer, b integer); create view v as select a, b from t;";
    let made = gentle(from, to).await;
    has(
        &made,
        &[
            "create or replace view v",
            "down.sql",
            "drop view v",
            "create view v",
        ],
    );
}

#[tokio::test]
async fn a_function_that_is_called_or_answers_otherwise_breaks() {
    let one = "create function v(a integer, b integer default 2) returns integer language sql as 'select 1';";
    for other in [
        "create function v(a integer, b integer) returns integer language sql as 'select 1';",
        "create function v(a integer, c integer default 2) returns integer language sql as 'select 1';",
        "create function v(a integer, b integer default 2) returns bigint language sql as 'select 1::bigint';",
    ] {
        breaks(one, other).await;
    }
    let made = gentle(
        "create function v(a integer, b integer) returns integer language sql as 'select 1';",
        one,
    )
    .await;
    has(
        &made,
        &["create or replace function v(a integer, b integer default 2)"],
    );
}

#[tokio::test]
async fn a_type_that_loses_an_attribute_breaks() {
    let from = "create type v as (a integer, b integer); create function f() returns v language sql as 'select null::v';";
    let to = "create type v as (a integer); create function f() returns v language sql as 'select null::v';";
    has(&breaks(from, to).await, &["alter type v drop attribute b;"]);
}

#[tokio::test]
async fn what_is_harmless_comes_before_what_breaks() {
    let from = "create table t (a integer, b integer); create view v as select a, b from t; create view w as select a from v;";
    let to = "create table t (a integer, b integer); create view v as select a from t; create view w as select a from v;
        create table n (id bigint primary key);";
    let files = there_and_back(from, to, &[], "").await;
    let names: Vec<_> = files
        .iter()
        .step_by(2)
        .map(|file| file.name.as_str())
        .collect();
    assert_eq!(names, ["0002_change.up.sql", "0003_contract_change.up.sql"]);
    has(&files[0].text, &["create table n"]);
    has(
        &files[2].text,
        &[
            "drop view w",
            "drop view v",
            "create view v",
            "create view w",
        ],
    );
}

#[tokio::test]
async fn functions_come_whatever_their_bodies_speak_of() {
    let from = "create table t (old integer); create function f() returns integer language sql as 'select old from t';";
    let to = "create table t (new integer); create table u (a integer);
        create function z() returns integer language sql as 'select a from u';
        create function f() returns integer language sql as 'select new + z() from t';";
    let case = crate::support::Case::new(from, to).await;
    let files = case.revise(&["t.old:new"]).await.unwrap();
    has(
        &files[0].text,
        &["set local check_function_bodies = off;", "function f()"],
    );
    has(
        &files[1].text,
        &["set local check_function_bodies = off;", "function f()"],
    );
}

#[tokio::test]
async fn what_is_stored_by_a_function_that_changes_is_told() {
    let one = "create function f(integer) returns integer language sql immutable as 'select 1';
        create table t (a integer, g integer generated always as (f(a)) stored); create index t_f on t (f(a));";
    let made = up(one, &one.replace("select 1", "select 2")).await;
    has(
        &made,
        &[
            "-- What it was stored for stays as it was computed: column t.g, index t_f on t.\ncreate or replace function f",
        ],
    );
}
