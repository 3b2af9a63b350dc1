//! The program that is measured: a release build of this very tree.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;
use std::{fs, io};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{self, Child};

use crate::Failure;

/// The tree that this program was built of.
pub(crate) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What the program is built of.
const SOURCES: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "crates",
    "migrations",
    "proto",
    ".sqlx",
];

/// Connections to the database, of all servers: what Byline has unless told otherwise.
pub(crate) const POOL_SIZE: usize = 16;

/// The program at that path, or one that is built now.
pub(crate) fn find(given: Option<&Path>) -> Result<PathBuf, Failure> {
    if cfg!(debug_assertions) {
        return Err("what is measured is a release build: cargo run --release -p bench".into());
    }
    match given {
        Some(path) => check(path),
        None => build(),
    }
}

fn check(path: &Path) -> Result<PathBuf, Failure> {
    let about = |error: io::Error| format!("{}: {error}", path.display());
    let built = fs::metadata(path)
        .and_then(|it| it.modified())
        .map_err(about)?;
    for source in SOURCES {
        let source = Path::new(ROOT).join(source);
        if newest(&source)? > built {
            return Err(format!(
                "{} is older than {}: build it again",
                path.display(),
                source.display()
            )
            .into());
        }
    }
    // Not looked for in PATH.
    Ok(path.canonicalize().map_err(about)?)
}

/// When the newest file under a path was changed.
fn newest(path: &Path) -> Result<SystemTime, io::Error> {
    let found = fs::metadata(path)?;
    if !found.is_dir() {
        return found.modified();
    }
    let mut latest = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(path)? {
        latest = latest.max(newest(&entry?.path())?);
    }
    Ok(latest)
}

fn build() -> Result<PathBuf, Failure> {
    eprintln!("building byline");
    let status = Command::new("cargo")
        .args(["build", "--release", "--locked", "--package", "byline"])
        .current_dir(ROOT)
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err("byline could not be built: see above".into());
    }
    let own = std::env::current_exe()?;
    let program = own.with_file_name("byline");
    if !program.exists() {
        return Err(format!(
            "{} is not there, although byline was built: say where it is with --byline",
            program.display()
        )
        .into());
    }
    Ok(program)
}

/// Starts the program over the database, with more arguments. Answers where it listens.
pub(crate) async fn serve(
    program: &Path,
    url: &str,
    more: &[&str],
) -> Result<(Child, String), Failure> {
    start(serving(process::Command::new(program), url, more)).await
}

/// The command with what has the program serve over the database, and more arguments.
pub(crate) fn serving(mut command: process::Command, url: &str, more: &[&str]) -> process::Command {
    command
        .args(["serve", "--auth", "none", "--listen", "127.0.0.1:0", "--log", "error"])
        // What is measured stays as it is: the trash of a world is past its time.
        .args(["--sweep-interval", "0s"])
        .args(["--database-url", url])
        .args(more);
    command
}

/// Starts a server that says first where it listens, and answers that. It ends when it is dropped.
pub(crate) async fn start(mut command: process::Command) -> Result<(Child, String), Failure> {
    let program = command.as_std().get_program().display().to_string();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{program}: {error}"))?;
    let stdout = child.stdout.take().ok_or("the server has no output")?;
    let line = BufReader::new(stdout).lines().next_line().await?;
    let address = line
        .as_deref()
        .and_then(|line| line.strip_prefix("listening on "));
    let Some(address) = address else {
        child.start_kill()?;
        let status = child.wait().await?;
        return Err(format!("{program} did not start ({status}): see above").into());
    };
    Ok((child, address.to_owned()))
}
