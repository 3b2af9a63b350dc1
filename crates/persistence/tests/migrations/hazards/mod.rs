//! What the lint says of PostgreSQL, asked of PostgreSQL.

mod names;

use std::collections::BTreeSet;

use byline_persistence::migrate::lint::{Rule, lint};
use byline_persistence::testing::{TestDatabase, execute};
use sqlx::{Connection, PgConnection, Postgres, QueryBuilder};

use crate::support::Folder;

const BASE: &str = "
    create table users (
        id uuid not null,
        email text,
        name varchar(50),
        title varchar(50),
        price numeric(10, 2),
        visits integer default 0,
        flags varbit(4),
        seen timestamp(3),
        net cidr,
        constraint users_pkey primary key (id),
        constraint users_visits_check check (visits >= 0)
    );
    create table members (id uuid not null, email text, name text check (name is not null));
    create unique index members_id_idx on members (id);
    create unique index members_email_idx on members (email);
    create unique index members_name_idx on members (name);
    create table events (id bigint, at integer) partition by range (at);
    create table events_1 (id bigint, at integer);
    create table events_2 (id bigint, at integer, check (at is not null and at >= 0 and at < 5));
    create index users_name_idx on users (name, id);
    create index users_title_idx on users (title) where visits > 0;
    create type mood as enum ('sad');
    create domain filled as text check (value <> '');
    create function rolled() returns integer language plpgsql as 'begin return 4; end';
    create function fixed() returns integer language sql immutable as 'select 4';
    insert into users (id, email) values ('00000000-0000-0000-0000-000000000001', 'a');
";

/// Whether the lint finds it in a migration of a schema in use.
fn finds(rule: Rule, up: &str) -> bool {
    let folder =
        Folder::new()
            .with("0001_base", BASE, "select 1;")
            .with("0002_change", up, "select 1;");
    let found = lint(&folder.read(), None);
    found.iter().any(|finding| finding.rule == rule)
}

async fn runs(connection: &mut PgConnection, sql: &str) -> bool {
    let sql = QueryBuilder::<Postgres>::new(sql).into_sql();
    sqlx::raw_sql(sql).execute(connection).await.is_ok()
}

