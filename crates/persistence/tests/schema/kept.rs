//! What is in a database stays there: values, where sequences are, and who may do what.

use crate::support::{answers, has, refused, there_and_back, up};

#[tokio::test]
async fn a_text_that_is_too_long_is_refused_and_not_cut() {
    let from = "create table t (a text, b text[]);";
    let to = "create table t (a varchar(5), b varchar(5)[]);";
    let made = up(from, to).await;
    has(
        &made,
        &[
            "contract_change.up.sql\n",
            "-- Cuts blanks at the end of what is longer.\n-- Fails where a value is longer.\nalter table t alter column a type varchar(5);",
        ],
    );
    assert!(!made.contains("using"), "{made}");
    for rows in [
        "insert into t values ('too long for it')",
        "insert into t values (null, '{too long for it}')",
    ] {
        let stopped = answers((from, to), &[], rows, ("1", "1"))
            .await
            .unwrap_err();
        has(&stopped, &["22001: value too long"]);
    }
    let stopped = answers(
        (to, from),
        &[],
        "insert into t values ('fits')",
        ("select a from t", "select a from t"),
    );
    assert_eq!(stopped.await.unwrap(), ["fits", "fits"]);
}

#[tokio::test]
async fn a_type_that_takes_every_value_is_no_hazard() {
    let from = "create table t (a varchar(4), b numeric(8, 2), c timestamp(3), d varchar(3)[]);";
    let to = "create table t (a varchar(5), b numeric(10, 3), c timestamp(4), d text[]);";
    let made = up(from, to).await;
    assert!(made.starts_with("--- 0002_change.up.sql\n"), "{made}");
    let up = made.split("--- 0002_change.down").next().unwrap();
    assert!(!up.contains("-- Fails"), "{up}");
}

#[tokio::test]
async fn a_type_that_has_no_cast_from_another_one_says_when_that_fails() {
    let made = up(
        "create table t (a integer, b timestamp(3), c integer, d text);",
        "create table t (a uuid, b timestamptz(3), c integer[], d integer);",
    )
    .await;
    for (name, statement) in [
        (
            "uuid",
            "alter table t alter column a type uuid\n    using a::text::uuid",
        ),
        (
            "integer[]",
            "alter table t alter column c type integer[]\n    using c::text::integer[]",
        ),
        (
            "integer",
            "alter table t alter column d type integer\n    using d::integer",
        ),
    ] {
        let notes = format!(
            "-- Takes the text of each value for {name}, and loses what that has no place for.\n\
             -- Fails where a text is none of {name}.\n{statement}"
        );
        has(&made, &[&notes]);
    }
    has(
        &made,
        &[
            "-- Writes the whole table anew unless both types are stored alike.\n\
             -- Goes by the TimeZone of the session that runs it.\nalter table t alter column b type",
        ],
    );
}

#[tokio::test]
async fn a_text_that_is_read_as_another_type_is_not_cut() {
    let from = "create table t (a text, b text);";
    let to = "create table t (a varchar(3)[], b bit(3));";
    for (rows, message) in [
        ("insert into t values ('{long}', null)", "value too long"),
        ("insert into t values (null, '1010')", "does not match type"),
    ] {
        let stopped = answers((from, to), &[], rows, ("1", "1")).await;
        has(&stopped.unwrap_err(), &[message]);
    }
    let fits = answers(
        (from, to),
        &[],
        "insert into t values ('{abc}', '101')",
        ("select a[1] || b from t", "1"),
    );
    assert_eq!(fits.await.unwrap(), ["abc101", "1"]);
}

const NEXT: &str = "select id from u order by id desc limit 1";

#[tokio::test]
async fn a_sequence_goes_with_the_table_that_gets_another_name() {
    let from = "create table t (id serial, a text); create table k (\"Old\" bigserial);";
    let to = "create table u (id serial, a text); create table k (n bigserial);";
    let rows = "insert into t (a) values ('one'), ('two'); insert into k select from generate_series(1, 5);";
    let renames = ["t:u", "k.\"Old\":n"];
    let files = there_and_back(from, to, &renames, rows).await;
    has(
        &files[0].text,
        &["alter sequence t_id_seq rename to u_id_seq"],
    );
    let text = &files[0].text;
    assert!(!text.contains("create sequence"), "{text}");
    let got = answers(
        (from, to),
        &renames,
        rows,
        (
            "nextval('u_id_seq') || ' ' || nextval('k_n_seq')",
            "nextval('t_id_seq')",
        ),
    );
    assert_eq!(got.await.unwrap(), ["3 6", "4"]);
}

