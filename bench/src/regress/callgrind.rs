//! A server under callgrind, which counts the instructions that it executes: about as many in each
//! run, however busy the machine is.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::{Failure, program};

/// What counts, and what tells it when to.
const VALGRIND: &str = "valgrind";
const CONTROL: &str = "vgdb";

/// How long callgrind may take to do what it is told.
const PATIENCE: Duration = Duration::from_mins(1);

/// The version that is installed. Fails, and says what to do, where there is none, or none of what
/// comes along with it.
pub(crate) async fn version() -> Result<String, Failure> {
    said_by(CONTROL, "--help", "which tells valgrind when to count").await?;
    said_by(VALGRIND, "--version", "which counts instructions").await
}

async fn said_by(tool: &str, option: &str, does: &str) -> Result<String, Failure> {
    match Command::new(tool).arg(option).output().await {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        Ok(output) => Err(format!("{tool} {option}: {}", output.status).into()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(format!(
            "{tool}, {does}, is not installed: install valgrind by `apt-get install valgrind`, or \
             as your system installs its packages"
        )
        .into()),
        Err(error) => Err(format!("{tool}: {error}").into()),
    }
}

/// A server whose instructions can be counted. It ends when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) id: u32,
    pub(crate) address: SocketAddr,
    folder: PathBuf,
    /// The counts that were written so far.
    written: u32,
}

impl Server {
    /// Starts the program over the database. It counts nothing yet. What callgrind writes goes into
    /// the folder, which is emptied.
    pub(crate) async fn start(
        program: &Path,
        url: &str,
        more: &[&str],
        folder: PathBuf,
    ) -> Result<Self, Failure> {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let mut command = Command::new(VALGRIND);
        command
            // Not what somebody else's settings say, too.
            .args(["--command-line-only=yes", "--quiet", "--tool=callgrind", "--instr-atstart=no"])
            .arg(option("--callgrind-out-file=", &folder.join("counts")))
            .arg(option("--vgdb-prefix=", &folder.join("control")))
            .arg(program)
            // Threads that look for work find it sooner or later, at some instructions each time.
            .env("TOKIO_WORKER_THREADS", "1");
        let (child, address) = program::start(program::serving(command, url, more)).await?;
        Ok(Self {
            id: child.id().ok_or("the server has ended")?,
            child,
            address: address.parse()?,
            folder,
            written: 0,
        })
    }

    /// Counts from now on.
    pub(crate) async fn begin(&self) -> Result<(), Failure> {
        self.tell(&["instrumentation", "on"]).await
    }

    /// Forgets what was counted so far.
    pub(crate) async fn forget(&self) -> Result<(), Failure> {
        self.tell(&["zero"]).await
    }

    /// The instructions since counting began, or they were forgotten or asked for.
    pub(crate) async fn counted(&mut self) -> Result<u64, Failure> {
        self.tell(&["dump"]).await?;
        self.written += 1;
        let path = self.folder.join(format!("counts.{}", self.written));
        let about = |error: Failure| format!("{}: {error}", path.display());
        let dump = fs::read_to_string(&path).map_err(|error| about(error.into()))?;
        let total = total(&dump).map_err(|error| about(error.into()))?;
        fs::remove_file(&path)?;
        Ok(total)
    }

    async fn tell(&self, words: &[&str]) -> Result<(), Failure> {
        let mut command = Command::new(CONTROL);
        command
            .arg(option("--vgdb-prefix=", &self.folder.join("control")))
            .arg(format!("--pid={}", self.id))
            .args(words)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let said = words.join(" ");
        let output = timeout(PATIENCE, command.output()).await.map_err(|_| {
            format!(
                "{CONTROL} {said}: no answer after {PATIENCE:?}: it has to trace the server, which \
                 a container may forbid (docker run --cap-add SYS_PTRACE)"
            )
        })?;
        let output = output.map_err(|error| format!("{CONTROL}: {error}"))?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(format!("{CONTROL} {said}: {}: {why}", output.status).into());
        }
        Ok(())
    }

    /// Ends it, and removes what callgrind wrote.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        self.child.kill().await?;
        Ok(fs::remove_dir_all(&self.folder)?)
    }
}

fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(path);
    option
}

/// All instructions of what callgrind wrote.
fn total(dump: &str) -> Result<u64, &'static str> {
    let values = |name| dump.lines().find_map(|line| line.strip_prefix(name));
    let events = values("events:").ok_or("it does not say what was counted")?;
    let column = events.split_whitespace().position(|it| it == "Ir");
    let column = column.ok_or("no instructions were counted")?;
    // Last of all: without it not everything was written.
    let totals = values("totals:").ok_or("it does not end with totals")?;
    let total = totals.split_whitespace().nth(column);
    let total = total.and_then(|it| it.parse().ok());
    total.ok_or("the total of the instructions is no number")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "\
# callgrind format
version: 1
creator: callgrind-3.19.0
part: 2

desc: Trigger: dump

positions: line
events: Ir
summary: 700


fn=(3388) totals: of a name
31 18
calls=6 +35
* 630

totals: 648
";

    #[test]
    fn the_total_is_of_what_was_written_down() {
        assert_eq!(total(DUMP), Ok(648));
    }

    #[test]
    fn instructions_are_told_from_what_else_was_counted() {
        let events = DUMP.replace("events: Ir", "events: Dr Ir Dw");
        let dump = events.replace("totals: 648", "totals: 1 22 333");
        assert_eq!(total(&dump), Ok(22));
        let other = events.replace("Ir", "Bc");
        assert_eq!(total(&other), Err("no instructions were counted"));
    }

    #[test]
    fn what_was_not_written_to_its_end_is_refused() {
        let (half, _) = DUMP.split_once("totals: 648").unwrap();
        assert_eq!(total(half), Err("it does not end with totals"));
        assert_eq!(total(""), Err("it does not say what was counted"));
        let none = DUMP.replace("totals: 648", "totals:");
        assert_eq!(
            total(&none),
            Err("the total of the instructions is no number")
        );
    }
}
