//! Constraints and indexes, by whichever name they have, and rows that are chosen by them.

use super::*;

/// These are known by their names to be checks, or to be something else; of the rest, nothing is known.
fn constraints(made: &str, checks: &[&str], others: &[&str], unknown: &[&str]) {
    let dropped = |name: &str| second(made, &format!("alter table t drop constraint {name}"));
    let made_again = |name: &str| {
        let again = format!(
            "alter table t drop constraint if exists {name};
             alter table t add constraint {name} check (a > 0) not valid"
        );
        second(made, &again)
    };
    for name in checks {
        assert_eq!(dropped(name), [], "{name}");
    }
    for name in others {
        assert_eq!(dropped(name), [Rule::DropInUse], "{name}");
        // As nothing is that may not have been there.
        assert_eq!(made_again(name), [Rule::DropInUse], "{name}");
    }
    for name in unknown {
        assert_eq!(dropped(name), [Rule::DropInUse], "{name}");
        assert_eq!(made_again(name), [], "{name}");
    }
}

#[test]
fn a_constraint_without_a_name_is_known_by_the_one_that_postgres_gives_it() {
    constraints(
        "create table t (
            a integer check (a > 0) primary key,
            b integer unique check (a < 9) references t,
            c text check (lower(c) > 'a' and t.c < 'b' and c <> current_user),
            check (a < b),
            check (t is not null),
            unique (a, b) include (c),
            foreign key (a, b) references t (a, b)
        );
        alter table t add column d integer check (d > 0), add unique (d), add check ((d).a > b)",
        &["t_a_check", "t_c_check", "t_check", "t_d_check"],
        &[
            "t_pkey",
            "t_b_key",
            "t_b_fkey",
            "t_a_b_c_key",
            "t_a_b_fkey",
            "t_d_key",
        ],
        &[
            "t_a_check1",
            "t_check1",
            "t_check2",
            "t_b_check",
            "t_a_b_key",
        ],
    );
}

#[test]
fn a_name_that_is_taken_is_that_of_the_constraint_that_has_it() {
    // Whichever comes first in the statement.
    constraints(
        "create table t (a integer check (a > 0) unique, constraint t_a_check unique (a));
         create table u_a_key (a integer);
         create table u (a integer unique)",
        &[],
        &["t_a_check", "t_a_key"],
        &["u_a_key"],
    );
    constraints(
        "create table t (a integer check (a > 0)); alter table t drop constraint t_a_check;
         alter table t add unique (a), add column if not exists a integer check (a > 0)",
        &[],
        &["t_a_key"],
        &["t_a_check"],
    );
}

#[test]
fn a_constraint_is_followed_through_the_migrations() {
    constraints(
        "create table t (a integer check (a > 0), b integer unique, c integer primary key, d integer, e integer);
         alter table t rename constraint t_a_check to checked; alter table t rename constraint t_b_key to key;
         alter index t_pkey rename to pk;
         create unique index d_idx on t (d); alter table t add constraint d_key unique using index d_idx;
         create unique index e_key on t (e); alter table t add unique using index e_key",
        &["checked"],
        &["key", "pk", "d_key", "e_key"],
        &["t_a_check", "t_b_key", "t_pkey", "d_idx"],
    );
    constraints(
        "create table t (a integer check (a > 0), b integer, check (b > a), unique (a, b), unique (b));
         alter table t rename a to c; alter table t drop column c",
        &[],
        &["t_b_key"],
        &["t_a_check", "t_check", "t_a_b_key"],
    );
}

#[test]
fn an_index_is_known_by_the_name_that_it_was_given_last() {
    let made = "create table t (a integer, b integer); create index i on t (a); create unique index i_new on t (b)";
    let dropped = |made: &str| {
        let drop = "-- no-transaction\ndrop index concurrently if exists i";
        second(made, drop)
    };
    assert_eq!(dropped(made), []);
    for renamed in [
        "alter index i_new rename to i",
        "alter table i_new rename to i",
    ] {
        assert_eq!(
            dropped(&format!("{made}; drop index i; {renamed}")),
            [Rule::DropInUse]
        );
    }
    // What this migration made has its other name in it too.
    let new = "create table t (a integer)";
    let sql = "create table u (a integer); create index i on u (a); alter index i rename to j; drop index j";
    assert_eq!(second(new, sql), []);
}

