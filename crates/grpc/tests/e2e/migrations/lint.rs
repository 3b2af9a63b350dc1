//! `byline migrate lint`: what it prints, to people and to programs, and how it exits.

use std::path::Path;

use serde_json::json;

use super::{code, document, migrate, stderr, stdout};

/// A folder of two migrations; the second truncates what the first made.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (file, text) in [
        ("0001_one.up.sql", "create table one (n bigint);\n"),
        ("0001_one.down.sql", "-- Nothing yet.\n"),
        ("0002_two.up.sql", "-- Empty it.\ntruncate one;\n"),
        ("0002_two.down.sql", "select 1;\n"),
    ] {
        std::fs::write(dir.path().join(file), text).unwrap();
    }
    dir
}

fn arguments<'a>(dir: &'a Path, others: &[&'a str]) -> Vec<&'a str> {
    [&["lint", "--dir", dir.to_str().unwrap()], others].concat()
}

#[tokio::test]
async fn findings_are_told_with_their_place_and_the_safe_way() {
    let dir = folder();
    let output = migrate(&arguments(dir.path(), &[])).await;
    assert_eq!(code(&output), 1, "{output:?}");
    let told: Vec<&str> = stdout(&output).lines().collect();
    let at = |place: &str| format!("{}/{place}: ", dir.path().display());
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(
        told[0].starts_with(&at("0001_one.up.sql:1: missing-down")),
        "{told:?}"
    );
    assert!(told[1].starts_with("    write a .down.sql"), "{told:?}");
    assert!(
        told[2].starts_with(&at("0002_two.up.sql:2: truncate")),
        "{told:?}"
    );
    assert!(told[3].starts_with("    delete in batches"), "{told:?}");
    assert_eq!(stderr(&output), "");
}

#[tokio::test]
async fn programs_get_the_findings_as_a_document() {
    let dir = folder();
    let output = migrate(&arguments(dir.path(), &["--since", "1", "--json"])).await;
    assert_eq!(code(&output), 1, "{output:?}");
    let told = document(&output);
    let findings = told["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{told}");
    assert_eq!(
        findings[0]["file"],
        json!(dir.path().join("0002_two.up.sql"))
    );
    assert_eq!(findings[0]["line"], 2);
    assert_eq!(findings[0]["rule"], "truncate");
    for key in ["message", "instead"] {
        assert!(!findings[0][key].as_str().unwrap().is_empty(), "{told}");
    }

    let output = migrate(&arguments(dir.path(), &["--since", "head", "--json"])).await;
    assert_eq!(code(&output), 0, "{output:?}");
    assert_eq!(document(&output), json!({ "findings": [] }));
}

#[tokio::test]
async fn the_programs_own_migrations_are_clean() {
    let output = migrate(&["lint"]).await;
    assert_eq!(code(&output), 0, "{output:?}");
    assert_eq!(stdout(&output), "nothing found\n");
}

#[tokio::test]
async fn what_cannot_be_read_is_no_finding() {
    let dir = folder();
    let output = migrate(&arguments(dir.path(), &["--since", "7"])).await;
    assert_eq!(code(&output), 2, "{output:?}");
    let output = migrate(&["lint", "--dir", "/nowhere/at/all"]).await;
    assert_eq!(code(&output), 1, "{output:?}");
    assert_eq!(stdout(&output), "");
    assert!(stderr(&output).contains("/nowhere/at/all"), "{output:?}");
}
