//! A server's data folder: made once, whole or not at all, and found again.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;

use super::account::Account;
use super::binaries::Binaries;
use super::{EmbeddedError, EmbeddedOptions, at};

const USER: &str = "byline";
const PORT: u16 = 5432;
const START_TIMEOUT: Duration = Duration::from_mins(1);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
const POLL_EVERY: Duration = Duration::from_millis(20);
const PREFIX: &str = "postgres-";

/// The longest folder name that leaves room for the socket's in the 104 bytes
/// that the shortest of the systems has.
const SOCKET_DIR_MAX: usize = 85;

/// The data of one server, ready to be served.
pub(crate) struct Cluster {
    binaries: Binaries,
    account: Account,
    dir: PathBuf,
    socket_dir: PathBuf,
    log: PathBuf,
    /// What a server that was killed has left in its pid file: it may say `ready`.
    stale_pid_file: Option<String>,
}

impl Cluster {
    /// The cluster in `data_dir`, made if there is none.
    pub(crate) fn prepare(
        data_dir: &Path,
        options: &EmbeddedOptions,
    ) -> Result<Self, EmbeddedError> {
        let existing = existing_major(data_dir)?;
        let binaries = Binaries::find(options, existing)?;
        let dir = data_dir.join(format!("{PREFIX}{}", binaries.major));
        let account = Account::choose(if existing.is_some() { &dir } else { data_dir })?;
        account.check_reach(data_dir)?;
        if existing.is_none() {
            (options.notice)(&format!(
                "making a PostgreSQL {} database in {}",
                binaries.major,
                data_dir.display()
            ));
            init(&binaries, account, data_dir, &dir)?;
        }
        let socket_dir = socket_dir(&dir, account)?;
        Ok(Self {
            log: dir.join("server.log"),
            stale_pid_file: fs::read_to_string(dir.join("postmaster.pid")).ok(),
            binaries,
            account,
            dir,
            socket_dir,
        })
    }

    pub(crate) fn major(&self) -> u32 {
        self.binaries.major
    }

    pub(crate) fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    pub(crate) fn connect_options(&self, database: &str) -> PgConnectOptions {
        connect_options(&self.socket_dir, database)
    }

    /// The command that serves the cluster until it is stopped, or until whoever
    /// runs the command ends. Its own process group keeps a Ctrl-C at the terminal
    /// from it, so that calls under way can finish first.
    pub(crate) fn server_command(
        &self,
        settings: &[(&'static str, String)],
    ) -> Result<Command, EmbeddedError> {
        let log = fs::File::create(&self.log).map_err(at(&self.log))?;
        let log_again = log.try_clone().map_err(at(&self.log))?;
        let mut command = self
            .account
            .bound_command(&self.binaries.program("postgres"))?;
        command
            .arg("-D")
            .arg(&self.dir)
            .arg("-k")
            .arg(&self.socket_dir)
            .arg("-p")
            .arg(PORT.to_string())
            .arg("-c")
            .arg("listen_addresses=")
            .args(
                settings
                    .iter()
                    .flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]),
            )
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(log_again)
            .process_group(0);
        Ok(command)
    }

    /// Waits until the server takes connections; fails when it has exited.
    pub(crate) fn wait_until_ready(
        &self,
        has_exited: impl Fn() -> bool,
    ) -> Result<(), EmbeddedError> {
        let began = Instant::now();
        loop {
            // The last line of the file is the server's word on how it is.
            let pid_file = fs::read_to_string(self.dir.join("postmaster.pid")).ok();
            let ready = |text: &str| {
                text.lines()
                    .last()
                    .is_some_and(|line| line.trim() == "ready")
            };
            if pid_file != self.stale_pid_file && pid_file.as_deref().is_some_and(ready) {
                return Ok(());
            }
            let gave_up = began.elapsed() > START_TIMEOUT;
            if has_exited() || gave_up {
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                let tail: Vec<&str> = log.lines().rev().take(5).collect();
                let tail: Vec<&str> = tail.into_iter().rev().collect();
                return Err(EmbeddedError::Program(format!(
                    "PostgreSQL {}; the end of {}:\n{}",
                    if gave_up {
                        "was not ready in a minute"
                    } else {
                        "did not start"
                    },
                    self.log.display(),
                    tail.join("\n")
                )));
            }
            std::thread::sleep(POLL_EVERY);
        }
    }

    /// Stops a server that outlived the program that had started it.
    pub(super) fn stop_left_over(&self) -> Result<(), EmbeddedError> {
        let began = Instant::now();
        while self.dir.join("postmaster.pid").exists() && self.is_running()? {
            if began.elapsed() > STOP_TIMEOUT {
                return Err(EmbeddedError::Program(format!(
                    "a PostgreSQL that was left behind in {} does not stop",
                    self.dir.display()
                )));
            }
            tracing::debug!("stopping a PostgreSQL that was left behind");
            // It may just be ending by itself, in which case there is nobody to tell.
            if let Err(error) = self.signal_stop("fast") {
                tracing::debug!(%error, "the left behind PostgreSQL");
            }
            std::thread::sleep(POLL_EVERY);
        }
        Ok(())
    }

