//! Names of migrations, and new names of things.

use byline_persistence::schema::{ScratchOptions, revision};
use byline_persistence::testing::execute;

use crate::support::{Case, there_and_back};

async fn refused(from: &str, to: &str, rename: &str) -> String {
    let made = Case::new(from, to).await.revise(&[rename]).await;
    made.expect_err("it is no such rename").to_string()
}

#[tokio::test]
async fn a_rename_may_say_where_it_stays() {
    let from = "create schema app; create table app.t (a int); create table t (a int);
        create table \"x.y\" ();";
    let to = "create schema app; create table app.u (b int); create table v (c int);
        create table \"y.z\" ();";
    let renames = [
        "app.t:app.u",
        "app.t.a:app.t.b",
        "public.t:public.v",
        "public.t.a:t.c",
        "\"x.y\":\"y.z\"",
    ];
    let files = there_and_back(from, to, &renames, "").await;
    assert_eq!(
        files[0].text.lines().collect::<Vec<_>>(),
        [
            "alter table app.t rename column a to b;",
            "alter table t rename column a to c;",
            "alter table app.t rename to u;",
            "alter table t rename to v;",
            "alter table \"x.y\" rename to \"y.z\";",
        ]
    );
}

#[tokio::test]
async fn what_no_rename_can_do_is_told() {
    let from = "create schema app; create table app.t (a int); create type e as enum ('a');
        create view v as select a from app.t; create type c as (a int);";
    for (rename, expected) in [
        (
            "app.t:public.t",
            "cannot move table app.t to another schema",
        ),
        (
            "app.t.a:app.u.b",
            "cannot move column app.t.a to another table",
        ),
        ("e.a:b", "no rename of its own"),
        ("v.a:b", "no rename of its own"),
        ("c.a:b", "no rename of its own"),
        ("app.x:y", "there is no app.x"),
        ("v", "does not name"),
    ] {
        let told = refused(from, from, rename).await;
        assert!(told.contains(expected), "{rename}: {told}");
    }
}

#[tokio::test]
async fn a_rename_that_postgresql_refuses_is_told_with_its_statement() {
    let from = "create table t (a int); create view v as select 1 as one;
        create function f() returns event_trigger language plpgsql as
        'begin raise exception ''no names today''; end';
        create event trigger e on ddl_command_start when tag in ('ALTER TABLE') execute function f();";
    let told = refused(from, &from.replace("(a int)", "(b int)"), "t.a:b").await;
    assert_eq!(
        told,
        "`alter table t rename column a to b` fails: P0001: no names today"
    );
}

#[tokio::test]
async fn a_generated_statement_that_fails_is_told_from_its_beginning_and_with_the_value() {
    let from = "create table t (a text); insert into t values ('x');";
    let told = crate::support::refused(from, "create table t (a integer);").await;
    assert!(
        told.contains("`alter table t alter column a type integer")
            && told.contains("fails: 22P02: invalid input syntax for type integer: \"x\""),
        "{told}"
    );
}

#[tokio::test]
async fn a_name_that_says_contract_is_that_of_the_part_that_takes_away() {
    let from = "create table t (a int, b int);";
    let to = "create table t (a int, c int); create index t_c on t (c);";
    let case = Case::new(from, to).await;
    let made = case.revise_as("contract b", &[]).await.unwrap();
    let names: Vec<_> = made.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "0002_b.up.sql",
            "0002_b.down.sql",
            "0003_b_indexes.up.sql",
            "0003_b_indexes.down.sql",
            "0004_contract_b.up.sql",
            "0004_contract_b.down.sql",
        ]
    );
}

const ROLE: &str = "do $$ begin
        execute format('create role %I login superuser', 'app_' || current_database());
        execute format('alter role %I set search_path = app, public', 'app_' || current_database());
    end $$";

const GONE: &str =
    "do $$ begin execute format('drop role %I', 'app_' || current_database()); end $$";

#[tokio::test]
async fn a_name_without_a_schema_is_of_public_whatever_the_role_is_set_to() {
    let case = Case::new(
        "create schema app;",
        "create schema app; create table t (a int);",
    )
    .await;
    let mut beside = case.test.connection().await;
    execute(&mut beside, ROLE).await;
    let server = case.test.connect_options();
    let role = format!("app_{}", server.get_database().unwrap());
    let scratch = ScratchOptions {
        server: Some(server.username(&role)),
        ..case.scratch()
    };
    let migrations = case.migrations();
    let made = Box::pin(revision(&migrations, "t", &[], &scratch)).await;
    execute(&mut beside, GONE).await;
    assert_eq!(
        made.unwrap().files[0].text,
        "create table t (\n    a integer\n);\n"
    );
}
