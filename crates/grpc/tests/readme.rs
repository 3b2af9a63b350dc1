//! A foreign client makes the calls of pages for people, over reflection, against the
//! built binary: what they show is what it answers.
//!
//! `BYLINE_WRITE_PAGES=1` has the pages show what is answered now.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

/// `byline dev` on a folder of its own; asked to stop when dropped.
struct Dev {
    child: Child,
    address: String,
    database_url: String,
    _folder: tempfile::TempDir,
}

impl Dev {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_byline"))
            .args(["dev", "--log=warn", "--listen=127.0.0.1:0"])
            // What a page has removed is not to be gone before.
            .args(["--sweep-interval=0s", "--data-dir"])
            .arg(folder.path().join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(child.stderr.take().unwrap());
        let database_url = database_url(&mut told);
        thread::spawn(move || io::copy(&mut told, &mut io::stderr()));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on ")
            .expect("it starts")
            .to_owned();
        Self {
            child,
            address,
            database_url,
            _folder: folder,
        }
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.child.wait();
    }
}

/// Of the database, as what a server tells at its start says how to reach it.
fn database_url(told: &mut impl BufRead) -> String {
    for line in told.lines() {
        let line = line.unwrap();
        let psql = line.trim().strip_prefix("psql -h ");
        if let Some(folder) = psql.and_then(|rest| rest.strip_suffix(" -U byline byline")) {
            return format!("postgres:///byline?host={folder}&user=byline");
        }
        eprintln!("{line}");
    }
    panic!("it starts");
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A Python with the client's packages, kept from run to run.
fn python(foreign: &Path) -> PathBuf {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // Tests run at once, in processes of their own with some runners.
    let lock = File::create(kept.join("foreign-client.lock")).unwrap();
    lock.lock().unwrap();
    let wanted = std::fs::read_to_string(foreign.join("requirements.txt")).unwrap();
    let venv = kept.join("foreign-client");
    let python = venv.join("bin/python");
    let complete = venv.join("complete");
    if std::fs::read_to_string(&complete).ok().as_ref() != Some(&wanted) {
        succeed(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&venv),
        );
        succeed(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--requirement"])
                .arg(foreign.join("requirements.txt")),
        );
        std::fs::write(complete, wanted).unwrap();
    }
    python
}

/// Makes the calls of a page, which are at least so many, on a fresh `byline dev`.
fn hold(page: &str, at_least: usize) {
    if Command::new("python3").arg("--version").output().is_err() {
        let in_ci = std::env::var_os("CI").is_some();
        assert!(!in_ci, "there must be a Python in CI");
        eprintln!("SKIPPED: there is no python3 to be the foreign client");
        return;
    }
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let foreign = crate_dir.join("tests/foreign");
    let mut client = Command::new(python(&foreign));
    let dev = Dev::start();
    client.arg(foreign.join("readme.py"));
    if std::env::var_os("BYLINE_WRITE_PAGES").is_some() {
        client.arg("--write");
    }
    client.arg(crate_dir.join("../..").join(page));
    let byline = env!("CARGO_BIN_EXE_byline");
    client.args([&dev.address, byline, &at_least.to_string()]);
    client.env("BYLINE_DATABASE_URL", &dev.database_url);
    succeed(&mut client);
}

#[test]
fn a_foreign_client_gets_the_answers_that_the_readme_shows() {
    hold("README.md", 12);
}

#[test]
fn a_foreign_client_gets_the_answers_that_the_tutorial_of_queries_shows() {
    hold("docs/queries.md", 40);
}

#[test]
fn a_foreign_client_gets_the_answers_that_the_tutorial_of_changes_shows() {
    hold("docs/writing.md", 29);
}

#[test]
fn a_foreign_client_gets_the_answers_that_the_tutorial_of_transfers_shows() {
    hold("docs/transfer.md", 17);
}

#[test]
fn a_foreign_client_gets_the_answers_that_the_tutorial_of_passwords_shows() {
    hold("docs/credentials.md", 14);
}

#[test]
fn a_foreign_client_gets_the_answers_that_the_page_of_the_audit_log_shows() {
    hold("docs/audit.md", 8);
}
