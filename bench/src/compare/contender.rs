//! What is compared: programs over the same database that answer the same calls, and limits.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};
use tonic::transport::{Channel, Endpoint};

use crate::Failure;
use crate::load::workload::Workload;
use crate::program::{self, POOL_SIZE};
use crate::usage::{self, Processes};

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub(crate) enum Contender {
    Wire,
    Pgbench,
    Byline,
    Rust,
    Node,
    /// A process for each processor.
    Sqlalchemy,
    /// One process.
    SqlalchemyAlone,
}

impl Contender {
    pub(crate) const fn says(self) -> &'static str {
        match self {
            Self::Wire => "limit of the wire",
            Self::Pgbench => "limit of the database",
            Self::Byline => "Byline",
            Self::Rust => "tonic + sqlx",
            Self::Node => "grpc-js + pg",
            Self::Sqlalchemy => "grpc.aio + SQLAlchemy",
            Self::SqlalchemyAlone => "grpc.aio + SQLAlchemy, one process",
        }
    }

    pub(crate) const fn explains(self) -> &'static str {
        match self {
            Self::Wire => {
                "a tonic server that answers the same message from memory and reads nothing"
            }
            Self::Pgbench => {
                "pgbench, which sends the prepared statement that a call comes down to, over a \
                 connection for each call in flight, and makes nothing of the answer"
            }
            Self::Byline => "a release build of `byline serve` as it comes, without `--auth`",
            Self::Rust => {
                "the usual Rust: tonic and sqlx, one statement a request, pages by offset \
                 (`bench/src/peer`)"
            }
            Self::Node => "the usual Node: @grpc/grpc-js and pg (`bench/peers/node`)",
            Self::Sqlalchemy => {
                "the usual Python: SQLAlchemy 2 async over asyncpg, behind grpc.aio with uvloop \
                 (`bench/peers/sqlalchemy`), in a process for each processor"
            }
            Self::SqlalchemyAlone => {
                "the usual Python in one process, as a server of grpc.aio is unless somebody starts more of them"
            }
        }
    }

    /// Whether it has an answer to that.
    pub(crate) const fn can(self, workload: Workload) -> bool {
        match self {
            Self::Byline | Self::Rust | Self::Node | Self::Sqlalchemy | Self::SqlalchemyAlone => {
                true
            }
            Self::Wire => !workload.streams(),
            Self::Pgbench => matches!(
                workload,
                Workload::GetUser | Workload::ListUsers | Workload::CreatePost
            ),
        }
    }

    /// Whether it is written in another language, and is installed before it runs.
    pub(crate) const fn is_foreign(self) -> bool {
        matches!(self, Self::Node | Self::Sqlalchemy | Self::SqlalchemyAlone)
    }

    /// Whether it is a server that reads the database.
    pub(crate) const fn is_server(self) -> bool {
        !matches!(self, Self::Wire | Self::Pgbench)
    }
}

/// Where the programs are, and what they are told.
pub(crate) struct Programs {
    pub(crate) byline: PathBuf,
    /// Where the peers in other languages are installed.
    pub(crate) peers: PathBuf,
    /// What the limit of the wire answers.
    pub(crate) answers: PathBuf,
    pub(crate) database_url: String,
}

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// How long processes may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// More calls at once than are ever made; Byline refuses a caller above half of it.
const MAX_CALLS: &str = "4096";

impl Programs {
    /// Installs the peers in other languages, unless they are there.
    pub(crate) async fn install(&self) -> Result<(), Failure> {
        eprintln!("installing peers in {}", self.peers.display());
        std::fs::create_dir_all(&self.peers)?;
        let script = Path::new(ROOT).join("bench/peers/install");
        let status = Command::new(&script).arg(&self.peers).status().await;
        let status = status.map_err(|error| format!("{}: {error}", script.display()))?;
        if !status.success() {
            return Err("the peers could not be installed: see above; \
                        --contenders leaves them out"
                .into());
        }
        Ok(())
    }

    /// Starts a server.
    pub(crate) async fn start(&self, contender: Contender) -> Result<Server, Failure> {
        let size = POOL_SIZE.to_string();
        let (child, address) = match contender {
            Contender::Byline => {
                let more = ["--pool-size", &size, "--max-calls", MAX_CALLS];
                program::serve(&self.byline, &self.database_url, &more).await?
            }
            Contender::Wire => {
                let mut command = Command::new(std::env::current_exe()?);
                command.arg("wire").arg("--answers").arg(&self.answers);
                program::start(command).await?
            }
            Contender::Rust => {
                let mut command = Command::new(std::env::current_exe()?);
                command.arg("peer").args(["--pool-size", &size]);
                program::start(self.over_the_database(command)).await?
            }
            Contender::Node => {
                let mut command = Command::new("node");
                command.arg(self.peers.join("node/server.js"));
                for folder in ["proto", "third_party"] {
                    command.arg("--include").arg(Path::new(ROOT).join(folder));
                }
                program::start(self.as_a_peer(command, processors())).await?
            }
            Contender::Sqlalchemy | Contender::SqlalchemyAlone => {
                let mut command = Command::new(self.peers.join("venv/bin/python"));
                command.arg(Path::new(ROOT).join("bench/peers/sqlalchemy/server.py"));
                command.arg("--stubs").arg(self.peers.join("stubs"));
                let is_alone = contender == Contender::SqlalchemyAlone;
                let workers = if is_alone { 1 } else { processors() };
                program::start(self.as_a_peer(command, workers)).await?
            }
            Contender::Pgbench => return Err("pgbench is no server".into()),
        };
        let id = child.id().ok_or("a server has ended")?;
        Ok(Server {
            contender,
            address,
            processes: Processes::of(id),
            child,
        })
    }

    fn over_the_database(&self, mut command: Command) -> Command {
        command.args(["--database-url", &self.database_url]);
        command
    }

    fn as_a_peer(&self, command: Command, workers: usize) -> Command {
        let mut command = self.over_the_database(command);
        command
            .args([
                "--listen",
                "127.0.0.1:0",
                "--pool-size",
                &POOL_SIZE.to_string(),
            ])
            .args(["--workers", &workers.to_string()]);
        command
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// A running server. It ends when it is dropped.
pub(crate) struct Server {
    pub(crate) contender: Contender,
    pub(crate) processes: Processes,
    address: String,
    child: Child,
}

impl Server {
    /// A connection of its own.
    pub(crate) async fn connect(&self) -> Result<Channel, Failure> {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address))?;
        let connected = endpoint.connect().await;
        Ok(connected.map_err(|error| format!("{}: {error}", self.contender.says()))?)
    }

    /// Ends it, and waits until what it started has ended too.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        let all = self.processes.numbers();
        self.child.kill().await?;
        let began = Instant::now();
        while all.iter().copied().any(usage::is_there) {
            if began.elapsed() > PATIENCE {
                return Err(format!("{} does not end", self.contender.says()).into());
            }
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }
}
