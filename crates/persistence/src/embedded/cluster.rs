//! A server's data folder: made once, whole or not at all, and found again.

use std::fmt::Write;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::account::Account;
use super::binaries::Binaries;
use super::{EmbeddedError, EmbeddedOptions, at, left_over};

pub(crate) const USER: &str = "byline";
const PORT: u16 = 5432;
const START_TIMEOUT: Duration = Duration::from_mins(1);
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
}

impl Cluster {
    /// The cluster in `data_dir`, made if there is none.
    pub(crate) fn prepare(
        data_dir: &Path,
        options: &EmbeddedOptions,
    ) -> Result<Self, EmbeddedError> {
        let existing = existing_major(data_dir)?;
        let owned = existing.map(|major| cluster_dir(data_dir, major));
        let account = Account::choose(owned.as_deref().unwrap_or(data_dir))?;
        account.check_reach(data_dir)?;
        let binaries = Binaries::find(options, account, existing)?;
        let dir = cluster_dir(data_dir, binaries.major);
        if existing.is_none() {
            (options.notice)(&format!(
                "making a PostgreSQL {} database in {}",
                binaries.major,
                data_dir.display()
            ));
            // What need not survive a crash need not wait for the disk here either.
            let lasting = !options
                .settings
                .iter()
                .any(|(name, value)| *name == "fsync" && value == "off");
            init(&binaries, account, data_dir, &dir, lasting)?;
        }
        let socket_dir = socket_dir(&dir, account)?;
        Ok(Self {
            // Not in the cluster's folder: what root writes must not be where the
            // server's user can put a link in its place.
            log: data_dir.join("postgres.log"),
            binaries,
            account,
            dir,
            socket_dir,
        })
    }

    /// Such as `15.4`.
    pub(crate) fn version(&self) -> &str {
        &self.binaries.version
    }

    pub(crate) fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    #[cfg(feature = "testing")]
    pub(crate) fn log(&self) -> &Path {
        &self.log
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
        let log = self.new_log()?;
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
            .arg("-c")
            .arg("unix_socket_permissions=0700")
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

    /// The log of the server to be started. That of the one before is kept too.
    pub(crate) fn new_log(&self) -> Result<fs::File, EmbeddedError> {
        let _ = fs::rename(&self.log, self.log.with_extension("log.old"));
        let log = fs::File::create(&self.log).map_err(at(&self.log))?;
        self.account.own(&self.log)?;
        Ok(log)
    }

    /// Waits until the server takes connections; fails when it has exited. With
    /// `server`, only the word of the process with that number counts: a killed
    /// server leaves its own behind.
    pub(crate) fn wait_until_ready(
        &self,
        server: Option<u32>,
        mut has_exited: impl FnMut() -> bool,
    ) -> Result<(), EmbeddedError> {
        let began = Instant::now();
        loop {
            // Looked at first: a server may say that it is ready, and exit.
            let exited = has_exited();
            let gave_up = began.elapsed() > START_TIMEOUT;
            if exited || gave_up {
                return Err(EmbeddedError::Program(format!(
                    "PostgreSQL {}; the end of {}:\n{}",
                    if exited {
                        "did not start"
                    } else {
                        "was not ready in a minute"
                    },
                    self.log.display(),
                    self.log_tail()
                )));
            }
            if self.says_ready(server) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The first line of the file is the server's number, the last its word on how
    /// it is.
    fn says_ready(&self, server: Option<u32>) -> bool {
        let text = fs::read_to_string(self.dir.join("postmaster.pid")).unwrap_or_default();
        let number = text.lines().next().and_then(|line| line.parse().ok());
        let word = text.lines().last().map(str::trim);
        number.is_some() && (server.is_none() || server == number) && word == Some("ready")
    }

    fn log_tail(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(8)..].join("\n")
    }

    /// Gives the file to the server's user, who may run byline too one day.
    pub(super) fn own(&self, path: &Path) -> Result<(), EmbeddedError> {
        self.account.own(path)
    }

    /// Ends a server that outlived the program that had started it.
    pub(super) fn end_left_over(&self) -> Result<(), EmbeddedError> {
        left_over::end(&self.dir)
    }

    /// Removes what is of no use without a server.
    pub(super) fn tidy(&self) {
        if self.socket_dir != self.dir {
            let _ = fs::remove_dir(&self.socket_dir);
        }
    }
}

/// How to connect to a database over the socket in `socket_dir`.
pub(crate) fn connect_options(socket_dir: &Path, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket_dir)
        // Whatever PGSSLMODE says of other servers.
        .ssl_mode(PgSslMode::Disable)
        .port(PORT)
        .username(USER)
        .database(database)
}

/// A role's URL of a database over the socket in `socket_dir`.
pub(crate) fn url(socket_dir: &Path, database: &str, role: &str) -> String {
    let mut url = String::from("postgres:///");
    encode(database.as_bytes(), &mut url);
    url.push_str("?host=");
    encode(socket_dir.as_os_str().as_bytes(), &mut url);
    let _ = write!(url, "&port={PORT}&user={role}");
    url
}

fn encode(bytes: &[u8], url: &mut String) {
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => {
                url.push(char::from(*byte));
            }
            _ => {
                let _ = write!(url, "%{byte:02X}");
            }
        }
    }
}

