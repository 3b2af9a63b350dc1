//! What goes and comes again is not away between two migrations.

use crate::support::{gentle, has, shown, step_by_step, there_and_back};

const F: &str = "create function f(text) returns text language sql immutable as 'select $1';";

#[tokio::test]
async fn a_view_or_a_check_that_needs_a_new_function_is_there_while_an_index_is_built() {
    let from = "create table t (id integer, a text); create view v as select id, a from t;";
    let to = format!(
        "create table t (id integer, a text); create index t_a on t (a); {F} create view v as select id, f(a) as fa, a from t;"
    );
    step_by_step(from, &to, "", &["select id, a from v"], &[]).await;

    let from = "create table t (a integer constraint c check (a > 0)); create table u (b integer);";
    let to = "create function g(integer) returns boolean language sql immutable as 'select $1 > 0';
        create table t (a integer constraint c check (g(a))); create table u (b integer); create index u_b on u (b);";
    step_by_step(from, to, "", &[], &["insert into t values (-1)"]).await;
}

const COUNTS: &str = "create table n (n integer); create table t (a integer, b integer);
    create function counts() returns trigger language plpgsql as 'begin insert into n values (1); return new; end';";

#[tokio::test]
async fn a_trigger_is_there_all_the_way_and_once() {
    let one = format!(
        "{COUNTS} create trigger g before insert on t for each row execute function counts();"
    );
    let counts_once =
        "do $$ begin insert into t values (1); assert (select count(*) from n) = 1; end $$";
    for (trigger, body) in [
        ("g after insert on t", "values (1); return new"),
        ("g after insert on t", "select 1; return new"),
        ("h after insert on t", "values (1); return new"),
    ] {
        let counts = COUNTS.replace("values (1); return new", body);
        let to = format!(
            "{counts} create index t_b on t (b);
            create trigger {trigger} for each row execute function counts();"
        );
        let files = step_by_step(&one, &to, "", &[counts_once], &[]).await;
        let both = files.iter().step_by(2).any(|file| {
            file.text.contains("drop trigger g") && file.text.contains("create trigger")
        });
        assert!(both, "{}", shown(&files));
    }
}

#[tokio::test]
async fn a_column_is_filled_when_the_trigger_is_there_that_writes_it() {
    let from = "create table t (a integer); create table u (b integer);";
    let to = "create table t (a integer, s text not null); create table u (b integer); create index u_b on u (b);
        create function s() returns trigger language plpgsql as 'begin new.s := 1; return new; end';
        create trigger t_s before insert on t for each row execute function s();";
    let made = gentle(from, to).await;
    has(
        &made,
        &["create trigger t_s", "_fill.up.sql", "_demand.up.sql"],
    );
}

#[tokio::test]
async fn a_column_may_change_in_several_ways_at_once() {
    for (from, to) in [
        (
            "create table t (a varchar(5), constraint c check (a is not null));",
            "create table t (a varchar(9) not null);",
        ),
        (
            "create table t (a integer, constraint c check (a is not null));",
            "create table t (a bigint not null);",
        ),
        (
            "create table t (id integer constraint t_id primary key);",
            "create table t (id integer); create unique index t_id on t (id);",
        ),
    ] {
        there_and_back(from, to, &[], "insert into t values (1)").await;
    }
}

#[tokio::test]
async fn a_unique_index_over_a_function_that_changes_is_made_again_at_once() {
    let with = |argument: &str| {
        format!(
            "create function f({argument} integer) returns integer language sql immutable as 'select $1';
            create table t (a integer); create unique index t_f on t (f(a)); create table o (b integer);"
        )
    };
    let rows = "insert into t values (1)";
    step_by_step(&with("x"), &with("y"), rows, &[], &[rows]).await;
}

#[tokio::test]
async fn what_breaks_keeps_nothing_else_waiting() {
    let from = "create table p (id integer primary key, u integer); create table c (p integer constraint c_p references p (id));
        create table o (x integer); create view v as select id, u from p;
        create function f() returns trigger language plpgsql as 'begin return new; end';
        create trigger g before insert on o for each row execute function f();";
    let to = "create table p (id integer primary key, u integer, constraint p_u unique (u));
        create table c (p integer constraint c_p references p (id) on delete cascade);
        create table o (x integer, y integer); create view v as select id from p;
        create function f() returns trigger language plpgsql as 'begin return new; end';
        create trigger g after insert on o for each row execute function f();";
    let files = there_and_back(from, to, &[], "").await;
    let ups: Vec<_> = files.iter().step_by(2).collect();
    let is_contract = |name: &str| name.contains("_contract_");
    let first = ups.iter().position(|file| is_contract(&file.name)).unwrap();
    let has_before = |text: &str| ups[..first].iter().any(|file| file.text.contains(text));
    for text in ["using index p_u", "create trigger g", "add column y"] {
        assert!(has_before(text), "{text}\n{}", shown(&files));
    }
    for text in ["drop view v", "drop constraint c_p"] {
        assert!(!has_before(text), "{text}\n{}", shown(&files));
    }
}
