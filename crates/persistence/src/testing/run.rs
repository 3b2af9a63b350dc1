//! The server that all tests of one run share.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, parent_id};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use sqlx::postgres::PgConnectOptions;

use crate::embedded::{Cluster, EmbeddedError, EmbeddedOptions, connect_options};

/// Ends the server and removes its folder when the run is over. The server is a
/// child of this script, so that it also ends with it; the script looks for the
/// runner's number because nothing tells it of the end of a process that is not
/// its child.
const WATCHDOG: &str = r#"
runner=$1 dir=$2; shift 2
"$@" & server=$!
trap 'kill -QUIT $server; wait $server; rm -rf "$dir"; exit' TERM INT HUP
while kill -0 "$runner" 2>/dev/null && kill -0 $server 2>/dev/null; do sleep 0.3; done
kill -QUIT $server 2>/dev/null
wait $server
rm -rf "$dir"
"#;

/// Settings under which a crash may lose everything, which is no loss here.
const SETTINGS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("max_connections", "300"),
    ("shared_buffers", "64MB"),
];

/// Where the server of this run is.
#[derive(Clone, Debug)]
pub(super) struct TestRun {
    socket_dir: PathBuf,
}

static JOINED: OnceLock<TestRun> = OnceLock::new();

impl TestRun {
    /// Joins the run, or begins it and calls `prepare` once. A run is everything
    /// that one process has started: cargo, or another runner of tests.
    pub(super) fn join(prepare: impl FnOnce(&Self)) -> Result<Self, EmbeddedError> {
        if let Some(run) = JOINED.get() {
            return Ok(run.clone());
        }
        let run = Self::join_as(parent_id(), prepare)?;
        Ok(JOINED.get_or_init(|| run).clone())
    }

    /// As [`Self::join`], of the run of that process.
    pub(super) fn join_as(runner: u32, prepare: impl FnOnce(&Self)) -> Result<Self, EmbeddedError> {
        let dir = std::env::temp_dir().join(format!("byline-test-{runner}"));
        let broken = |source| EmbeddedError::Io {
            path: dir.display().to_string(),
            source,
        };
        fs::create_dir_all(&dir).map_err(broken)?;
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).map_err(broken)?;
        // The others wait here until the first has prepared everything.
        let lock = File::create(dir.join("lock")).map_err(broken)?;
        lock.lock().map_err(broken)?;
        let ready = dir.join("ready");
        if let Ok(socket_dir) = fs::read_to_string(&ready) {
            return Ok(Self {
                socket_dir: PathBuf::from(socket_dir),
            });
        }
        let run = Self::begin(runner, &dir)?;
        prepare(&run);
        fs::write(&ready, run.socket_dir.to_string_lossy().as_bytes()).map_err(broken)?;
        Ok(run)
    }

    fn begin(runner: u32, dir: &Path) -> Result<Self, EmbeddedError> {
        let cluster = Cluster::prepare(
            dir,
            &EmbeddedOptions {
                data_dir: dir.to_owned(),
                bindir: std::env::var_os("BYLINE_PG_BINDIR").map(PathBuf::from),
                fetch: true,
                settings: Vec::new(),
                notice: |line| eprintln!("{line}"),
            },
        )?;
        let settings: Vec<_> = SETTINGS
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        let server = cluster.server_command(&settings)?;
        let mut watchdog = Command::new("sh");
        watchdog
            .arg("-c")
            .arg(WATCHDOG)
            .arg("byline-test-watchdog")
            .arg(runner.to_string())
            .arg(dir)
            .arg(server.get_program())
            .args(server.get_args())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A Ctrl-C at the terminal is for the runner, whose end is enough.
            .process_group(0)
            .spawn()
            .map_err(|source| EmbeddedError::Io {
                path: "sh".to_owned(),
                source,
            })?;
        cluster.wait_until_ready(|| false)?;
        Ok(Self {
            socket_dir: cluster.socket_dir().to_owned(),
        })
    }

    pub(super) fn connect_options(&self, database: &str) -> PgConnectOptions {
        connect_options(&self.socket_dir, database)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn nothing_is_left_of_a_run_whose_runner_is_killed() {
        let mut runner = Command::new("sleep").arg("600").spawn().unwrap();
        let id = runner.id();
        let mut prepared = false;
        let run = TestRun::join_as(id, |_| prepared = true).unwrap();
        assert!(prepared);
        assert!(run.socket_dir.join(".s.PGSQL.5432").exists());

        runner.kill().unwrap();
        runner.wait().unwrap();
        let dir = std::env::temp_dir().join(format!("byline-test-{id}"));
        let began = Instant::now();
        while dir.exists() {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "{} is left",
                dir.display()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
