//! The server that all tests of one run share.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, parent_id};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use sqlx::postgres::PgConnectOptions;

use super::process;
use crate::embedded::{Cluster, EmbeddedError, EmbeddedOptions, connect_options};

/// Starts the server once it is told how to, and ends it and removes its folder
/// when the run is over. The server is a child of this script, so that it also ends
/// with it; the script looks for the runner's number because nothing tells it of the
/// end of a process that is not its child. A runner may be somebody else's, whom it
/// may not signal: on Linux /proc tells of those too.
const WATCHDOG: &str = r#"
runner=$1 dir=$2 start=$3 server='' pause=0.02
end() {
    trap '' TERM INT HUP
    if [ -n "$server" ]; then kill -QUIT "$server"; wait "$server"; fi
    rm -rf "$(cat "$start.socket_dir")" "$dir"
    exit
}
trap end TERM INT HUP
while kill -0 "$runner" || [ -e "/proc/$runner" ]; do
    if [ -z "$server" ] && [ -f "$start" ]; then sh "$start" & server=$! pause=0.3; fi
    sleep "$pause"
done
end
"#;

/// Settings under which a crash may lose everything, which is no loss here.
const SETTINGS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("max_connections", "300"),
    ("shared_buffers", "64MB"),
    // Copies of the template are many and short-lived.
    ("max_wal_size", "256MB"),
    ("min_wal_size", "32MB"),
    // It would be in the way of whoever copies a database that it looks at.
    ("autovacuum", "off"),
];

/// Where the server of this run is.
#[derive(Clone, Debug)]
pub(super) struct TestRun {
    socket_dir: PathBuf,
}

static JOINED: OnceLock<TestRun> = OnceLock::new();

impl TestRun {
    /// Joins the run, or begins it and calls `prepare` once. A run is everything
    /// that one runner of tests has started, such as cargo; or this process alone,
    /// where something else started it that may live for long, such as a shell.
    pub(super) fn join(prepare: impl FnOnce(&Self)) -> Result<Self, EmbeddedError> {
        if let Some(run) = JOINED.get() {
            return Ok(run.clone());
        }
        let parent = parent_id();
        let runner = if process::runs_tests(parent) {
            parent
        } else {
            std::process::id()
        };
        let run = Self::join_as(runner, prepare)?;
        Ok(JOINED.get_or_init(|| run).clone())
    }

    /// As [`Self::join`], of the run of that process.
    fn join_as(runner: u32, prepare: impl FnOnce(&Self)) -> Result<Self, EmbeddedError> {
        let dir = run_dir(runner);
        fs::create_dir_all(&dir).map_err(at(&dir))?;
        // Whatever the umask: as root the server runs as somebody else.
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).map_err(at(&dir))?;
        // The others wait here until the first has prepared everything.
        let lock = File::create(dir.join("lock")).map_err(at(&dir))?;
        lock.lock().map_err(at(&dir))?;
        let ready = dir.join("ready");
        if let Ok(socket_dir) = fs::read_to_string(&ready) {
            let run = Self {
                socket_dir: PathBuf::from(socket_dir),
            };
            if run.answers() {
                return Ok(run);
            }
        }
        remove_left_overs(&dir);
        let run = Self::begin(runner, &dir)?;
        prepare(&run);
        fs::write(&ready, run.socket_dir.to_string_lossy().as_bytes()).map_err(at(&ready))?;
        Ok(run)
    }

    fn begin(runner: u32, dir: &Path) -> Result<Self, EmbeddedError> {
        let data_dir = new_folder(dir)?;
        // First of all, so that there is somebody to clean up from here on.
        let start = data_dir.join("start");
        watch(runner, dir, &start).map_err(at(Path::new("sh")))?;
        let cluster = Cluster::prepare(
            &data_dir,
            &EmbeddedOptions {
                data_dir: data_dir.clone(),
                bindir: std::env::var_os("BYLINE_PG_BINDIR").map(PathBuf::from),
                fetch: true,
                settings: settings(),
                // Unlike eprintln!, seen of a test that passes.
                notice: |line| drop(writeln!(std::io::stderr(), "{line}")),
            },
        )?;
        let run = Self {
            socket_dir: cluster.socket_dir().to_owned(),
        };
        let socket_dir = start.with_extension("socket_dir");
        fs::write(&socket_dir, run.socket_dir.to_string_lossy().as_bytes())
            .map_err(at(&socket_dir))?;
        // Whole or not at all, since the watchdog waits for it.
        let written = start.with_extension("written");
        let script = script(&cluster.server_command(&settings())?, cluster.log());
        fs::write(&written, script).map_err(at(&written))?;
        fs::rename(&written, &start).map_err(at(&start))?;
        cluster.wait_until_ready(None, || false)?;
        Ok(run)
    }

    fn answers(&self) -> bool {
        UnixStream::connect(self.socket_dir.join(".s.PGSQL.5432")).is_ok()
    }

    pub(super) fn connect_options(&self, database: &str) -> PgConnectOptions {
        connect_options(&self.socket_dir, database)
    }
}

fn settings() -> Vec<(&'static str, String)> {
    SETTINGS
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect()
}

/// A number alone may be another process's one day.
fn run_name(runner: u32) -> String {
    let began = process::began(runner).unwrap_or_default();
    format!("{PREFIX}{runner}-{began}")
}

/// The folder of a run.
fn run_dir(runner: u32) -> PathBuf {
    let name = run_name(runner);
    let in_memory = Path::new(IN_MEMORY).join(&name);
    // Chosen once for all processes of the run.
    if in_memory.exists() {
        return in_memory;
    }
    let on_disk = std::env::temp_dir().join(name);
    let has_a_place = on_disk.exists() || std::env::var_os("TMPDIR").is_some();
    if !has_a_place && has_room(Path::new(IN_MEMORY)) {
        in_memory
    } else {
        on_disk
    }
}

