//! Schemas, extensions and types.

use crate::support::{has, refused, there_and_back, up};

#[tokio::test]
async fn a_schema_comes_with_what_is_in_it() {
    let to = "create schema app; comment on schema app is 'mine';
        create table app.t (id bigint primary key); create index on app.t (id);";
    let made = up("", to).await;
    has(
        &made,
        &[
            "create schema app;\ncomment on schema app is 'mine';",
            "create table app.t (",
        ],
    );
    has(&up(to, "").await, &["drop table app.t", "drop schema app"]);
}

#[tokio::test]
async fn an_extension_comes_before_what_uses_it_and_goes_after() {
    let with = "create schema x; create extension citext; create extension pg_trgm schema x;
        create table t (a citext); create index on t using gin ((a::text) x.gin_trgm_ops);";
    let made = up("create schema x; create table t ();", with).await;
    has(&made, &["create extension citext", "add column a citext"]);
    has(&made, &["create extension pg_trgm schema x"]);
    has(&up(with, "create table t ();").await, &["drop extension"]);
}

#[tokio::test]
async fn a_value_is_added_to_an_enum_before_it_is_used() {
    let from = "create type mood as enum ('sad', 'happy'); create table t (m mood default 'sad', a mood[]);
        create view v as select m from t where m = 'sad'; create index on t (m) where m = 'sad';";
    let to = "create type mood as enum ('awful', 'sad', 'so so', 'happy', 'it''s great');
        create table t (m mood default 'it''s great', a mood[]);
        create view v as select m from t where m = 'sad'; create index on t (m) where m = 'sad';";
    let files = there_and_back(from, to, &[], "insert into t values ('sad', '{happy}')").await;
    assert_eq!(files[0].name, "0002_change_values.up.sql");
    has(
        &files[0].text,
        &[
            "add value 'awful' before 'sad'",
            "add value 'so so' after 'sad'",
            "add value 'it''s great';",
        ],
    );
    has(&files[2].text, &["set default 'it''s great'::mood"]);
}

#[tokio::test]
async fn a_value_is_taken_from_an_enum_by_another_type_in_its_place() {
    let from =
        "create type mood as enum ('sad', 'bad', 'happy'); comment on type mood is 'of people';
        create table t (m mood default 'bad', constraint t_m check (m <> 'happy'));
        create view v as select m from t;";
    let to = "create type mood as enum ('sad', 'happy'); comment on type mood is 'of all';
        create table t (m mood default 'sad', constraint t_m check (m <> 'happy'));
        create view v as select m from t;";
    let files = there_and_back(from, to, &[], "insert into t values ('sad')").await;
    let last = &files[files.len() - 2];
    assert_eq!(last.name, "0003_contract_change_values.up.sql");
    has(
        &last.text,
        &[
            "drop view v",
            "rename to mood_before",
            "using m::text::mood",
            "drop type mood_before",
        ],
    );
}

#[tokio::test]
async fn an_enum_comes_and_goes() {
    let to = r"create type mood as enum ('a', E'b\\c', 'd'); create table t (m mood not null);";
    has(
        &up("", to).await,
        &["create type mood as enum (", "create table t"],
    );
    has(&up(to, "").await, &["drop table t", "drop type mood"]);
}

#[tokio::test]
async fn a_domain_comes_changes_and_goes() {
    let one = "create domain d as text default 'x' constraint d_check check (value <> '');
        create table t (a d);";
    let other = "create domain d as text not null constraint d_check check (value <> 'y')
        constraint d_long check (length(value) > 2); comment on domain d is 'short';
        comment on constraint d_long on domain d is 'why'; create table t (a d);";
    has(
        &up("", one).await,
        &[
            "create domain d as text default 'x'::text\n    constraint d_check check (value <> ''::text)",
        ],
    );
    let made = up(one, other).await;
    has(
        &made,
        &[
            "alter domain d add constraint d_long check (length(value) > 2) not valid",
            "alter domain d drop constraint d_check",
            "alter domain d validate constraint",
        ],
    );
    has(
        &made,
        &["comment on constraint d_long on domain d is 'why'"],
    );
    has(&up(other, "").await, &["drop domain d"]);
}

#[tokio::test]
async fn a_composite_type_comes_changes_and_goes() {
    let one = "create type pair as (a integer, b text); comment on column pair.a is 'left';
        create function f(pair) returns integer language sql as 'select 1';";
    let other = r#"create type pair as (a integer, c text collate "C", "D e" numeric(5, 2));
        create function f(pair) returns integer language sql as 'select 1';"#;
    has(
        &up("", one).await,
        &["create type pair as (a integer, b text);\ncomment on column pair.a is 'left';"],
    );
    has(
        &up(one, other).await,
        &[
            "drop function f(pair)",
            "drop type pair",
            "create type pair",
            "create function f(pair)",
        ],
    );
    has(&up(other, "").await, &["drop type pair"]);
}

#[tokio::test]
async fn a_type_that_rows_are_of_gets_attributes_at_its_end() {
    let one = "create type pair as (a integer); create table t (p pair);";
    let other = r#"create type pair as (a integer, "B" text collate "C"); comment on column pair."B" is 'right'; create table t (p pair);"#;
    let files = there_and_back(one, other, &[], "insert into t values (row(1))").await;
    has(
        &files[0].text,
        &[
            r#"alter type pair add attribute "B" text collate "C";"#,
            "is 'right'",
        ],
    );
    let files = there_and_back(other, one, &[], "insert into t values (row(1, 'x'))").await;
    assert!(files[0].name.contains("contract"), "{files:?}");
    has(
        &files[0].text,
        &["-- Loses what is in it.\nalter type pair drop attribute \"B\";"],
    );
}

#[tokio::test]
async fn a_type_that_rows_are_of_is_not_dropped_and_made_again() {
    let told = refused(
        "create type pair as (a integer); create table t (p pair);",
        "create type pair as (a text); create table t (p pair);",
    )
    .await;
    has(
        &told,
        &[
            "column t.p would have to be dropped and made again",
            "depends on type pair",
        ],
    );
    let told = refused(
        "create domain d as integer; create table t (p d);",
        "create domain d as text; create table t (p d);",
    )
    .await;
    has(&told, &["column t.p"]);
}

#[tokio::test]
async fn a_text_search_configuration_comes_changes_and_goes() {
    let one = "create text search configuration c (copy = simple);";
    let other = "create text search configuration c (copy = simple);
        alter text search configuration c alter mapping for asciiword, word with english_stem, simple;
        alter text search configuration c drop mapping for email; comment on text search configuration c is 'x';";
    has(
        &up("", one).await,
        &["create text search configuration c (copy = simple)"],
    );
    has(
        &up(one, other).await,
        &[
            "drop mapping for email",
            "alter mapping for asciiword, word\n    with english_stem, simple",
        ],
    );
    has(
        &up("", other).await,
        &[
            "create text search configuration c (parser = \"default\")",
            "add mapping for",
        ],
    );
    has(&up(other, "").await, &["drop text search configuration c"]);
}

#[tokio::test]
async fn a_sequence_comes_changes_and_goes() {
    let one = "create sequence s as integer start with 5 cycle;";
    let other = "create sequence s increment by 2 cache 7; comment on sequence s is 'x';";
    has(
        &up("", one).await,
        &["create sequence s as integer start with 5 cycle;"],
    );
    has(
        &up(one, other).await,
        &[
            "alter sequence s as bigint increment by 2",
            "comment on sequence s",
        ],
    );
    has(&up(other, "").await, &["drop sequence s"]);
}
