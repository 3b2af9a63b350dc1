//! What programs that are in use do goes on between the migrations, until one says contract.

use byline_persistence::migrate::write::NewFile;

use crate::support::{gentle, has, shown, step_by_step, there_and_back};

/// The names of what is generated, without numbers and endings.
fn names(files: &[NewFile]) -> Vec<&str> {
    let ups = files.iter().step_by(2);
    ups.map(|file| file.name[5..].trim_end_matches(".up.sql"))
        .collect()
}

#[tokio::test]
async fn functions_and_triggers_come_after_what_they_speak_of() {
    let from = "create table x (u integer); create table y (u integer);
        create function f() returns trigger language plpgsql as 'begin new.u := 1; return new; end';
        create trigger tx before insert on x for each row execute function f();
        create trigger ty before insert on y for each row execute function f();";
    let to = "create table x (u integer, v integer); create table y (u integer, v integer);
        create function f() returns trigger language plpgsql as 'begin new.u := 1; new.v := 2; return new; end';
        create trigger tx before insert on x for each row execute function f();
        create trigger ty before insert on y for each row execute function f();";
    let work = ["insert into x values (1)", "insert into y values (1)"];
    step_by_step(from, to, "", &work, &[]).await;

    let from = "create table users (id integer primary key); create table posts (u integer);";
    let to = "create table users (id integer primary key, n integer default 0); create table posts (u integer, w integer);
        create function cnt() returns trigger language plpgsql as 'begin update users set n = n + 1 where id = new.u; return new; end';
        create trigger t before insert on posts for each row execute function cnt();";
    step_by_step(from, to, "", &["insert into posts values (1)"], &[]).await;

    let from = "create table s (a integer, n integer); create table t (a integer);
        create function f() returns trigger language plpgsql as 'begin insert into s values (new.a, 1); return new; end';
        create trigger tt before insert on t for each row execute function f();";
    let to = "create table s (a integer, n integer); create unique index s_a on s (a); create table t (a integer);
        create function f() returns trigger language plpgsql as 'begin insert into s values (new.a, 1) on conflict (a) do nothing; return new; end';
        create trigger tt before insert on t for each row execute function f();";
    step_by_step(from, to, "", &["insert into t values (1)"], &[]).await;
}

#[tokio::test]
async fn what_computes_for_programs_is_taken_away_as_contract() {
    let filled = "create table t (a integer not null, b integer);
        create function f() returns trigger language plpgsql as 'begin new.a := 1; return new; end';";
    let with =
        format!("{filled} create trigger g before insert on t for each row execute function f();");
    let off = format!("{with} alter table t disable trigger g;");
    let generated =
        "create table t (a integer, b integer not null generated always as (a * 2) stored);";
    let plain = "create table t (a integer, b integer not null);";
    let index = "create table t (a integer); create unique index t_a on t (a);";
    let deferrable = "create table t (a integer, constraint t_k unique (a) deferrable);";
    for (from, to, work) in [
        (&*with, filled, "insert into t (b) values (1)"),
        (&*with, &*off, "insert into t (b) values (1)"),
        (generated, plain, "insert into t (a) values (1)"),
        (
            index,
            deferrable,
            "insert into t values (1) on conflict (a) do nothing",
        ),
    ] {
        let files = step_by_step(from, to, "", &[work], &[]).await;
        assert_eq!(names(&files), ["contract_change"], "{}", shown(&files));
    }
}

#[tokio::test]
async fn rows_are_kept_apart_all_the_way() {
    let table = "create table t (a integer not null, b integer, d integer);";
    for (from, to) in [
        (
            "alter table t add constraint k unique (a)",
            "create unique index k on t (a) where d is null",
        ),
        (
            "alter table t add constraint k unique (a)",
            "create unique index k on t (a)",
        ),
        (
            "create unique index k on t (a)",
            "alter table t add constraint k unique (a) include (b)",
        ),
        (
            "create unique index k on t (a)",
            "create unique index k on t (a) where d is null",
        ),
        (
            "alter table t add constraint k unique (a)",
            "alter table t add constraint k unique (a) include (d)",
        ),
        (
            "alter table t add constraint k primary key (a)",
            "alter table t add constraint l primary key (a) include (d)",
        ),
        (
            "alter table t add constraint k primary key (a)",
            "alter table t alter column a drop not null, add constraint l unique (a)",
        ),
    ] {
        let (from, to) = (format!("{table} {from};"), format!("{table} {to};"));
        let again = ["insert into t values (1)"];
        let work = ["insert into t values (1) on conflict (a) do nothing"];
        step_by_step(&from, &to, "insert into t values (1)", &work, &again).await;
    }
}

