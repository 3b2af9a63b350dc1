//! Statements that the service is refused, each by SQLSTATE 42501.

use std::borrow::Cow;

use byline_persistence::testing::{Connection, SERVICE, TestDatabase, count, execute};
use sqlx::{ConnectOptions, Connection as _};

use super::as_role;

/// "insufficient privilege".
const FORBIDDEN: &str = "42501";

/// What changes the schema.
const SCHEMA: &[&str] = &[
    "create table public.mine (id bigint)",
    "create schema mine",
    "create view public.mine as select 1",
    "create sequence public.mine",
    "create type public.mine as enum ('a')",
    "create function public.mine() returns int language sql return 1",
    "create index on users (name)",
    "create statistics mine on name, role from users",
    "create extension hstore",
    "create trigger mine before insert on users
        for each row execute function suppress_redundant_updates_trigger()",
    "create rule mine as on insert to users do instead nothing",
    "create policy mine on users",
    "create text search configuration public.mine (copy = simple)",
    "create publication mine for table users",
    "alter table users add column mine bigint",
    "alter table users drop column name",
    "alter table users disable trigger all",
    "alter table users enable row level security",
    "alter table users owner to current_user",
    "alter table audit_events disable trigger all",
    "drop trigger audit_events_are_kept on audit_events",
    "alter table audit_batches disable trigger all",
    "drop function expire_audit_events(timestamptz, integer)",
    "alter function expire_audit_events(timestamptz, integer) security invoker",
    "create rule mine as on insert to audit_events do instead nothing",
    "alter table users rename to mine",
    "alter index users_name_idx rename to mine",
    "alter function byline_words(text) volatile",
    "alter text search configuration byline drop mapping for word",
    "alter schema public rename to mine",
    "drop table users cascade",
    "drop index users_name_idx",
    "drop function byline_words(text) cascade",
    "drop text search configuration byline cascade",
    "drop schema public cascade",
    "reindex table users",
    "cluster users using users_pkey",
    "comment on table users is 'mine'",
];

/// What takes rows away unseen, or rows that are not the service's to change.
const ROWS: &[&str] = &[
    "truncate users cascade",
    "truncate posts",
    "truncate request_records",
    "truncate api_keys",
    "truncate _sqlx_migrations",
    "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (9999, 'mine', true, '', 0)",
    "update _sqlx_migrations set success = false",
    "delete from _sqlx_migrations",
    "insert into api_keys (id, secret_hash, name, scopes, created_at)
        values ('0123456789abcdef', sha256(''), 'mine', '{users.read}', now())",
    "update api_keys set expires_at = null",
    "delete from api_keys",
    "update audit_events set caller = 'nobody'",
    "update audit_events set fields = '{}' where false",
    "delete from audit_events",
    "delete from audit_events where occurred_at < now() - interval '10 years'",
    "truncate audit_events",
    "update audit_batches set resource_ids = '{}' where false",
    "delete from audit_batches",
    "truncate audit_batches",
    "select from audit_events for update",
    "lock table audit_events in exclusive mode",
    "copy audit_events to '/tmp/mine'",
];

/// What would give it more.
const RIGHTS: &[&str] = &[
    "set role test_owner",
    "set session authorization test_owner",
    "grant test_owner to test_service",
    "alter role test_service superuser",
    "alter role test_service createrole",
    "alter role test_service bypassrls",
    "alter role test_owner password 'mine'",
    "create role mine",
    "drop role test_owner",
    "alter default privileges for role test_owner grant all on tables to public",
    "set session_replication_role = replica",
    "set log_statement = 'none'",
    "select pg_reload_conf()",
    "select rolpassword from pg_authid",
    "select usename from pg_shadow",
    "select pg_read_file('postgresql.conf')",
    "select pg_ls_dir('.')",
    "select lo_import('/etc/passwd')",
    "copy users to program 'true'",
    "copy users to '/tmp/mine'",
    "copy users from '/tmp/mine'",
    "create foreign data wrapper mine",
    "checkpoint",
];

/// The same of what PostgreSQL refuses inside a transaction for another reason.
const OUTSIDE: &[&str] = &[
    "create database mine",
    "drop database postgres",
    "alter system set log_statement = 'none'",
    "create tablespace mine location '/tmp'",
    "create subscription mine connection '' publication mine",
];

/// With which SQLSTATE the statement is refused, if it is.
async fn refusal(connection: &mut Connection, statement: &'static str) -> Option<String> {
    let result = sqlx::raw_sql(statement).execute(connection).await;
    let error = result.err()?.into_database_error()?;
    error.code().map(Cow::into_owned)
}

/// Each in a transaction of its own, which is rolled back if it should succeed.
async fn assert_forbidden(connection: &mut Connection, statements: &[&'static str]) {
    for statement in statements {
        let mut attempt = connection.begin().await.unwrap();
        let code = refusal(&mut attempt, statement).await;
        assert_eq!(code.as_deref(), Some(FORBIDDEN), "{statement}");
        attempt.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn the_service_can_neither_change_the_schema_nor_its_rights_nor_rows_that_are_not_its_own() {
    let test = TestDatabase::new().await;
    let mut service = as_role(&test, SERVICE).connect().await.unwrap();
    assert_forbidden(&mut service, SCHEMA).await;
    assert_forbidden(&mut service, ROWS).await;
    assert_forbidden(&mut service, RIGHTS).await;
    for statement in OUTSIDE {
        let code = refusal(&mut service, statement).await;
        assert_eq!(code.as_deref(), Some(FORBIDDEN), "{statement}");
    }
}

#[tokio::test]
async fn the_service_passes_no_right_on() {
    let test = TestDatabase::new().await;
    let mut service = as_role(&test, SERVICE).connect().await.unwrap();
    // PostgreSQL warns of it only, and does nothing.
    execute(&mut service, "grant select on users to public").await;
    let given = "select count(*) from pg_class, aclexplode(relacl) held
        where pg_class.oid = 'users'::regclass and held.grantee = 0";
    assert_eq!(count(&mut test.connection().await, given).await, 0);
}
