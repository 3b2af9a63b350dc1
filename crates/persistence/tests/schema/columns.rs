//! Columns that come, change and go.

use crate::support::{gentle, has, there_and_back, up};

const T: &str = "create table t (id bigint primary key, a text);\n";

#[tokio::test]
async fn a_column_that_may_be_null_is_added_by_one_migration() {
    let made = gentle(T, &format!("{T} alter table t add column n varchar(20);")).await;
    has(
        &made,
        &[
            "--- 0002_change.up.sql\nalter table t add column n varchar(20);\n",
            "--- 0002_change.down.sql\n-- Loses what is in it.\nalter table t drop column n;\n",
        ],
    );
    assert_eq!(made.matches("---").count(), 2, "{made}");
}

#[tokio::test]
async fn a_column_with_a_constant_default_is_not_null_at_once() {
    let made = gentle(
        T,
        &format!("{T} alter table t add column n integer not null default 7;"),
    )
    .await;
    has(&made, &["add column n integer not null default 7;"]);
    assert_eq!(made.matches("---").count(), 2, "{made}");
}

#[tokio::test]
async fn a_column_that_rows_cannot_have_yet_is_demanded_last() {
    let to = format!("{T} alter table t add column n uuid not null default gen_random_uuid();");
    let rows = "insert into t select generate_series(1, 2500)";
    let files = there_and_back(T, &to, &[], rows).await;
    let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(
        names.iter().step_by(2).collect::<Vec<_>>(),
        [
            &"0002_change.up.sql",
            &"0003_change_fill.up.sql",
            &"0004_change_demand.up.sql",
            &"0005_change_validate.up.sql",
            &"0006_change_finish.up.sql"
        ]
    );
    has(
        &files[0].text,
        &["add column n uuid;", "set default gen_random_uuid()"],
    );
    has(
        &files[2].text,
        &["-- no-transaction\n", "set n = default", "limit 1000"],
    );
    has(
        &files[4].text,
        &["t_n_not_null check (n is not null) not valid"],
    );
    has(&files[6].text, &["validate constraint t_n_not_null"]);
    has(
        &files[8].text,
        &[
            "alter column n set not null",
            "drop constraint t_n_not_null",
        ],
    );
}

#[tokio::test]
async fn not_null_comes_by_way_of_a_check_and_goes_at_once() {
    let to = T.replace("a text", "a text not null");
    let files = there_and_back(T, &to, &[], "insert into t values (1, 'x')").await;
    has(&files[0].text, &["not valid"]);
    has(&files[4].text, &["set not null"]);
    let back = up(&to, T).await;
    has(&back, &["alter table t alter column a drop not null"]);
}

#[tokio::test]
async fn a_type_changes_with_its_rows() {
    let from = "create table t (a text default '1', b integer, c varchar(10));
        create index t_a on t (a); create view v as select a from t;
        create function f(text) returns text immutable language sql as 'select $1';";
    let to = "create table t (a bigint default 2, b numeric(10, 2), c varchar(20));
        create index t_a on t (a); create view v as select a from t;
        create function f(text) returns text immutable language sql as 'select $1';";
    let rows = "insert into t values ('12', 3, 'x')";
    let files = there_and_back(from, to, &[], rows).await;
    has(
        &files[2].text,
        &[
            "alter column b type numeric(10,2)",
            "drop view v",
            "alter column a type bigint\n    using a::bigint",
            "create view v",
        ],
    );
    has(&files[0].text, &["alter column c type varchar(20);"]);
}

#[tokio::test]
async fn a_default_is_set_changed_and_dropped() {
    let from = "create table t (a integer, b integer default 1, c integer default 2);";
    let to = "create table t (a integer default 5, b integer default 3, c integer);";
    let made = up(from, to).await;
    has(
        &made,
        &[
            "alter column a set default 5",
            "contract_change.up.sql\nalter table t alter column c drop default",
        ],
    );
    has(&made, &["alter column b set default 3"]);
}

#[tokio::test]
async fn what_is_generated_is_computed_by_another_expression() {
    let from = "create table t (a integer, g integer generated always as (a + 1) stored);
        create index t_g on t (g);";
    let to = "create table t (a integer, g integer generated always as (a + 2) stored);
        create index t_g on t (g);";
    let files = there_and_back(from, to, &[], "insert into t values (1)").await;
    has(
        &files[0].text,
        &[
            "drop index t_g",
            "drop column g",
            "add column g integer generated always as (a + 2) stored",
            "create index t_g",
        ],
    );
}