    /// Whether a server runs on the folder. pg_ctl knows one from a process that
    /// happens to have its number.
    fn is_running(&self) -> Result<bool, EmbeddedError> {
        let status = self.pg_ctl(["status"])?.status().map_err(at(&self.dir))?;
        Ok(status.success())
    }

    /// Tells the server to stop, without waiting for it.
    pub(super) fn signal_stop(&self, mode: &str) -> Result<(), EmbeddedError> {
        run(&mut self.pg_ctl(["stop", "-W", "-m", mode])?, "pg_ctl stop")
    }

    fn pg_ctl<'a>(
        &self,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Result<Command, EmbeddedError> {
        let mut command = self.account.command(&self.binaries.program("pg_ctl"))?;
        command
            .args(arguments)
            .arg("-D")
            .arg(&self.dir)
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Ok(command)
    }
}

/// How to connect to a database over the socket in `socket_dir`.
pub(crate) fn connect_options(socket_dir: &Path, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket_dir)
        .port(PORT)
        .username(USER)
        .database(database)
}

/// The major version of the cluster that is there.
fn existing_major(data_dir: &Path) -> Result<Option<u32>, EmbeddedError> {
    let entries = fs::read_dir(data_dir).map_err(at(data_dir))?;
    Ok(entries
        .flatten()
        .filter_map(|entry| {
            entry
                .file_name()
                .to_str()?
                .strip_prefix(PREFIX)?
                .parse()
                .ok()
        })
        .max())
}

/// Makes the cluster under another name and renames it, so that a program that is
/// killed half way leaves none rather than half of one.
fn init(
    binaries: &Binaries,
    account: Account,
    data_dir: &Path,
    dir: &Path,
) -> Result<(), EmbeddedError> {
    let fresh = data_dir.join("making-postgres");
    let mut refusal = EmbeddedError::Program("initdb knows no locale".to_owned());
    for locale in locales(binaries.major) {
        if fresh.exists() {
            fs::remove_dir_all(&fresh).map_err(at(&fresh))?;
        }
        fs::create_dir(&fresh).map_err(at(&fresh))?;
        fs::set_permissions(&fresh, fs::Permissions::from_mode(0o700)).map_err(at(&fresh))?;
        account.own(&fresh)?;
        let mut initdb = account.command(&binaries.program("initdb"))?;
        initdb
            .arg("-D")
            .arg(&fresh)
            .arg(format!("--username={USER}"))
            .args(["--auth=trust", "--encoding=UTF8"])
            .args(locale)
            .current_dir(&fresh)
            .stdin(Stdio::null());
        match run(&mut initdb, "initdb") {
            Ok(()) => return fs::rename(&fresh, dir).map_err(at(dir)),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

/// The locales to try: letters have case in all of Unicode, and text is ordered by
/// code point.
fn locales(major: u32) -> Vec<Vec<&'static str>> {
    let builtin = [
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
    ];
    let mut locales: Vec<Vec<_>> = ["--locale=C.UTF-8", "--locale=en_US.UTF-8", "--locale=C"]
        .map(|locale| vec![locale])
        .into();
    if major >= 17 {
        locales.insert(0, builtin.into());
    }
    locales
}

/// The folder of the socket: the data folder, where its name is short enough.
fn socket_dir(dir: &Path, account: Account) -> Result<PathBuf, EmbeddedError> {
    if dir.as_os_str().len() <= SOCKET_DIR_MAX {
        return Ok(dir.to_owned());
    }
    let mut name = format!("byline-{}", std::process::id());
    if let Some(parent) = dir
        .parent()
        .and_then(Path::file_name)
        .and_then(OsStr::to_str)
    {
        name.extend(parent.chars().filter(char::is_ascii_alphanumeric).take(16));
    }
    let short = std::env::temp_dir().join(name);
    fs::create_dir_all(&short).map_err(at(&short))?;
    fs::set_permissions(&short, fs::Permissions::from_mode(0o700)).map_err(at(&short))?;
    account.own(&short)?;
    Ok(short)
}

/// Runs a command to its end; its words are the error's when it fails.
pub(super) fn run(command: &mut Command, name: &str) -> Result<(), EmbeddedError> {
    let output = command.output().map_err(at(Path::new(name)))?;
    if output.status.success() {
        return Ok(());
    }
    let words = [output.stderr, output.stdout].concat();
    Err(EmbeddedError::Program(format!(
        "{name} failed: {}",
        String::from_utf8_lossy(&words).trim()
    )))
}
