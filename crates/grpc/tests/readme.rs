//! A foreign client makes the README's own calls, over reflection, against the
//! built binary.
#![allow(clippy::unwrap_used, reason = "a test that meets one has failed")]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// `byline dev` on a folder of its own; asked to stop when dropped.
struct Dev {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Dev {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_byline"))
            .args(["dev", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.path().join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
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
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign-client");
    let python = venv.join("bin/python");
    if !venv.join("complete").exists() {
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
        std::fs::write(venv.join("complete"), "").unwrap();
    }
    python
}

#[test]
fn a_foreign_client_gets_the_answers_that_the_readme_shows() {
    if Command::new("python3").arg("--version").output().is_err() {
        let in_ci = std::env::var_os("CI").is_some();
        assert!(!in_ci, "there must be a Python in CI");
        eprintln!("SKIPPED: there is no python3 to be the foreign client");
        return;
    }
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let foreign = crate_dir.join("tests/foreign");
    let python = python(&foreign);
    let dev = Dev::start();
    succeed(
        Command::new(python)
            .arg(foreign.join("readme.py"))
            .arg(crate_dir.join("../../README.md"))
            .arg(&dev.address),
    );
}