/// The files that the table and its indexes are in.
async fn files(connection: &mut PgConnection) -> String {
    let files = sqlx::query_scalar(
        "select string_agg(pg_relation_filenode(oid)::text, ' ' order by relname) from pg_class
         where relname in ('users', 'users_pkey', 'users_name_idx', 'users_title_idx')",
    );
    files.fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn what_is_written_anew_is_what_the_lint_says() {
    let test = TestDatabase::unmigrated().await;
    let mut connection = test.connection().await;
    execute(&mut connection, BASE).await;
    let mut counts = [0, 0];
    for change in [
        "add column a uuid not null default gen_random_uuid()",
        "add column a double precision default random() + 1",
        "add column a integer default rolled() + 1",
        "add column a integer default fixed()",
        "add column a timestamptz not null default now()",
        "add column a text default lower('A')",
        "add column a bigserial",
        "add column a bigint generated always as identity",
        "add column a text generated always as (lower(email)) stored",
        "add column a filled",
        "alter column visits type bigint",
        "alter column visits type bigint using visits",
        "alter column name type varchar(20)",
        "alter column name type varchar(80)",
        "alter column name type varchar",
        "alter column name type text",
        "alter column name type text collate \"C\"",
        "alter column title type varchar(80)",
        "alter column title type text",
        "alter column email type varchar",
        "alter column email type varchar(9)",
        "alter column price type numeric(12, 2)",
        "alter column price type numeric(12, 4)",
        "alter column price type numeric",
        "alter column flags type varbit(9)",
        "alter column flags type varbit(2)",
        "alter column seen type timestamp",
        "alter column seen type timestamp(5)",
        "alter column seen type timestamp(1)",
        "alter column net type inet",
        "alter column name set storage external",
        "set unlogged",
        "set (fillfactor = 90)",
    ] {
        let sql = format!("alter table users {change}");
        let mut transaction = connection.begin().await.unwrap();
        let before = files(&mut transaction).await;
        assert!(runs(&mut transaction, &sql).await, "{sql}");
        let is_anew = files(&mut transaction).await != before;
        transaction.rollback().await.unwrap();
        assert_eq!(finds(Rule::Rewrite, &sql), is_anew, "{sql}");
        counts[usize::from(is_anew)] += 1;
    }
    assert!(counts.iter().all(|count| *count > 10), "{counts:?}");
}

#[tokio::test]
async fn what_fails_when_it_is_run_again_is_what_the_lint_says() {
    let test = TestDatabase::unmigrated().await;
    let mut connection = test.connection().await;
    execute(&mut connection, BASE).await;
    let mut counts = [0, 0];
    for sql in [
        "create table t (a integer)",
        "create table if not exists t (a integer)",
        "create index t_idx on users (id)",
        "create index if not exists t_idx on users (id)",
        "create type t as enum ('a')",
        "create view t as select 1 as a",
        "create or replace view t as select 1 as a",
        "create schema t",
        "create schema if not exists t",
        "create sequence t",
        "drop table users",
        "drop table if exists users",
        "drop index users_name_idx",
        "drop function rolled()",
        "drop function if exists rolled()",
        "drop function if exists rolled(); create function rolled() returns integer language sql as 'select 1'",
        "alter table users add column a integer",
        "alter table users add column if not exists a integer",
        "alter table users drop column name",
        "alter table users drop column if exists name",
        "alter table users add constraint c check (visits < 9) not valid",
        "alter table users drop constraint if exists c;
         alter table users add constraint c check (visits < 9) not valid",
        "alter table users drop constraint users_visits_check",
        "alter table users validate constraint users_visits_check",
        "alter table users alter column id set not null",
        "alter table users alter column email set default 'b'",
        "alter table users alter column visits drop default",
        "alter table users alter column visits type bigint",
        "alter table users rename to people",
        "alter table users rename column name to called",
        "alter index users_name_idx rename to named",
        "alter index if exists users_name_idx set (fillfactor = 90)",
        "alter type mood add value 'glad'",
        "alter type mood add value if not exists 'glad'",
        "alter type mood rename value 'sad' to 'blue'",
        "alter domain filled add constraint c check (value <> 'a')",
        "insert into users (id) values ('00000000-0000-0000-0000-000000000002')",
        "insert into users (id) values ('00000000-0000-0000-0000-000000000002') on conflict do nothing",
        "update users set visits = 3",
        "delete from users",
        "comment on table users is 'people'",
        "grant select on users to public",
    ] {
        let mut transaction = connection.begin().await.unwrap();
        assert!(runs(&mut transaction, sql).await, "{sql}");
        let fails = !runs(&mut transaction, sql).await;
        transaction.rollback().await.unwrap();
        let up = format!("-- no-transaction\n{sql}");
        assert_eq!(finds(Rule::NotRerunnable, &up), fails, "{sql}");
        counts[usize::from(fails)] += 1;
    }
    assert!(counts.iter().all(|count| *count > 15), "{counts:?}");
}

#[tokio::test]
async fn what_a_transaction_may_not_hold_is_what_the_lint_says() {
    let test = TestDatabase::unmigrated().await;
    let mut connection = test.connection().await;
    execute(&mut connection, BASE).await;
    for (rule, is_refused, sql) in [
        (
            Rule::ConcurrentInTransaction,
            true,
            "create index concurrently on users (id)",
        ),
        (
            Rule::ConcurrentInTransaction,
            true,
            "drop index concurrently users_name_idx",
        ),
        (
            Rule::ConcurrentInTransaction,
            true,
            "reindex table concurrently users",
        ),
        (Rule::ConcurrentInTransaction, true, "reindex schema public"),
        (Rule::ConcurrentInTransaction, true, "vacuum users"),
        (Rule::ConcurrentInTransaction, true, "cluster"),
        (
            Rule::ConcurrentInTransaction,
            true,
            "alter system set work_mem = '8MB'",
        ),
        (Rule::ConcurrentInTransaction, false, "reindex table users"),
        (
            Rule::ConcurrentInTransaction,
            false,
            "cluster users using users_name_idx",
        ),
        (Rule::ConcurrentInTransaction, false, "analyze users"),
        (Rule::Unfit, true, "discard all"),
        (Rule::Unfit, false, "discard plans"),
        (
            Rule::EnumValueInUse,
            true,
            "alter type mood add value 'glad'; select 'glad'::mood",
        ),
        (
            Rule::EnumValueInUse,
            true,
            "alter type mood add value 'glad'; alter table users add column a mood default 'glad'",
        ),
        (
            Rule::EnumValueInUse,
            false,
            "alter type mood add value 'glad'; select 'sad'::mood",
        ),
        (
            Rule::EnumValueInUse,
            false,
            "create type t as enum ('a', 'b'); select 'b'::t",
        ),
    ] {
        let mut transaction = connection.begin().await.unwrap();
        let refused = !runs(&mut transaction, sql).await;
        transaction.rollback().await.unwrap();
        assert_eq!(refused, is_refused, "{sql}");
        assert_eq!(finds(rule, sql), is_refused, "{sql}");
    }
}

/// How often all rows of a table were read.
async fn reads(connection: &mut PgConnection) -> i64 {
    let reads = sqlx::query_scalar("select sum(seq_scan)::bigint from pg_stat_xact_user_tables");
    reads.fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn what_reads_a_table_while_nobody_may_use_it_is_what_the_lint_says() {
    let test = TestDatabase::unmigrated().await;
    let mut connection = test.connection().await;
    execute(&mut connection, BASE).await;
    let mut counts = [0, 0];
    for change in [
        "members alter column email set not null",
        "members alter column name set not null",
        "members alter column id set not null",
        "members add primary key using index members_email_idx",
        "members add primary key using index members_name_idx",
        "members add primary key using index members_id_idx",
        "members add constraint members_email_key unique using index members_email_idx",
        "members add check (email <> '')",
        "members add check (email <> '') not valid",
        "members add column a integer check (a > 0)",
        "members add column a integer not null default 0",
        "events attach partition events_1 for values from (0) to (10)",
        "events attach partition events_2 for values from (0) to (10)",
    ] {
        let sql = format!("alter table {change}");
        let mut transaction = connection.begin().await.unwrap();
        let before = reads(&mut transaction).await;
        assert!(runs(&mut transaction, &sql).await, "{sql}");
        let is_read = reads(&mut transaction).await != before;
        transaction.rollback().await.unwrap();
        let found = finds(Rule::NotNull, &sql) || finds(Rule::ConstraintNotValid, &sql);
        assert_eq!(found, is_read, "{sql}");
        counts[usize::from(is_read)] += 1;
    }
    assert!(counts.iter().all(|count| *count > 4), "{counts:?}");
}

#[tokio::test]
async fn no_function_that_answers_each_row_anew_is_taken_for_another() {
    let test = TestDatabase::unmigrated().await;
    let mut connection = test.connection().await;
    let functions = sqlx::query_as(
        "select proname::text, bool_or(provolatile = 'v') from pg_proc
         where pronamespace = 'pg_catalog'::regnamespace and prokind = 'f' group by 1",
    );
    let functions: Vec<(String, bool)> = functions.fetch_all(&mut connection).await.unwrap();
    let calls: Vec<String> = functions
        .iter()
        .map(|(name, _)| format!("alter table users add column a text default \"{name}\"();"))
        .collect();
    let folder = Folder::new().with("0001_base", BASE, "select 1;").with(
        "0002_change",
        &calls.join("\n"),
        "select 1;",
    );
    let lines: BTreeSet<usize> = lint(&folder.read(), None)
        .into_iter()
        .filter(|finding| finding.rule == Rule::Rewrite)
        .map(|finding| finding.line)
        .collect();
    let mut counts = [0, 0];
    for (index, (name, is_volatile)) in functions.iter().enumerate() {
        let is_found = lines.contains(&(index + 1));
        assert!(is_found || !is_volatile, "{name}");
        counts[usize::from(is_found)] += 1;
    }
    assert!(counts.iter().all(|count| *count > 90), "{counts:?}");
}

#[tokio::test]
async fn an_index_of_a_partitioned_table_is_not_built_concurrently() {
    let test = TestDatabase::unmigrated().await;
    let mut connection = test.connection().await;
    execute(&mut connection, BASE).await;
    for (table, is_refused) in [("events", true), ("events_1", false)] {
        let sql = format!("create index concurrently if not exists at_idx on {table} (at)");
        assert_eq!(!runs(&mut connection, &sql).await, is_refused, "{sql}");
        let up = format!("-- no-transaction\n{sql}");
        assert_eq!(finds(Rule::Unfit, &up), is_refused, "{sql}");
    }
}
