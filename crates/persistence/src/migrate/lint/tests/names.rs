//! What a migration made itself, and what only has its name.

use super::*;

#[test]
fn what_an_earlier_migration_made_is_not_made_by_one_that_would_if_it_were_not_there() {
    let again = "create table if not exists users (id uuid, name varchar(50)); ";
    for (rule, sql) in [
        (Rule::IndexNotConcurrent, "create index on users (email)"),
        (Rule::DropInUse, "drop table users"),
        (Rule::Truncate, "truncate users"),
        (
            Rule::Rewrite,
            "alter table users alter column name type varchar(9)",
        ),
        (Rule::BigUpdate, "update users set visits = 1"),
    ] {
        bad(rule, &[&format!("{again}{sql}")]);
    }
    let made = "create table t as select 1 as a";
    let again = "create table if not exists t (a integer); truncate t";
    assert_eq!(second(made, again), [Rule::Truncate]);
    assert_eq!(
        second("create table t (a integer); drop table t", again),
        []
    );
    assert_eq!(
        second(
            "create table t (a integer); alter table t rename to u",
            again
        ),
        []
    );
    assert_eq!(second("create temp table t (a integer)", again), []);
}

#[test]
fn a_schema_that_is_left_out_is_none_that_is_said() {
    bad(
        Rule::IndexNotConcurrent,
        &[
            "create table s.users (a integer); create index on users (email)",
            "create table users_2 (a integer); create index on s.users_2 (a)",
            "create table s.t (a integer); create index users_name_idx on s.t (a); drop index users_name_idx",
        ],
    );
    bad(
        Rule::DropInUse,
        &[
            "create temp table users (a integer); drop table public.users",
            "create temp table users (a integer); drop table users; drop table users",
            "create table s.users (a integer); drop table users",
        ],
    );
    bad(
        Rule::Truncate,
        &["select 1 as a into temp users; truncate public.users"],
    );
    good(&[
        "create table s.users (a integer); create index on s.users (a); drop table s.users",
        "create temp table users (a integer); create index on users (a); truncate users; drop table users",
        "create temp table users (a integer); truncate pg_temp.users",
        "create table t (a integer); alter table t set schema s; create index on s.t (a)",
    ]);
}

#[test]
fn a_name_of_another_kind_makes_no_table_new() {
    bad(
        Rule::Truncate,
        &["create function users() returns integer language sql as 'select 1'; truncate users"],
    );
    good(&[
        "create domain d as text; alter domain d add constraint c check (value <> '')",
        "create type t as enum ('a'); drop type t",
        "create schema s; drop schema s",
    ]);
}

#[test]
fn the_columns_of_a_table_are_not_those_of_one_in_another_schema() {
    assert_eq!(
        second(
            "create table s.t (a varchar(5)); create table t (a text)",
            "alter table t alter column a type varchar(9)"
        ),
        [Rule::Rewrite]
    );
    assert_eq!(
        second(
            "create table s.t (a text, constraint c check (a is not null)); create table t (a text)",
            "alter table t alter column a set not null"
        ),
        [Rule::NotNull]
    );
    assert_eq!(
        second(
            "create table t (a varchar(5))",
            "alter table public.t alter column a type varchar(9)"
        ),
        []
    );
}

#[test]
fn a_trigger_of_another_table_has_only_the_name() {
    let trigger = |table: &str| {
        format!("create trigger t after insert on {table} for each row execute function f();")
    };
    let dropped = "drop trigger t on u";
    let made = "create table t (a integer); create table u (a integer);";
    assert_eq!(
        second(made, &format!("{} {dropped}", trigger("t"))),
        [Rule::DropInUse]
    );
    assert_eq!(second(made, &format!("{} {dropped}", trigger("u"))), []);
    let again = format!("{dropped}; {}", trigger("t"));
    assert_eq!(second(made, &again), [Rule::DropInUse]);
    let again = format!("{dropped}; {}", trigger("u"));
    assert_eq!(second(made, &again), []);
}