/// A table in use, and what is done to it.
fn changed(sql: &str) -> Vec<Rule> {
    let table = "
        create table s.t (
            id integer primary key,
            email text constraint t_email unique,
            a integer,
            b integer,
            c integer,
            d integer,
            e integer,
            unique (a, b)
        );
        create table s.u (id integer, d integer);
        create unique index t_c on s.t (c); create index t_d on s.t (d);
        create unique index t_e on s.t (e) where a > 0";
    second(table, sql)
}

#[test]
fn rows_that_are_named_one_by_one_are_not_many() {
    for sql in [
        "update s.t set a = 5 where id = 5",
        "update s.t x set a = 5 where (x.id) = -5 and a = any (select 1)",
        "update only s.t as x set a = 5 from s.u where u.d > 5 and (x.id = 5 and x.d = u.d)",
        "delete from s.t where id = 1",
        "delete from s.t where '1'::integer = s.t.id",
        "delete from s.t where t.email = cast('a' as varchar(5))",
        "delete from s.t where id in (1, 2, 3) and a > 5",
        "delete from s.t where id in (1)",
        "delete from s.t where id = any ('{1, 2}'::integer[])",
        "delete from s.t where c = some (array[1, integer '2'])",
        "with gone as (delete from s.t where id = 1 returning id) select * from gone",
        "alter table s.u add column a integer; update s.t set a = 5 where id = 5",
        "-- no-transaction\nupdate s.t set a = 5 where id = 5",
    ] {
        assert_eq!(changed(sql), [], "{sql}");
    }
    let numbers = |count: usize| vec!["1"; count].join(", ");
    for (count, expected) in [(10_000, &[][..]), (10_001, &[Rule::BigUpdate])] {
        for literals in [
            format!("in ({})", numbers(count)),
            format!("= any ('{{{}}}')", numbers(count)),
        ] {
            let found = changed(&format!("delete from s.t where id {literals}"));
            assert_eq!(found, expected, "{count}");
        }
    }
}

#[test]
fn rows_that_are_not_named_one_by_one_may_be_many() {
    for sql in [
        "update s.t set a = 5 where id = 5 or a = 5",
        "update s.t set a = 5 where id = 5 and b = 5 or a = 5",
        "update s.t set a = 5 where not id = 5",
        "update s.t set a = 5 where id <> 5",
        "update s.t set a = 5 where id > 5",
        "update s.t set a = 5 where id not in (5)",
        "update s.t set a = 5 where id = all ('{}')",
        "update s.t set a = 5 where id = a",
        "update s.t set a = 5 where id = a + 5",
        "update s.t set a = 5 where id in (5, a)",
        "update s.t set a = 5 where id = any (array[5, a])",
        "update s.t set a = 5 where id in (select id from s.t)",
        "update s.t set a = 5 where id = (select u.id from s.u where u.d = t.d)",
        "update s.t set a = 5 where id + 1 = 5",
        "update s.t set a = 5 where (id = 5) is not true",
        "update s.t set a = 5 where a = 5",
        "update s.t set a = 5 where a = 5 and b = 5",
        "update s.t set a = 5 where d = 5",
        "update s.t set a = 5 where e = 5",
        "update s.t set a = 5 from s.u where u.id = 5",
        "update s.t x set a = 5 from s.t where t.id = 5",
        "update s.u set d = 5 where id = 5",
        "with gone as (delete from s.t where id = 1 returning id) update s.u set d = 5",
        "merge into s.t using s.u on t.id = 5 when matched then delete",
    ] {
        assert_eq!(changed(sql), [Rule::BigUpdate], "{sql}");
    }
    // A column that has a name that another one had.
    for earlier in [
        "alter table s.t drop constraint t_pkey",
        "alter table s.t rename id to old_id; alter table s.t add column id integer",
        "alter table s.t drop column id; alter table s.t add column id integer",
    ] {
        let made = format!("create table s.t (id integer primary key); {earlier}");
        assert_eq!(
            second(&made, "delete from s.t where id = 5"),
            [Rule::BigUpdate],
            "{earlier}"
        );
    }
    let made = "create table t (a integer); create unique index i on t (a); drop index i";
    assert_eq!(second(made, "delete from t where a = 5"), [Rule::BigUpdate]);
}
