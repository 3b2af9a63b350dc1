//! What holds up traffic.

use super::*;

#[test]
fn an_index_of_a_table_in_use_is_built_dropped_and_rebuilt_concurrently() {
    bad(
        Rule::IndexNotConcurrent,
        &[
            "create index users_email_idx on users (email)",
            "create unique index on public.users (email)",
            "create index on only users (email)",
            "create index on events (at)",
            "drop index users_name_idx",
            "drop index if exists unheard_of",
            "reindex index users_name_idx",
            "reindex (verbose) table users",
            "-- no-transaction\ncreate index if not exists users_email_idx on users (email)",
        ],
    );
    good(&[
        "-- no-transaction\ncreate index concurrently if not exists users_email_idx on users (email)",
        "-- no-transaction\ndrop index concurrently if exists users_name_idx",
        "-- no-transaction\nreindex table concurrently users",
        "create table t (a integer); create index t_a_idx on t (a); drop index t_a_idx",
        "create table if not exists t (a integer); alter table t rename to u; create index on u (a)",
        "create table t as select 1 as a; create index on t (a)",
        "select 1 as a into t; create index on t (a)",
        "create index events_at_idx on only events (at)",
    ]);
}

#[test]
fn the_safe_way_is_the_same_index_concurrently() {
    let sql = "create unique index\n users_idx on users (lower(email))\n  where id <> id;";
    let found = found("change", sql, "select 1;");
    assert!(
        found[0].instead.ends_with(
            "create unique index concurrently if not exists users_idx on users (lower(email)) where id <> id;"
        ),
        "{found:#?}"
    );
}

#[test]
fn what_cannot_be_inside_a_transaction_is_not() {
    bad(
        Rule::ConcurrentInTransaction,
        &[
            "create index concurrently if not exists i on users (email)",
            "drop index concurrently if exists users_name_idx",
            "reindex (concurrently) index users_name_idx",
            "vacuum users",
            "alter system set work_mem = '8MB'",
        ],
    );
    good(&["-- no-transaction\nvacuum users", "analyze users"]);
    let down = found(
        "change",
        "select 1;",
        "drop index concurrently if exists i;",
    );
    assert_eq!(rules(&down), [Rule::ConcurrentInTransaction]);
}

