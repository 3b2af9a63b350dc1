//! What this program sends to the database for each call, kept in
//! `crates/persistence/tests/zero_downtime/calls`: the migration after the next release is
//! tried under these calls, when the program that made them is no longer built.
//!
//! `BYLINE_WRITE_CALLS=1` writes the calls of the schema at head anew. `BYLINE_RECORD=PROGRAM`
//! writes those of another program, under the schema that it has.

mod calls;
mod log;
mod wire;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use byline_persistence::migrate::embedded;
use byline_persistence::testing::run_on;
use serde_json::{Value, json};

use self::log::{Call, Log};
use crate::support::{PROGRAM, Server, folder_of_postgres, start_postgres, stop_postgres};

/// The ids of a recording by their place in it, and its domain, are made anew for each replay.
const DOMAIN: &str = "recorded.example";

/// So many that the program takes a sample of users.
const MANY_USERS: &str = "insert into users (id, email, role, is_active, created_at, version)
    select gen_random_uuid(), format('someone-%s@elsewhere.example', n), 'editor', true, now(), 1
    from generate_series(1, 6000) n";

fn file(version: i64) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../persistence/tests/zero_downtime/calls")
        .join(format!("{version:04}.json"))
}

/// Makes all calls by the program, and notes what each sends; and of which types its values are.
async fn record(program: &str) -> (Vec<Call>, HashMap<String, Vec<u32>>) {
    let folder = folder_of_postgres();
    let settings = vec![
        ("fsync", "off".to_owned()),
        ("log_statement", "all".to_owned()),
        ("log_line_prefix", log::PREFIX.to_owned()),
    ];
    let postgres = start_postgres(folder.path(), settings).await;
    postgres.ensure_database("byline").await.unwrap();
    let types = wire::Types::default();
    let address = wire::listen(postgres.socket_dir(), &types).await;
    let url = format!("postgres://byline@{address}/byline?sslmode=disable");
    let server = Server::serve_by(program, "127.0.0.1:0", &url, &["--migrate"]).await;
    run_on(&postgres.connect_options("byline"), MANY_USERS).await;
    let mut log = Log::new(folder.path().join("postgres.log"));
    calls::make(server.channel().await, &mut log).await;
    drop(server);
    stop_postgres(postgres).await;
    let types = std::mem::take(&mut *types.lock().unwrap());
    (log.calls(), types)
}

/// As it is kept: each statement once, and each call as statements with their values.
fn document((calls, types): &(Vec<Call>, HashMap<String, Vec<u32>>)) -> Value {
    let mut statements: Vec<&str> = Vec::new();
    let mut told = Vec::new();
    for call in calls.iter().filter(|call| !call.refused) {
        let mut sent = Vec::new();
        for (sql, values) in &call.statements {
            let place = statements.iter().position(|known| known == sql);
            let place = place.unwrap_or_else(|| {
                statements.push(sql);
                statements.len() - 1
            });
            sent.push(json!({ "statement": place, "values": values }));
        }
        told.push(json!({ "call": call.name, "sent": sent }));
    }
    let statements: Vec<_> = statements
        .into_iter()
        .map(|sql| json!({ "sql": sql, "types": types.get(sql) }))
        .collect();
    json!({ "domain": DOMAIN, "statements": statements, "calls": told })
}

fn write(version: i64, document: &Value) {
    std::fs::write(file(version), format!("{document:#}\n")).unwrap();
}

#[tokio::test]
async fn what_calls_send_is_kept_for_the_migrations_to_come() {
    if let Some(program) = std::env::var_os("BYLINE_RECORD") {
        let calls = record(program.to_str().unwrap()).await;
        let version = std::env::var_os("BYLINE_RECORD_SCHEMA").unwrap();
        write(
            version.to_str().unwrap().parse().unwrap(),
            &document(&calls),
        );
        return;
    }
    let calls = record(PROGRAM).await;
    let refused: Vec<_> = calls.0.iter().filter(|call| call.refused).collect();
    assert!(refused.is_empty(), "{refused:?}");
    let made = document(&calls);
    let head = embedded().head();
    if std::env::var_os("BYLINE_WRITE_CALLS").is_some() {
        write(head, &made);
    }
    let kept = std::fs::read_to_string(file(head)).unwrap_or_else(|_| {
        panic!("the calls of the schema {head:04} are not kept: BYLINE_WRITE_CALLS=1 writes them")
    });
    let kept: Value = serde_json::from_str(&kept).unwrap();
    let sent = |document: &Value| -> BTreeSet<String> {
        let statements = document["statements"].as_array().unwrap();
        let texts = statements.iter().map(|statement| &statement["sql"]);
        texts.map(|sql| sql.as_str().unwrap().to_owned()).collect()
    };
    let (made, kept) = (sent(&made), sent(&kept));
    let new: Vec<_> = made.difference(&kept).collect();
    let gone: Vec<_> = kept.difference(&made).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "the program sends other statements than are kept: BYLINE_WRITE_CALLS=1 writes them anew\n\
         new: {new:#?}\ngone: {gone:#?}"
    );
}