#[tokio::test]
async fn an_index_goes_when_the_one_is_there_that_comes_for_it() {
    let table = "create table t (a integer, b integer);";
    let from = format!("{table} create index t_a on t (a);");
    for index in ["t_a_b", "t_a"] {
        let to = format!("{table} create index {index} on t (a, b);");
        let made = gentle(&from, &to).await;
        let built = format!("create index concurrently if not exists {index}");
        has(&made, &[&built, "drop index concurrently if exists t_a;"]);
        there_and_back(&from, &to, &[], "").await;
    }
    // The name may be one that something has.
    let other = "create index t_a_new on t (b);";
    let to = format!("{table} {other} create index t_a on t (a, b);");
    let made = gentle(&format!("{from} {other}"), &to).await;
    has(
        &made,
        &["t_a_new2 on t", "alter index t_a_new2 rename to t_a;"],
    );
}

#[tokio::test]
async fn a_text_that_may_be_longer_keeps_nobody_out() {
    let from = "create table t (a varchar(10), b integer); create table x (a integer); create view v as select a from t;";
    for to in ["varchar(20)", "text"] {
        let to = format!("create table t (a {to}, b integer, constraint k unique (b, a)); create index t_a on t (a);
            create table x (a integer, n integer); create view v as select a from t;");
        let made = gentle(from, &to).await;
        has(&made, &["unique index concurrently"]);
        let work = ["select a from v", "insert into x values (1)"];
        let files = step_by_step(from, &to, "", &work, &[]).await;
        assert_eq!(
            names(&files),
            ["change_x", "change_t", "change_indexes", "change_finish"]
        );
    }
    let from = "create table t (a varchar(4), constraint c check (length(a) > 0)); create index i on t (lower(a));";
    let to = from.replace("(4)", "(8)");
    let made = crate::support::up(from, &to).await;
    has(
        &made,
        &["-- Nobody uses the table until these are made anew: constraint c on t, index i on t.\n"],
    );
}

#[tokio::test]
async fn what_takes_nothing_away_is_not_said_to() {
    let from = "create table t (a integer constraint c check (a > 0), b integer, constraint k unique (a));";
    for to in [
        "create table t (a integer, b integer, constraint k unique (a));",
        "create table t (a integer constraint c check (a > 0), b integer, constraint k unique (a) include (b));",
        "create table t (a integer constraint c check (a > 0), b integer, constraint k unique (a), u uuid not null default gen_random_uuid());",
    ] {
        let work = [
            "insert into t (a) values (1) on conflict (a) do nothing",
            "update t set a = 3 where a = 2",
        ];
        step_by_step(from, to, "insert into t values (2)", &work, &[]).await;
        let made = gentle(from, to).await;
        assert!(!made.contains("contract"), "{made}");
    }
}

#[tokio::test]
async fn a_check_that_says_so_already_serves_for_not_null() {
    let column = |how: &str| format!("create table t (a integer {how});");
    let from = column("constraint t_a_not_null check (a is not null)");
    let made = gentle(&from, &column("not null")).await;
    has(
        &made,
        &["alter column a set not null;\nalter table t drop constraint t_a_not_null;"],
    );
    there_and_back(&from, &column("not null"), &[], "insert into t values (1)").await;
    let both = column("not null constraint t_a_not_null check (a is not null)");
    there_and_back(&from, &both, &[], "insert into t values (1)").await;
    // Another one of that name is not in the way.
    let from = column("constraint t_a_not_null check (a > 0)");
    let to = column("not null constraint t_a_not_null check (a > 0)");
    has(
        &gentle(&from, &to).await,
        &["add constraint t_a_not_null1 check (a is not null)"],
    );
}

#[tokio::test]
async fn what_hangs_on_something_that_goes_is_made_again() {
    let from = "create function f(x integer) returns integer language sql immutable as 'select x';
        create table t (a integer default f(1), check (f(a) > 0)); create index i on t (f(a)); create view v as select f(a) as n from t;";
    let to = "create function f(x integer, y integer default 0) returns integer language sql immutable as 'select x';
        create table t (a integer default f(1), check (f(a) > 0)); create index i on t (f(a)); create view v as select f(a) as n from t;";
    there_and_back(from, to, &[], "insert into t values (1)").await;

    let from = "create table u (id text primary key); create table t (u text references u (id));";
    let to = "create table u (id uuid primary key); create table t (u uuid references u (id));";
    let rows = "insert into u values ('00000000-0000-0000-0000-000000000001'); insert into t select id from u";
    there_and_back(from, to, &[], rows).await;
}