fn cluster_dir(data_dir: &Path, major: u32) -> PathBuf {
    data_dir.join(format!("{PREFIX}{major}"))
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
    lasting: bool,
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
            .args((!lasting).then_some("--no-sync"))
            .current_dir(&fresh)
            // Its words are looked into, and shown.
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        match run(&mut initdb, "initdb") {
            Ok(()) => return fs::rename(&fresh, dir).map_err(at(dir)),
            // Any other reason stays with another locale.
            Err(error) if !is_about_locale(&error) => return Err(error),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

fn is_about_locale(error: &EmbeddedError) -> bool {
    let words = error.to_string();
    words.contains("locale name") || words.contains("encoding mismatch")
}

/// The locales to try: letters have case in all of Unicode, and text is ordered by
/// code point. Trigrams and words are made of what the system takes for letters, whatever
/// PostgreSQL itself knows of them, so that its own locale alone comes last.
fn locales(major: u32) -> Vec<Vec<&'static str>> {
    let mut locales = vec![
        vec!["--locale=C.UTF-8"],
        vec!["--locale=C", "--lc-ctype=en_US.UTF-8"],
    ];
    if major >= 17 {
        let builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
        let mut with_builtin: Vec<Vec<_>> = locales
            .iter()
            .map(|locale| builtin.iter().chain(locale).copied().collect())
            .collect();
        with_builtin.append(&mut locales);
        with_builtin.push([&builtin[..], &["--locale=C"]].concat());
        locales = with_builtin;
    }
    locales
}

/// The folder of the socket: the cluster's, where its name is short enough. Either
/// is closed to everybody but the server's user, which is what guards the server.
fn socket_dir(dir: &Path, account: Account) -> Result<PathBuf, EmbeddedError> {
    if dir.as_os_str().len() <= SOCKET_DIR_MAX {
        return Ok(dir.to_owned());
    }
    let mut hasher = DefaultHasher::new();
    dir.hash(&mut hasher);
    let short = std::env::temp_dir().join(format!("byline-{:016x}", hasher.finish()));
    match fs::DirBuilder::new().mode(0o700).create(&short) {
        Ok(()) => account.own(&short)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // Anybody may make folders there.
            let found = fs::symlink_metadata(&short).map_err(at(&short))?;
            let owner = fs::metadata(dir).map_err(at(dir))?.uid();
            if !found.is_dir() || found.uid() != owner || found.mode() & 0o077 != 0 {
                return Err(EmbeddedError::Folder(format!(
                    "{}, which is for the server's socket, is not the server's own: delete it, or \
                     choose another folder with --data-dir",
                    short.display()
                )));
            }
        }
        Err(error) => return Err(at(&short)(error)),
    }
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