#[tokio::test]
async fn a_new_sequence_goes_on_behind_what_is_there() {
    let serial = "create table u (id serial, a text);";
    let plain = "create table u (id integer not null, a text);";
    let rows = "insert into u (a) values ('one'), ('two')";
    let next = "nextval(pg_get_serial_sequence('u', 'id'))";
    let there = answers((serial, plain), &[], rows, (NEXT, next)).await;
    assert_eq!(there.unwrap(), ["2", "3"]);
    let rows = "insert into u values (7)";
    let there = answers((plain, serial), &[], rows, (next, NEXT)).await;
    assert_eq!(there.unwrap(), ["8", "7"]);
    for options in ["", "(increment by -1)"] {
        let identity = format!(
            "create table u (id integer not null generated always as identity {options}, a text);"
        );
        let there = answers((plain, &identity), &[], rows, (next, NEXT)).await;
        let wanted = if options.is_empty() { "8" } else { "-1" };
        assert_eq!(there.unwrap(), [wanted, "7"]);
    }
    let made = up(serial, plain).await;
    has(&made, &["-- Loses where it is.\ndrop sequence u_id_seq"]);
}

#[tokio::test]
async fn a_sequence_stays_where_it_is_whatever_its_bounds() {
    let from = "create sequence s;";
    let to = "create sequence s minvalue 100;";
    let used = "select setval('s', 5000)";
    let got = answers((from, to), &[], used, ("nextval('s')", "nextval('s')")).await;
    assert_eq!(got.unwrap(), ["5001", "5002"]);
    let unused = answers((from, to), &[], "", ("nextval('s')", "nextval('s')")).await;
    assert_eq!(unused.unwrap()[0], "100");
    let got = answers((from, to), &[], "select nextval('s')", ("1", "1")).await;
    has(&got.unwrap_err(), &["22023: "]);
    let down = "create sequence s as smallint increment by -1;";
    there_and_back(from, down, &[], "").await;
}

#[tokio::test]
async fn what_is_made_again_keeps_what_the_migrations_granted() {
    let roles =
        "do $$ begin create role kept_reader; exception when duplicate_object then null; end $$;";
    let granted = "grant select on v to kept_reader with grant option; grant select (a) on v to public;
        revoke all on function f(integer) from public; grant execute on function f(integer) to kept_reader;
        grant usage on type c to kept_reader; alter view v owner to kept_reader;
        alter function f(integer) owner to kept_reader; grant select (g) on t to kept_reader;";
    let from = format!(
        "{roles} create table t (a integer, g integer generated always as (a) stored);
        create view v as select a from t; create type c as (x integer);
        create function f(integer) returns integer language sql as 'select 1'; {granted}"
    );
    let to = format!(
        "{roles} create table t (a bigint, g integer generated always as (a + 1) stored);
        create view v as select a from t; create type c as (y integer);
        create function f(integer) returns bigint language sql as 'select 1::bigint';"
    );
    let privileges = "select concat_ws(' ', has_table_privilege('kept_reader', 'v', 'select with grant option'),
            has_column_privilege('public', 'v', 'a', 'select'), has_function_privilege('public', 'f(integer)', 'execute'),
            has_function_privilege('kept_reader', 'f(integer)', 'execute'), has_column_privilege('kept_reader', 't', 'g', 'select'),
            (select string_agg(relowner::regrole::text, '') from pg_class where relname = 'v'),
            (select string_agg(proowner::regrole::text, '') from pg_proc where proname = 'f'),
            (select typacl::text like '%kept_reader=U%' from pg_type where typname = 'c'))";
    let privileges = privileges.replace(
        "has_column_privilege('public'",
        "has_column_privilege('kept_reader'",
    );
    let privileges = privileges.as_str();
    let got = answers((&from, &to), &[], "", (privileges, privileges)).await;
    let all = "t t f t t kept_reader kept_reader t";
    assert_eq!(got.unwrap(), [all, all]);
    let made = up(&from, &to).await;
    let note =
        "-- Made again: whatever was granted on it, and who owns it, has to be said again.\n";
    assert!(made.matches(note).count() >= 8, "{made}");
}

#[tokio::test]
async fn the_usual_storage_of_a_type_comes_back() {
    let from = "create table t (a text, b text); alter table t alter a set storage external;
        alter table t alter b set storage external;";
    let to = "create table t (a text, b bytea); alter table t alter b set storage external;";
    let files = there_and_back(from, to, &[], "").await;
    has(&files[0].text, &["alter column a set storage extended"]);
    has(
        &files[2].text,
        &[
            "alter column b type bytea",
            "alter column b set storage external",
        ],
    );
}

#[tokio::test]
async fn a_primary_key_of_another_name_takes_the_place_of_the_one_before() {
    let from =
        "create table t (a integer not null, b integer not null, constraint one primary key (a));";
    let to = "create table t (a integer not null, b integer not null, constraint two primary key (a, b));";
    let files = there_and_back(from, to, &[], "insert into t values (1, 2)").await;
    has(&files[0].text, &["create unique index concurrently"]);
    has(
        &files[2].text,
        &[
            "drop constraint one",
            "add constraint two primary key using index two",
        ],
    );
    let told = refused(from, &from.replace("one", "two")).await;
    has(
        &told,
        &["only its name is another one: say --rename one:two"],
    );
}
