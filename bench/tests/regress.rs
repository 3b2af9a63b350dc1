//! Runs `bench regress`: that it works, and nothing about time.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

#[test]
fn a_build_takes_about_as_many_instructions_as_itself() {
    // Of the same profile, and there once all tests of the workspace were built.
    let bench = Path::new(env!("CARGO_BIN_EXE_bench"));
    let byline = bench.with_file_name("byline");
    if let Some(missing) = missing(&byline) {
        let in_ci = std::env::var_os("CI").is_some();
        assert!(!in_ci, "in CI there must be all that this needs: {missing}");
        eprintln!("SKIPPED: {missing}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // Of root, PostgreSQL is somebody else.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let table = folder.path().join("table.md");
    let output = Command::new(bench)
        .args(["regress", "--short"])
        .arg("--base")
        .arg(&byline)
        .arg("--change")
        .arg(&byline)
        .arg("--data-dir")
        .arg(folder.path().join("data"))
        .arg("--out")
        .arg(&table)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    let table = fs::read_to_string(table).unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), table);
    for workload in ["GetUser", "ListUsers, 50, first page", "CreatePost"] {
        let [base, change, ratio] = numbers(&table, workload);
        // An answer takes more than that, however well it is made.
        assert!(base > 10_000.0 && change > 10_000.0, "{table}");
        // So few calls of a build that is not optimized differ by some per cent.
        assert!((ratio - 1.0).abs() < 0.2, "{table}");
    }
}

/// What is not there, and how it is had.
fn missing(byline: &Path) -> Option<String> {
    for tool in ["valgrind", "vgdb"] {
        if Command::new(tool).arg("--help").output().is_err() {
            return Some(format!("{tool} is not installed: apt-get install valgrind"));
        }
    }
    let program = byline.display();
    (!byline.is_file())
        .then(|| format!("{program} is not built: cargo build, or cargo test --workspace, does"))
}

/// The first numbers in the line of a workload: of the base, of the change, and their ratio.
fn numbers(table: &str, workload: &str) -> [f64; 3] {
    let begins = format!("| {workload} | ");
    let line = table.lines().find_map(|line| line.strip_prefix(&begins));
    let line = line.unwrap_or_else(|| panic!("no line of {workload}: {table}"));
    let mut cells = line.split(" | ").map(|it| it.replace(',', ""));
    let mut number = || cells.next()?.parse().ok();
    [(); 3].map(|()| number().unwrap_or_else(|| panic!("no number of {workload}: {table}")))
}
