//! Tables, views, and everything by another name.

use crate::support::{Case, has, there_and_back, up};

#[tokio::test]
async fn a_table_comes_changes_and_goes() {
    let one =
        "create unlogged table t (a integer) with (fillfactor = 70, autovacuum_enabled = off);
        comment on table t is 'it''s';";
    let other = "create table t (a integer) with (fillfactor = 80, toast.autovacuum_enabled = off);
        alter table t enable row level security; alter table t replica identity full;";
    has(
        &up("", one).await,
        &[
            "create unlogged table t (\n    a integer\n) with (autovacuum_enabled = off, fillfactor = 70);\n\ncomment on table t is 'it''s';",
        ],
    );
    has(
        &up(one, other).await,
        &[
            "set logged",
            "reset (autovacuum_enabled)",
            "enable row level security",
            "replica identity full",
            "comment on table t is null",
        ],
    );
    has(
        &up(other, "").await,
        &["contract_change", "-- Loses what is in it.\ndrop table t;"],
    );
}

#[tokio::test]
async fn views_come_change_and_go_in_the_order_in_which_they_build_on_each_other() {
    let one = "create table t (a integer, b text); create view z as select a from t where a > 1;
        create view y with (security_barrier = true) as select a from z; comment on column y.a is 'x';
        create materialized view m as select a from y; create index on m (a);";
    let other = "create table t (a integer, b text); create view z as select a, b from t;
        create view y as select a from z; comment on view y is 'y'; comment on column y.a is 'z';
        create materialized view m as select a from y where a > 2 with no data; create index on m (a);";
    let made = up("create table t (a integer, b text);", one).await;
    has(
        &made,
        &[
            "create view z as\n",
            "create view y",
            "create materialized view m",
            "create index m_a_idx on m (a)",
        ],
    );
    let made = up(one, other).await;
    has(
        &made,
        &[
            "drop materialized view m",
            "drop view y",
            "drop view z",
            "create view z",
            "create view y",
            "create materialized view m",
        ],
    );
    has(
        &up(other, "create table t (a integer, b text);").await,
        &["drop materialized view m", "drop view y", "drop view z"],
    );
}

#[tokio::test]
async fn a_view_with_the_same_columns_is_replaced() {
    let one = "create table t (a integer); create view v as select a from t; create view w as select a from v;";
    let other = "create table t (a integer); create view v as select a from t where a > 0;
        alter view v set (check_option = local); create view w as select a from v;";
    let made = up(one, other).await;
    has(
        &made,
        &["create or replace view v with (check_option = local) as"],
    );
    assert!(!made.contains("drop view"), "{made}");
}

#[tokio::test]
async fn a_name_that_something_else_has_is_freed_first() {
    let one =
        "create table t (a integer); create view x as select a from t; create index y on t (a);";
    let other = "create table t (a integer); create table x (a integer); create sequence y;";
    has(&up(one, other).await, &["drop view x", "create table x"]);
}

#[tokio::test]
async fn a_view_leaves_a_column_that_goes_for_one_that_stays() {
    let one = "create table t (id bigint, r bigint, d bigint generated always as (r) stored, primary key (id, r));
        create view v as select id, d as x from t;";
    let other =
        "create table t (id bigint not null, r bigint); create view v as select id, r as x from t;";
    has(
        &up(one, other).await,
        &["create or replace view v as", "drop column d"],
    );
}

#[tokio::test]
async fn names_that_need_quotes_get_them() {
    let to = r#"create schema "My app"; create table "My app"."Order" ("Select" integer primary key, "a""b" text default 'WHERE "X"');
        create index "I x" on "My app"."Order" (upper("a""b")) where "Select" > 1;
        create type "My app"."E" as enum ('A, B', 'c: d'); alter table "My app"."Order" add column "E" "My app"."E";
        create view "V" as select "Select" as "Where" from "My app"."Order"; comment on column "V"."Where" is 'A, b: c';"#;
    has(
        &up("", to).await,
        &[
            r#"create table "My app"."Order" ("#,
            r#"default 'WHERE "X"'::text"#,
        ],
    );
    let again = to
        .replace("primary key", "")
        .replace("upper", "lower")
        .replace("'A, B', 'c: d'", "'A, B', 'x', 'c: d'");
    has(
        &up(to, &again).await,
        &[r#"alter type "My app"."E" add value 'x' after 'A, B'"#],
    );
}

const OLD: &str = "create table t (a integer, b text, constraint t_pkey primary key (a)); create index t_b on t (b) where a > 1;
    create view v as select b from t; create function f() returns void language sql as 'select 1';
    create type mood as enum ('x'); create function touch() returns trigger language plpgsql as 'begin return new; end';
    create trigger tr before update on t for each row execute function touch();";

#[tokio::test]
async fn what_is_renamed_keeps_its_rows_and_what_lies_on_it() {
    let new = "create table u (a integer, c text, constraint u_pkey primary key (a)); create index u_c on u (c) where a > 1;
        create view w as select c as b from u; create function g() returns void language sql as 'select 1';
        create type temper as enum ('x'); create function touch() returns trigger language plpgsql as 'begin return new; end';
        create trigger ts before update on u for each row execute function touch();";
    let renames = [
        "t:u",
        "t.b:c",
        "t_pkey:u_pkey",
        "t_b:u_c",
        "v:w",
        "f:g",
        "mood:temper",
        "tr:ts",
    ];
    let files = there_and_back(OLD, new, &renames, "insert into t values (1, 'kept')").await;
    assert_eq!(files.len(), 2);
    assert_eq!(files[0].name, "0002_contract_change.up.sql");
    has(
        &files[0].text,
        &[
            "alter table t rename column b to c;",
            "alter table t rename to u;",
        ],
    );
    assert!(!files[0].text.contains("drop"), "{}", files[0].text);
}

#[tokio::test]
async fn a_rename_of_what_is_not_there_is_refused() {
    let case = Case::new(OLD, OLD).await;
    for (rename, why) in [
        (
            "nothing:u",
            "there is no nothing in the schema that the migrations make",
        ),
        (
            "t.b:c",
            "there is no column t.c in the schema that is wanted",
        ),
        ("t.b:a", "there is a column t.a already"),
        ("t", "`t` does not name what is renamed and to what"),
        (":", "does not name"),
    ] {
        let refused = case.revise(&[rename]).await.unwrap_err();
        has(&refused.to_string(), &[why]);
    }
}

#[tokio::test]
async fn without_a_rename_another_name_is_another_thing() {
    let made = up(
        "create table t (a integer, b text);",
        "create table t (a integer, c text);",
    )
    .await;
    has(&made, &["add column c text", "drop column b"]);
}
