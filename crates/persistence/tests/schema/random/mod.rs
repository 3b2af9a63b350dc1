//! Random pairs of schemas: what is generated leads from the one to the other, and back.

mod around;
mod render;
mod strategy;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

use self::strategy::schema;
use crate::support::{answers, there_and_back};

/// How many pairs are tried, always the same ones, unless `PROPTEST_CASES` says otherwise: then it is
/// others each time.
const CASES: u32 = 5;
const SEED: u64 = 1;

fn config() -> Config {
    let mut config = Config {
        max_shrink_iters: 100,
        failure_persistence: None,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
        config.rng_seed = RngSeed::Fixed(SEED);
    }
    config
}

#[test]
fn random_schemas_are_reached_from_each_other_and_left_again() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(config());
    let pairs = (schema(), schema());
    let result = runner.run(&pairs, |(from, to)| {
        let (from, to) = (from.to_string(), to.to_string());
        // What panics is what proptest makes smaller.
        let work = async move {
            there_and_back(&from, &to, &[], "").await;
            rows_stay(&from, &to).await;
        };
        match runtime.block_on(runtime.spawn(work)) {
            Ok(()) => Ok(()),
            Err(error) => Err(TestCaseError::fail(error.to_string())),
        }
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// Rows of the tables that are in both stay as they are, if the migrations do not fail at
/// what is in them.
async fn rows_stay(from: &str, to: &str) {
    let tables = ["t0", "t1", "t2"].into_iter().filter(|table| {
        let made = |text: &str| text.contains(&format!("table {table} ("));
        made(from) && made(to)
    });
    let (mut rows, mut asked) = (String::new(), Vec::new());
    for table in tables {
        // Not every table takes such a row.
        let _ = write!(
            rows,
            "do $$ begin insert into {table} (id) select generate_series(100, 101);
             exception when integrity_constraint_violation then null; end $$;"
        );
        asked.push(format!(
            "(select json_agg(json_build_array(id, r_id) order by id) from {table})"
        ));
    }
    let asked = format!(
        "select concat_ws('; ', {})",
        [asked, vec!["'end'".to_owned()]].concat().join(", ")
    );
    let before = answers((from, from), &[], &rows, (&asked, &asked))
        .await
        .unwrap();
    match answers((from, to), &[], &rows, (&asked, &asked)).await {
        Ok(answers) => assert_eq!(answers, before, "{from}\n\n{to}"),
        Err(error) => {
            // Data exceptions, and violations of constraints.
            let is_of_values = error.contains(": 22") || error.contains(": 23");
            assert!(is_of_values, "{error}\n{from}\n\n{to}");
        }
    }
}

/// What begins the statements of each kind.
const KINDS: [&str; 31] = [
    "create extension",
    "create schema",
    "create type e0 as enum",
    "create domain",
    "create type c0 as (",
    "create sequence",
    "create function f0",
    "create procedure",
    "create text search configuration",
    "create table t0",
    "create unlogged table",
    "create view v0",
    "create view v1",
    "create materialized view",
    "create index",
    "create unique index",
    "create statistics",
    "create trigger",
    "create constraint trigger",
    "add constraint t0_pkey primary key",
    "add constraint t0_key unique",
    "add constraint t0_check check",
    "add constraint t0_excl exclude",
    "add constraint t0_fkey foreign key",
    "generated always as identity",
    "stored",
    "serial",
    "not null",
    "comment on column",
    "comment on table",
    "not valid",
];

#[test]
fn each_kind_comes_goes_and_changes_among_them() {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for _ in 0..100 {
        let pair = (schema(), schema())
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let (from, to) = (pair.0.to_string(), pair.1.to_string());
        for kind in KINDS {
            let of = |text: &str| {
                let lines = text.lines().filter(|line| line.contains(kind));
                lines.map(str::to_owned).collect::<Vec<_>>()
            };
            let (before, after) = (of(&from), of(&to));
            let what = match (before.is_empty(), after.is_empty()) {
                (true, false) => "comes",
                (false, true) => "goes",
                (false, false) if before != after => "changes",
                _ => continue,
            };
            *seen.entry((kind, what)).or_default() += 1;
        }
    }
    for kind in KINDS {
        for what in ["comes", "goes", "changes"] {
            // Most tables have some of these; these are the same wherever they are.
            let always =
                ["not null", "comment on column", "create index", "serial"].contains(&kind);
            let constant = [
                "create schema",
                "create extension",
                "create table t0",
                "create unlogged table",
            ]
            .contains(&kind);
            if (always && what != "changes") || (constant && what == "changes") {
                continue;
            }
            let times = seen.get(&(kind, what)).copied().unwrap_or_default();
            assert!(times >= 2, "{kind} {what} in {times} of 100 pairs");
        }
    }
}
