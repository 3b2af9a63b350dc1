//! The layers stay apart: who may depend on whom, read off the manifests and the
//! resolved tree, so that nobody needs a further tool to see a breach.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

fn cargo(arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .expect("cargo runs")
}

fn manifests() -> Vec<Value> {
    let output = cargo(&["metadata", "--format-version=1", "--no-deps", "--locked"]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata is JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

/// The dependencies that each of our crates declares, those for tests aside.
fn declared() -> BTreeMap<String, BTreeSet<String>> {
    manifests()
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            let names = dependencies
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .filter_map(|dependency| Some(dependency["name"].as_str()?.to_owned()))
                .collect();
            (package["name"].as_str().expect("a name").to_owned(), names)
        })
        .collect()
}

/// Everything that a crate brings into a normal build, itself among it.
fn tree(package: &str) -> BTreeSet<String> {
    let output = cargo(&[
        "tree",
        "--locked",
        "--edges=normal",
        "--prefix=none",
        "--format={p}",
        "--package",
        package,
    ]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| Some(line.split(' ').next()?.to_owned()))
        .collect()
}

fn brings_any(package: &str, prefixes: &[&str]) -> Vec<String> {
    tree(package)
        .into_iter()
        .filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)))
        .collect()
}

#[test]
fn our_crates_depend_on_each_other_inwards_only() {
    let ours: BTreeMap<String, Vec<String>> = declared()
        .into_iter()
        .map(|(name, dependencies)| {
            let ours = dependencies.into_iter().filter(|d| d.starts_with("byline"));
            (name, ours.collect())
        })
        .collect();
    let expected = BTreeMap::from([
        ("byline-domain", vec![]),
        ("byline-app", vec!["byline-domain"]),
        ("byline-persistence", vec!["byline-domain"]),
        (
            "byline",
            vec!["byline-app", "byline-domain", "byline-persistence"],
        ),
    ]);
    let expected: BTreeMap<String, Vec<String>> = expected
        .into_iter()
        .map(|(name, ours)| {
            (
                name.to_owned(),
                ours.into_iter().map(str::to_owned).collect(),
            )
        })
        .collect();
    assert_eq!(ours, expected);
}

#[test]
fn the_domain_knows_no_database_wire_or_runtime() {
    let found = brings_any(
        "byline-domain",
        &["sqlx", "tonic", "prost", "tokio", "mockall"],
    );
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn use_cases_know_no_database_or_wire() {
    let found = brings_any("byline-app", &["sqlx", "tonic", "prost", "mockall"]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_adapters_of_the_database_know_no_wire() {
    let found = brings_any("byline-persistence", &["tonic", "prost", "mockall"]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn only_one_crate_names_the_driver_and_only_one_the_wire() {
    for (name, dependencies) in declared() {
        let driver = dependencies.iter().any(|d| d.starts_with("sqlx"));
        assert!(
            !driver || name == "byline-persistence",
            "{name} names the driver"
        );
        let wire = dependencies
            .iter()
            .any(|d| d.starts_with("tonic") || d.starts_with("prost"));
        assert!(!wire || name == "byline", "{name} names the wire");
    }
}

#[test]
fn mocks_never_reach_the_program() {
    assert!(!tree("byline").contains("mockall"));
}