#[test]
fn a_column_that_must_have_a_value_has_one_for_the_rows_that_are_there() {
    bad(
        Rule::NotNull,
        &[
            "alter table users add column a integer not null",
            "alter table users add column a text; alter table users add check (a is not null) not valid",
            "alter table users alter column name set not null",
            "create table s.t (a integer); alter table users add primary key using index users_name_idx",
            "alter table users add constraint users_pk primary key using index unheard_of",
            // Neither half of an OR holds by itself.
            "alter table users add constraint c check (name is not null or email is not null) not valid;
             alter table users alter column name set not null",
            // It is not valid yet.
            "alter table users add constraint c check (name is not null) not valid;
             alter table users alter column name set not null",
        ],
    );
    good(&[
        "alter table users add column a integer",
        "alter table users add column a integer not null default 0",
        "alter table users add column a timestamptz not null default now()",
        "alter table users alter column email set not null",
        "alter table users add primary key using index users_id_idx",
        "alter table users alter column id set not null",
        "create table t (a integer); alter table t add column b integer not null",
    ]);
    let found = lint_of(&[
        ("0001_a.up.sql", BASE),
        ("0001_a.down.sql", "select 1;"),
        (
            "0002_b.up.sql",
            "alter table users add constraint c check (name is not null) not valid;",
        ),
        ("0002_b.down.sql", "select 1;"),
        (
            "0003_c.up.sql",
            "alter table users validate constraint c;
             alter table users alter column name set not null;
             alter table users drop constraint c;",
        ),
        ("0003_c.down.sql", "select 1;"),
    ]);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn no_table_in_use_is_written_anew() {
    bad(
        Rule::Rewrite,
        &[
            "alter table users add column a uuid not null default gen_random_uuid()",
            "alter table users add column a integer default public.rolled() + 1",
            "alter table users add column a text default nanoid()",
            "alter table users add column a text default ext.gen_ulid() not null",
            "alter table users add column a text default ext.lower('A')",
            "create function g() returns integer language sql immutable as 'select 1';
             alter function g() volatile;
             alter table users add column a integer default g()",
            "create function g() returns integer language sql as 'select 1';
             create function g(integer) returns integer language sql immutable as 'select 1';
             alter table users add column a integer default g()",
            "alter table users add column a bigserial",
            "alter table users add column a bigint generated always as identity",
            "alter table users add column a text generated always as (lower(email)) stored",
            "alter table users add column a filled",
            "alter table users alter column visits type bigint",
            "alter table users alter column visits set data type text using visits::text",
            "alter table users alter column name type varchar(20)",
            "alter table users alter column price type numeric(12, 4)",
            "alter table users alter column unheard_of type text",
            "alter table users alter column name type text collate \"C\"",
            "alter table users set unlogged",
            "alter table users set logged",
            "alter table users set tablespace fast",
            "alter table users set access method heap",
            "alter index users_name_idx set tablespace fast",
            "-- no-transaction\ncluster users using users_name_idx",
            "-- no-transaction\nvacuum (full, analyze) users",
            "refresh materialized view sums",
        ],
    );
    good(&[
        "alter table users add column a integer default fixed()",
        "alter table users add column a text default lower('A')",
        "alter table users add column a text default coalesce(pg_catalog.upper('a'), 'b') || greatest('a', 'b')",
        "alter function rolled() stable; alter table users add column a integer default rolled()",
        "alter table users alter column name type varchar(80)",
        "alter table users alter column name type text",
        "alter table users alter column price type numeric(12, 2)",
        "alter table users alter column price type numeric",
        "alter table users alter column name type character varying(50)",
        "refresh materialized view concurrently sums",
        "-- no-transaction\nvacuum (full false) users",
        "create table t (a integer); alter table t alter column a type text; alter table t add column b serial",
        "alter table users alter column name set storage external",
    ]);
}

#[test]
fn the_type_of_a_column_is_followed_through_the_migrations() {
    bad(
        Rule::Rewrite,
        &["alter table users alter column name type varchar(80);
           alter table users alter column name type varchar(60)"],
    );
    good(&["alter table users add column a varchar(5);
         alter table users alter column a type varchar(9)"]);
}

#[test]
fn a_constraint_of_a_table_in_use_is_checked_apart() {
    bad(
        Rule::ConstraintNotValid,
        &[
            "alter table users add constraint c check (visits > 0)",
            "alter table posts add constraint f foreign key (author_id) references users (id)",
            "alter table users add constraint u unique (email)",
            "alter table users add primary key (id)",
            "alter table users add constraint x exclude using gist (id with =)",
            "alter table users add column a integer check (a > 0)",
            "alter table users add column a integer unique",
            "alter table posts add column a uuid default '0' references users (id)",
            "alter table users add constraint c check (visits > 0) not valid;
             alter table users validate constraint c",
            "alter domain filled add constraint c check (value > 'a')",
            "alter table events attach partition events_1 for values from ('2020-01-01') to ('2021-01-01')",
            // Not of what the table is partitioned by.
            "alter table events attach partition events_2 for values from ('2020-01-01') to ('2021-01-01')",
        ],
    );
    good(&[
        "alter table users add constraint c check (visits > 0) not valid",
        "-- no-transaction
         alter table users drop constraint if exists users_c;
         alter table users add constraint users_c check (visits > 0) not valid;
         alter table users validate constraint users_c",
        "alter table users validate constraint users_email_check",
        "alter table users add constraint u unique using index users_u",
        "alter table posts add column a uuid references users (id)",
        "alter table events attach partition events_3 for values from ('2020-01-01') to ('2021-01-01')",
        "create table events_4 (id bigint, at timestamptz);
         alter table events attach partition events_4 for values from ('2020-01-01') to ('2021-01-01')",
        "create table t (a uuid references users (id), b integer); alter table t add check (b > 0)",
        "alter domain filled add constraint c check (value > 'a') not valid",
    ]);
}

#[test]
fn nobody_locks_a_table_by_hand_or_waits_for_long() {
    bad(
        Rule::LockWithoutTimeout,
        &[
            "lock table users",
            "lock users in share mode",
            "set lock_timeout = 0",
            "set local lock_timeout to '10s'",
            "set lock_timeout to default",
            "reset lock_timeout",
            "reset all",
            "select set_config('lock_timeout', '0', true)",
            "alter role app set lock_timeout = 0",
            "alter user app in database d set lock_timeout to '0s'",
            "alter database d set lock_timeout = 0",
        ],
    );
    good(&[
        "set local lock_timeout = '3s'",
        "set lock_timeout = 5000",
        "set statement_timeout = 0",
        "reset statement_timeout",
        "alter role app set lock_timeout = '30s'; alter role app set work_mem = 0; alter role app reset all",
        "lock table users in row exclusive mode",
        "create table t (a integer); lock table t",
    ]);
}

#[test]
fn many_rows_are_changed_in_batches() {
    bad(
        Rule::BigUpdate,
        &[
            "update users set visits = 0",
            "delete from only users where visits = 0",
            "with gone as (delete from posts returning id) select count(*) from gone",
            "merge into users using posts on users.id = posts.id when matched then delete",
            "-- no-transaction\nupdate users set visits = 0",
            "update users set visits = 0 where id in (select id from users limit 10)",
        ],
    );
    good(&[
        "-- no-transaction\ndo $$ begin update users set visits = 0; commit; end $$",
        "-- no-transaction\ndelete from users where ctid = any (array(select ctid from users limit 10))",
        "create table t (a integer); update t set a = 1; delete from t",
        "insert into posts (id) select id from users",
        "create function f() returns void begin atomic update users set visits = 0; end",
        "create trigger t after delete on users for each row execute function f()",
    ]);
}

#[test]
fn a_batch_is_rows_that_are_chosen_with_a_limit() {
    for sql in [
        "update users set visits = 0 where id in (select id from users where visits > 0 limit 1000)",
        "update users u set visits = 0 where visits > 0 and (u.id in ((select o.id from users o limit 10000)))",
        "delete from users where ctid = any (array(select ctid from users limit 10 for update skip locked))",
        "delete from users where (id, name) in (select id, name from users fetch first 10 rows only)",
        "with b as (select id from users limit 10) update users set visits = 0 from b where b.id = users.id",
        "with b as (select id from users limit 10) delete from users where id in (select id from b)",
        "delete from users u using (select id from users limit 10) b where u.id = b.id",
        "with b as (delete from users where id in (select id from users limit 10) returning id)
         select count(*) from b",
    ] {
        good(&[&format!("-- no-transaction\n{sql}")]);
    }
    for sql in [
        "update users set visits = (select 1 from posts limit 1)",
        "update users set visits = 0 where id in (select id from users limit 100000000)",
        "update users set visits = 0 where id in (select id from users limit all)",
        "update users set visits = 0 where id in (select id from users fetch first 10 rows with ties)",
        "update users set visits = 0 where id in (select id from users limit 10) or visits = 1",
        "update users set visits = 0 where id not in (select id from users limit 10)",
        "update users set visits = 0 where id in (select author_id from posts limit 10)",
        "update users set visits = 0 where name in (select email from users limit 10)",
        "update users set visits = 0 where exists (select from users limit 10)",
        "with b as (select id from users limit 10) update users set visits = 0 from b",
        "with b as (select id from users) update users set visits = 0 from b where b.id = users.id",
        "with b as (select id from users limit 10) update users set visits = 0 where visits = 1",
        "with b as (delete from users where id in (select id from users limit 10) returning id)
         update posts set title = ''",
    ] {
        bad(Rule::BigUpdate, &[&format!("-- no-transaction\n{sql}")]);
    }
}

#[test]
fn nothing_slow_is_done_while_a_table_is_locked() {
    bad(
        Rule::ManyLocks,
        &[
            "alter table users add column a integer; insert into posts (id) select id from users",
            "alter table users add column a integer; create table t as select id from users",
            "alter table posts add column a integer; alter table users validate constraint users_email_check",
            "alter table posts add column a integer; alter table users add column a integer",
        ],
    );
    good(&[
        "alter table posts add column a integer; create index on only events (id)",
        "alter table posts add column a integer; alter table only events validate constraint events_check",
        "alter table users add column a integer; alter table public.users add column b integer",
        "alter table posts add column a integer; alter table users alter column name set statistics 500",
        "alter table posts add column a integer; create table t (a integer); alter table t add column b integer",
        "-- no-transaction
         alter table posts add column if not exists a integer;
         alter table users add column if not exists a integer",
        "alter table users alter column name set statistics 500; insert into posts (id) select id from users",
        "create table t (a integer); alter table t add column b integer; create table u as select 1",
        "-- no-transaction
         alter table users add column if not exists a integer;
         insert into posts (id) select id from users on conflict do nothing",
        "insert into posts (id) select id from users; alter table users add column a integer",
    ]);
}
