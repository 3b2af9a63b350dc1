//! What names mean, and which PostgreSQL gives.

use std::collections::BTreeSet;

use byline_persistence::migrate::lint::{Rule, lint};
use byline_persistence::testing::{TestDatabase, execute};
use sqlx::Connection;

use super::{BASE, finds, runs};
use crate::support::Folder;

#[tokio::test]
async fn the_table_that_a_name_means_is_the_one_that_postgres_takes() {
    let test = TestDatabase::unmigrated().await;
    let mut connection = test.connection().await;
    execute(&mut connection, BASE).await;
    for (sql, is_gone) in [
        (
            "create temp table users (a integer); drop table users",
            false,
        ),
        (
            "create temp table users (a integer); drop table public.users",
            true,
        ),
        (
            "create temp table users (a integer); drop table pg_temp.users",
            false,
        ),
        (
            "create temp table users (a integer); drop table users; drop table users",
            true,
        ),
        (
            "create schema s; create table s.users (a integer); drop table users",
            true,
        ),
        (
            "create schema s; create table s.users (a integer); drop table s.users",
            false,
        ),
        (
            "create table if not exists users (a integer); drop table users",
            true,
        ),
        (
            "create table if not exists others (a integer); drop table others",
            false,
        ),
    ] {
        let mut transaction = connection.begin().await.unwrap();
        assert!(runs(&mut transaction, sql).await, "{sql}");
        let there = sqlx::query_scalar("select to_regclass('public.users') is null");
        let gone: bool = there.fetch_one(&mut *transaction).await.unwrap();
        transaction.rollback().await.unwrap();
        assert_eq!(gone, is_gone, "{sql}");
        assert_eq!(finds(Rule::DropInUse, sql), is_gone, "{sql}");
    }
}

#[tokio::test]
async fn a_constraint_without_a_name_has_the_one_that_the_lint_says() {
    let test = TestDatabase::unmigrated().await;
    let mut connection = test.connection().await;
    let long = "c".repeat(60);
    let longer = "ü".repeat(29);
    let made = format!(
        "create table t (
            a integer check (a > 0) primary key,
            b integer unique check (a < b) references t,
            c text check (lower(c) > 'a' and c < 'b'),
            d date check (d < current_date and extract(year from d) > 5),
            name text check (name <> current_user and public.t.name <> user),
            arrays integer[] check (arrays[1] > 5 and array_length(arrays, 1) > 0),
            value integer check (case when value > 5 then coalesce(value, 5) > 6 else value::text > '6' end),
            {long} integer unique check ({long} > 0),
            {longer} integer references t check ({longer} > 0),
            check (1 > 0),
            unique (c, d) include (name),
            unique ({long}, c, {longer}),
            unique (d),
            foreign key (b) references t (b),
            foreign key (a, {long}) references {longer} (a, {long})
        )",
    );
    let made = format!(
        "create type pair as (a integer, b integer);
         create table {longer} (a integer, {long} integer check (a > {long}), primary key (a, {long}));
         create table whole_row (a integer, check (whole_row is not null));
         create table row_and_column (a integer, check (row_and_column is not null and a > 0));
         create table numbered (a integer check (a > 0), b integer check (a > 5), constraint numbered_b_key check (b > 0));
         alter table numbered add unique (b);
         {made};
         alter table t add column e integer unique check (e > 0), add column f pair check ((f).a > 0), add unique (e, a)"
    );
    assert!(runs(&mut connection, &made).await, "{made}");
    let constraints = sqlx::query_as(
        "select conrelid::regclass::text, quote_ident(conname), contype = 'c' from pg_constraint
         where conrelid <> 0 and connamespace = 'public'::regnamespace and contype in ('c', 'f', 'p', 'u')",
    );
    let constraints: Vec<(String, String, bool)> =
        constraints.fetch_all(&mut connection).await.unwrap();
    assert!(constraints.len() > 30, "{constraints:?}");
    let found = |change: &dyn Fn(&str, &str) -> String| {
        let lines = constraints
            .iter()
            .map(|(table, name, _)| change(table, name));
        let up = lines.collect::<Vec<_>>().join("\n");
        let folder = Folder::new().with("0001_base", &made, "select 1;").with(
            "0002_change",
            &up,
            "select 1;",
        );
        let found = lint(&folder.read(), Some(1)).into_iter();
        let found = found.filter(|finding| finding.rule == Rule::DropInUse);
        found.map(|finding| finding.line).collect::<BTreeSet<_>>()
    };
    let dropped = found(&|table, name| format!("alter table {table} drop constraint {name};"));
    // No finding if nothing is known that may have been there.
    let made_again = found(&|table, name| {
        format!(
            "alter table {table} drop constraint if exists {name}; \
             alter table {table} add constraint {name} check (a > 0) not valid;"
        )
    });
    for (index, (table, name, is_check)) in constraints.iter().enumerate() {
        let line = index + 1;
        let is_known = !name.ends_with(|last: char| last.is_ascii_digit());
        assert_eq!(
            dropped.contains(&line),
            !(is_known && *is_check),
            "{table}: {name}"
        );
        assert_eq!(
            made_again.contains(&line),
            is_known && !is_check,
            "{table}: {name}"
        );
    }
}

#[tokio::test]
async fn a_statement_of_the_program_before_fails_where_the_lint_says_so() {
    let test = TestDatabase::unmigrated().await;
    let mut connection = test.connection().await;
    execute(&mut connection, BASE).await;
    let ready =
        "alter table users alter column visits drop default, alter column visits set not null;
                 create unique index users_email_idx on users (email)";
    execute(&mut connection, ready).await;
    let insert = "insert into users (id, visits) values (gen_random_uuid(), 7)";
    let by_name = "insert into users (id, visits) values (gen_random_uuid(), 7)
                   on conflict on constraint users_pkey do nothing";
    let by_column = "insert into users (id, visits) values (gen_random_uuid(), 7)
                     on conflict (email) do nothing";
    for (change, statement, is_refused) in [
        (
            "alter table users alter column visits add generated always as identity",
            insert,
            true,
        ),
        (
            "alter table users alter column visits add generated by default as identity",
            insert,
            false,
        ),
        ("alter index users_pkey rename to pk", by_name, true),
        ("alter index users_email_idx rename to i", by_column, false),
        ("alter index users rename to people", insert, true),
    ] {
        let mut transaction = connection.begin().await.unwrap();
        assert!(runs(&mut transaction, statement).await, "{statement}");
        assert!(runs(&mut transaction, change).await, "{change}");
        let fails = !runs(&mut transaction, statement).await;
        transaction.rollback().await.unwrap();
        assert_eq!(fails, is_refused, "{change}");
        assert_eq!(finds(Rule::DropInUse, change), is_refused, "{change}");
    }
}