#[tokio::test]
async fn what_was_generated_stays_as_it_is_when_it_is_not_any_more() {
    let from = "create table t (a integer, g integer generated always as (a + 1) stored);";
    let to = "create table t (a integer, g integer);";
    let files = there_and_back(from, to, &[], "insert into t values (1)").await;
    has(&files[0].text, &["alter column g drop expression"]);
    has(
        &files[1].text,
        &[
            "-- Loses what is in it.\nalter table t drop column g",
            "generated always",
        ],
    );
}

#[tokio::test]
async fn an_identity_comes_changes_and_goes() {
    let plain = "create table t (id bigint not null);";
    let always = "create table t (id bigint not null generated always as identity (start with 5));";
    let other = "create table t (id bigint not null generated by default as identity (start with 5 increment by 3));";
    has(
        &up(plain, always).await,
        &["add generated always as identity (start with 5)"],
    );
    has(
        &up(always, other).await,
        &["set generated by default", "increment by 3"],
    );
    has(&up(other, plain).await, &["drop identity"]);
    let made = up(
        "create table t (a text);",
        "create table t (a text, id bigint generated always as identity);",
    )
    .await;
    has(
        &made,
        &[
            "-- Writes the whole table anew.\nalter table t add column id bigint not null generated always as identity",
        ],
    );
}

#[tokio::test]
async fn a_serial_column_brings_its_sequence() {
    let from = "create table t (a text);";
    let to = "create table t (a text, id serial);";
    let made = up(from, to).await;
    has(
        &made,
        &["create sequence t_id_seq as integer", "owned by t.id"],
    );
    has(&up("", to).await, &["create table t"]);
}

#[tokio::test]
async fn what_a_column_has_besides_is_kept_in_step() {
    let from = "create table t (a text, b text, c text);
        comment on column t.a is 'old'; alter table t alter b set statistics 5;
        alter table t alter c set storage external; alter table t alter a set (n_distinct = 5);";
    let to = r#"create table t (a text, b text, c text collate "C");
        comment on column t.a is 'it''s new'; alter table t alter b set statistics 50;
        comment on column t.b is 'b'; alter table t alter c set storage main; alter table t alter b set (n_distinct = 7)"#;
    let made = up(from, to).await;
    has(&made, &["comment on column t.a is 'it''s new'"]);
    has(&made, &["alter column b set statistics 50"]);
    has(&made, &["reset (n_distinct)"]);
    has(&made, &["type text collate \"C\""]);
}

#[tokio::test]
async fn a_column_goes_in_a_migration_of_its_own_with_what_lies_on_it() {
    let from = "create table t (a integer default 3, b integer not null check (b > 0), c integer);
        create index t_b on t (b); create view v as select b from t; comment on column t.b is 'b';";
    let to = "create table t (a integer default 3, c integer, d integer);";
    let files = there_and_back(from, to, &[], "").await;
    let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names[0], "0002_change.up.sql");
    assert_eq!(names[2], "0003_contract_change_indexes.up.sql");
    has(&files[2].text, &["drop index concurrently if exists t_b;"]);
    assert_eq!(names[4], "0004_contract_change.up.sql");
    has(
        &files[4].text,
        &[
            "drop view v",
            "-- Loses what is in it.\nalter table t drop column b",
        ],
    );
}

#[tokio::test]
async fn what_holds_nobody_up_passes_the_lint() {
    let from = "create type mood as enum ('a'); create table u (id bigint primary key);
        create table t (id bigint primary key, a text, b integer, gone text, m mood); create index t_gone on t (gone);";
    let to = "create type mood as enum ('a', 'b'); create table u (id bigint primary key);
        create table t (id bigint primary key, a text not null, b integer, m mood default 'b', u_id bigint not null references u (id),
            since timestamptz not null default now(), key uuid not null default gen_random_uuid(), unique (b), check (b > 0));
        create index t_a on t (a) where b is null; create view v as select a from t;
        create table w (id bigint primary key, t_id bigint references t (id)); create index on w (t_id);";
    gentle(from, to).await;
}
