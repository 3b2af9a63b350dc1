//! Reads a database that others use.

use std::time::{Duration, Instant};

use byline_persistence::schema::{Catalog, Key, Kind, SchemaError, differences};
use byline_persistence::testing::{Connection, TestDatabase, count, execute, rows};

use crate::support::{refused, run};

const VIEWS: &str = "create view v1 as select 1 as a; create view v2 as select 1 as a;
    create view v3 as select 1 as a; create view v4 as select 1 as a;
    create view v5 as select 1 as a; create view stays as select 1 as a;";

const DROPS: [&str; 5] = [
    "begin; drop view v1",
    "begin; drop view v2",
    "begin; drop view v3",
    "begin; drop view v4",
    "begin; drop view v5",
];

/// Looks at a database while as many of its views go away, one at each look.
async fn look_while_some_go(going: usize) -> Result<Catalog, SchemaError> {
    let test = TestDatabase::unmigrated().await;
    let mut beside = test.connection().await;
    execute(&mut beside, VIEWS).await;
    let mut droppers: Vec<(i64, Connection)> = Vec::new();
    for drop in &DROPS[..going] {
        let mut dropper = test.connection().await;
        execute(&mut dropper, drop).await;
        let pid = count(&mut dropper, "select pg_backend_pid()::int8").await;
        droppers.push((pid, dropper));
    }
    let server = test.connect_options();
    let looking = tokio::spawn(async move { Catalog::read_in_use(&server).await });
    while !droppers.is_empty() {
        let pid = blocker(&mut beside).await;
        let place = droppers.iter().position(|(dropper, _)| *dropper == pid);
        let (_, mut dropper) = droppers.remove(place.expect("nobody else is in the way"));
        execute(&mut dropper, "commit").await;
    }
    looking.await.unwrap()
}

/// Who keeps the one that looks waiting.
async fn blocker(beside: &mut Connection) -> i64 {
    let waiting = "select unnest(pg_blocking_pids(pid))::text from pg_stat_activity
        where datname = current_database() and application_name = 'byline-schema'";
    let began = Instant::now();
    loop {
        if let [pid] = &rows(beside, waiting).await[..] {
            return pid.parse().unwrap();
        }
        assert!(began.elapsed().as_secs() < 20, "nobody waits");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn what_is_changed_meanwhile_is_looked_at_again() {
    let catalog = look_while_some_go(1).await.unwrap();
    let views = catalog.keys().filter(|key| key.kind == Kind::View);
    let names: Vec<_> = views.map(Key::to_string).collect();
    assert_eq!(
        names,
        ["view stays", "view v2", "view v3", "view v4", "view v5"]
    );
}

#[tokio::test]
async fn what_is_changed_again_and_again_is_told() {
    let told = look_while_some_go(5).await.unwrap_err().to_string();
    assert!(
        told.starts_with("the database is being changed while it is looked at"),
        "{told}"
    );
}

#[tokio::test]
async fn a_comment_on_an_identity_columns_sequence_is_compared() {
    let from = "create table t (id int generated always as identity);";
    let told = refused(
        from,
        &format!("{from} comment on sequence t_id_seq is 'x';"),
    )
    .await;
    assert!(
        told.contains("comment on sequence t_id_seq of an identity column"),
        "{told}"
    );
}

const STAYS: &str =
    "create table stays (id bigserial primary key, a text not null default 'x', b integer);
    create index stays_b on stays (b); create view stays_seen as select id, a from stays;
    create function stays_f(stays) returns bigint language sql as 'select 1::bigint';";

/// Everything that it makes has a name that begins with `gone`.
const COMES_AND_GOES: &str = "create table gone (id serial primary key, a stays, b text default 'x');
    create index gone_b on gone (b);
    create view gone_seen as select b from gone;
    create function gone_f(gone) returns gone language sql as 'select $1';
    create type gone_mood as enum ('a', 'b');
    create domain gone_short as text check (value <> '');
    alter table gone add column c gone_mood, add column d gone_short;
    drop function gone_f; drop view gone_seen; drop table gone; drop type gone_mood; drop domain gone_short;";

const TEMPORARY: &str = "create temporary table own (id serial primary key, a stays, b text default 'x' check (b <> ''));
    create index on own (b);
    create temporary view own_seen as select b from own;
    create statistics pg_temp.own_s on a, b from own;
    create function pg_temp.own_f(own) returns own language sql as 'select $1';
    create type pg_temp.own_mood as enum ('a', 'b');
    create domain pg_temp.own_short as text check (value <> '');
    drop function pg_temp.own_f; drop view own_seen; drop table own; drop type pg_temp.own_mood; drop domain pg_temp.own_short;";

/// Looks at a database again and again while somebody makes and drops things in it.
async fn look_while(statements: &'static str) -> (Catalog, Vec<Result<Catalog, SchemaError>>) {
    let test = TestDatabase::unmigrated().await;
    let server = test.connect_options();
    run(&server, STAYS).await;
    let quiet = Catalog::read(&server).await.unwrap();
    let mut beside = test.connection().await;
    let changing = tokio::spawn(async move {
        let began = Instant::now();
        while began.elapsed().as_secs() < 3 {
            for statement in statements.split_inclusive(';') {
                execute(&mut beside, statement).await;
            }
        }
    });
    let mut looks = Vec::new();
    while !changing.is_finished() {
        let three = [(); 3].map(|()| Catalog::read_in_use(&server));
        looks.extend(futures_util::future::join_all(three).await);
    }
    changing.await.unwrap();
    looks.push(Catalog::read_in_use(&server).await);
    (quiet, looks)
}

#[tokio::test]
async fn what_comes_and_goes_all_the_time_is_seen_as_it_was_or_not_at_all() {
    let (quiet, mut looks) = look_while(COMES_AND_GOES).await;
    let after = looks.pop().unwrap().unwrap();
    assert_eq!(differences(&after, &quiet), []);
    for look in looks {
        match look {
            Ok(seen) => {
                let wrong = differences(&seen, &quiet).into_iter();
                let wrong = wrong.filter(|one| !one.to_string().contains("gone"));
                assert_eq!(wrong.collect::<Vec<_>>(), []);
            }
            Err(error) => assert!(matches!(error, SchemaError::Changing(_)), "{error}"),
        }
    }
}

#[tokio::test]
async fn what_others_have_for_themselves_is_not_looked_at() {
    let (quiet, looks) = look_while(TEMPORARY).await;
    for look in looks {
        let seen = look.unwrap();
        assert_eq!(differences(&seen, &quiet), []);
    }
}
