//! Functions, procedures and triggers.

use crate::support::{has, refused, up};

#[tokio::test]
async fn a_function_comes_changes_and_goes() {
    let one = "create function f(a integer) returns integer language sql immutable as $$ SELECT 'A' || $1; SELECT 1 $$;
        create table t (a integer); create index t_f on t (f(a));";
    let other = "create function f(a integer) returns integer language sql immutable parallel safe as $$ select 2 $$;
        comment on function f(integer) is 'two'; create table t (a integer); create index t_f on t (f(a));";
    let made = up("", one).await;
    has(
        &made,
        &[
            "create function f(a integer)\n returns integer\n language sql\n immutable\nas $function$ SELECT 'A' || $1; SELECT 1 $function$;",
        ],
    );
    has(
        &up(one, other).await,
        &[
            "create or replace function f(a integer)",
            "comment on function f(integer) is 'two'",
        ],
    );
    has(
        &up(other, "").await,
        &["drop table t", "drop function f(integer)"],
    );
}

#[tokio::test]
async fn a_function_that_answers_something_else_is_made_again_with_what_uses_it() {
    let one = "create function f(a integer) returns integer language sql immutable as 'select 1';
        create table t (a integer, g integer generated always as (f(a)) stored, d integer default f(1), check (f(a) > 0));
        create view v as select f(a) from t;";
    let other = "create function f(a integer) returns bigint language sql immutable as 'select 1';
        create table t (a integer, g integer generated always as (f(a)) stored, d integer default f(1), check (f(a) > 0));
        create view v as select f(a) from t;";
    has(
        &up(one, other).await,
        &[
            "drop function f(integer)",
            "create function f(a integer)\n returns bigint",
            "create view v",
        ],
    );
}

#[tokio::test]
async fn a_function_may_have_a_body_that_depends_on_tables() {
    let one = "create table t (a integer); create function f() returns bigint begin atomic select count(*) from t where a <> 0; end;";
    let other = "create table t (a bigint); create function f() returns bigint begin atomic select count(*) from t where a <> 0; end;
        create procedure p(inout x integer) language plpgsql as 'begin x := 1; end'; comment on procedure p is 'x';";
    has(&up("", one).await, &["create table t", "begin atomic"]);
    let made = up(one, other).await;
    has(
        &made,
        &[
            "-- Made again below, as it was.\ndrop function f()",
            "alter column a type bigint",
            "create function f()",
        ],
    );
    has(&made, &["create procedure p(inout x integer)"]);
    has(&up(other, "").await, &["drop procedure p(integer)"]);
}

const TABLE: &str = "create table t (a integer, b integer);
    create function touch() returns trigger language plpgsql as 'begin return new; end';";

#[tokio::test]
async fn a_trigger_comes_changes_and_goes() {
    let one = format!(
        "{TABLE} create trigger tr before update of a on t for each row when (old.a is distinct from new.a) execute function touch();"
    );
    let other = format!("{TABLE} create constraint trigger tr after insert on t deferrable initially deferred for each row execute function touch();
        comment on trigger tr on t is 'x'; alter table t disable trigger tr;");
    has(
        &up(TABLE, &one).await,
        &["create trigger tr before update of a on t for each row"],
    );
    has(
        &up(&one, &other).await,
        &[
            "drop trigger tr on t",
            "create constraint trigger tr",
            "comment on trigger tr on t is 'x'",
            "alter table t disable trigger tr",
        ],
    );
    has(
        &up(&other, "").await,
        &["drop table t", "drop function touch()"],
    );
    has(&up("", &other).await, &["create function touch()"]);
}

#[tokio::test]
async fn what_no_statement_is_made_for_is_told() {
    const STRANGE: [(&str, &str); 12] = [
        (
            "create policy p on t using (a > 0);",
            "policy p on public.t",
        ),
        (
            "create rule r as on delete to t do instead nothing;",
            "rule r on public.t",
        ),
        (
            "create aggregate s(int) (sfunc = int4pl, stype = int);",
            "aggregate public.s(integer)",
        ),
        (
            "create operator === (leftarg = int, rightarg = int, function = int4eq);",
            "operator public.===(integer,integer)",
        ),
        (
            "create type r as range (subtype = float8);",
            "type public.r",
        ),
        ("create collation c (locale = 'C');", "collation public.c"),
        (
            "create event trigger e on ddl_command_end execute function f();",
            "event trigger e",
        ),
        ("create foreign data wrapper w;", "foreign-data wrapper w"),
        ("create publication p for table t;", "publication p"),
        (
            "create table t_parts (a int) partition by list (a);",
            "partitioning (LIST (a))",
        ),
        ("create table u () inherits (t);", "inheritance"),
        (
            "create text search dictionary d (template = simple);",
            "text search dictionary public.d",
        ),
    ];
    let plain = "create table t (a int);
        create function f() returns event_trigger language plpgsql as 'begin end';";
    let all = STRANGE.map(|(made, _)| made).join("\n");
    let all = format!("{plain}\n{all}");
    for told in [refused(plain, &all).await, refused(&all, plain).await] {
        for (_, name) in STRANGE {
            has(&told, &[name]);
        }
    }
    let one = "create table t (a int); create policy p on t using (a > 0);";
    has(
        &refused(one, &one.replace("a > 0", "a > 1")).await,
        &["policy p on public.t"],
    );
}
