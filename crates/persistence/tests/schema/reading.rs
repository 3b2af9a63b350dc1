//! Reads a database that others use.

use std::time::{Duration, Instant};

use byline_persistence::schema::{Catalog, Key, Kind, SchemaError};
use byline_persistence::testing::{Connection, TestDatabase, count, execute, rows};

use crate::support::refused;

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
    let looking = tokio::spawn(async move { Catalog::read(&server).await });
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