/// Where Linux keeps files in memory. Each test's database is some 300 files, which a
/// disk's file system makes and removes ten times slower.
const IN_MEMORY: &str = "/dev/shm";

/// Whether a whole run fits there. Containers often have only 64 MB of it.
fn has_room(dir: &Path) -> bool {
    let Ok(said) = Command::new("df").arg("-Pk").arg(dir).output() else {
        return false;
    };
    // Of the file system: its size, what is used, and what is free, in KiB.
    let said = String::from_utf8_lossy(&said.stdout);
    let mut words = said.lines().nth(1).unwrap_or_default().split_whitespace();
    let free: Option<u64> = words.nth(3).and_then(|free| free.parse().ok());
    free.is_some_and(|free| free >= ROOM_KIB)
}

/// Nearly three times as much as all tests were seen to take.
const ROOM_KIB: u64 = 1536 * 1024;

const PREFIX: &str = "byline-run-";

/// Removes the folders of runs whose watchdog did not get to it, as when the
/// machine went down.
fn remove_left_overs(own: &Path) {
    let around = own.parent().unwrap_or(own);
    let entries = fs::read_dir(around).into_iter().flatten();
    for dir in entries.flatten().map(|entry| entry.path()) {
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        let runner = name
            .strip_prefix(PREFIX)
            .and_then(|name| name.split('-').next()?.parse().ok());
        if let Some(runner) = runner
            && dir != own
            && name != run_name(runner)
        {
            let _ = fs::remove_dir_all(&dir);
        }
    }
}

/// How often a run is begun. Where the database cannot be prepared, as by a migration that
/// fails, each of a thousand tests would leave a server behind.
const TRIES: u32 = 5;

/// A folder for one server. There are others if a process was killed while it began
/// the run; they are the watchdog's to remove.
fn new_folder(dir: &Path) -> Result<PathBuf, EmbeddedError> {
    for number in 1..=TRIES {
        let folder = dir.join(number.to_string());
        match fs::create_dir(&folder) {
            Ok(()) => {
                fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))
                    .map_err(at(&folder))?;
                return Ok(folder);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(at(&folder)(error)),
        }
    }
    let given_up = "was not prepared by those before: see why the first test failed";
    Err(at(dir)(std::io::Error::other(given_up)))
}

fn watch(runner: u32, dir: &Path, start: &Path) -> std::io::Result<()> {
    Command::new("sh")
        .arg("-c")
        .arg(WATCHDOG)
        .arg("byline-test-watchdog")
        .arg(runner.to_string())
        .arg(dir)
        .arg(start)
        .current_dir("/")
        // The runner waits for whoever has its pipes.
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A Ctrl-C at the terminal is for the runner, whose end is enough.
        .process_group(0)
        .spawn()
        .map(drop)
}

/// The command as a script that becomes it.
fn script(command: &Command, log: &Path) -> String {
    let mut script = String::from("exec");
    for word in std::iter::once(command.get_program()).chain(command.get_args()) {
        let _ = write!(script, " {}", quoted(&word.to_string_lossy()));
    }
    let _ = writeln!(script, " >{} 2>&1", quoted(&log.to_string_lossy()));
    script
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Says which file an error is about.
fn at(path: &Path) -> impl FnOnce(std::io::Error) -> EmbeddedError + '_ {
    move |source| EmbeddedError::Io {
        path: path.display().to_string(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    struct Runner(std::process::Child);

    impl Runner {
        fn new() -> Self {
            Self(Command::new("sleep").arg("600").spawn().unwrap())
        }

        fn kill(&mut self) {
            let dir = run_dir(self.0.id());
            assert!(dir.exists());
            self.0.kill().unwrap();
            self.0.wait().unwrap();
            let began = Instant::now();
            while dir.exists() {
                assert!(began.elapsed() < Duration::from_secs(20), "{dir:?} is left");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    #[test]
    fn nothing_is_left_of_a_run_whose_runner_is_killed() {
        let mut runner = Runner::new();
        let mut prepared = 0;
        let first = TestRun::join_as(runner.0.id(), |_| prepared += 1).unwrap();
        let second = TestRun::join_as(runner.0.id(), |_| prepared += 1).unwrap();
        assert_eq!(prepared, 1);
        assert_eq!(first.socket_dir, second.socket_dir);
        assert!(first.answers());

        runner.kill();
        assert!(!first.answers());
    }

    #[test]
    fn a_run_that_was_begun_half_way_is_begun_again() {
        let mut runner = Runner::new();
        let half = TestRun::join_as(runner.0.id(), |_| {}).unwrap();
        fs::remove_file(run_dir(runner.0.id()).join("ready")).unwrap();
        let whole = TestRun::join_as(runner.0.id(), |_| {}).unwrap();
        assert_ne!(half.socket_dir, whole.socket_dir);
        assert!(whole.answers());

        runner.kill();
        assert!(!half.answers() && !whole.answers());
    }

    #[test]
    fn what_is_no_folder_has_no_room() {
        assert!(!has_room(Path::new("/dev/shm/no such folder")));
    }

    #[test]
    fn words_reach_the_shell_as_they_are() {
        let mut command = Command::new("printf");
        command.arg("%s").arg("it's \"$HOME\" \\");
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out put");
        let status = Command::new("sh")
            .arg("-c")
            .arg(script(&command, &out))
            .status();
        assert!(status.unwrap().success());
        assert_eq!(fs::read_to_string(out).unwrap(), "it's \"$HOME\" \\");
    }
}
