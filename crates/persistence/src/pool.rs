//! The one pool of connections: bounded, and with a time-out on everything.

mod lease;
mod warm;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use byline_domain::error::RepositoryError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection};

use crate::error::unreachable;
use crate::user::Breadth;
use crate::watch::{Backend, Watch};

use self::warm::Warm;
pub(crate) use lease::{Lease, Statement};

/// How the pool is bounded.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// At most so many connections.
    pub max_connections: u32,
    /// How long a call waits for a connection before it is told `Unavailable`.
    pub acquire_timeout: Duration,
    /// How long one statement may run.
    pub statement_timeout: Duration,
    /// How long one statement may wait for a lock.
    pub lock_timeout: Duration,
    /// How long a transaction may sit idle before the server ends it.
    pub idle_in_transaction_timeout: Duration,
    /// How long a transfer may take. Its statements run as long as it does, since they go
    /// on as its other side does.
    pub transfer_timeout: Duration,
    /// How long the other side of a transfer may take or send nothing; and how long the
    /// database may send nothing of an export before it is asked whether it is still there.
    pub transfer_idle_timeout: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            max_connections: 16,
            acquire_timeout: Duration::from_millis(1_500),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_millis(1_500),
            idle_in_transaction_timeout: Duration::from_secs(10),
            transfer_timeout: Duration::from_hours(1),
            transfer_idle_timeout: Duration::from_secs(30),
        }
    }
}

/// How often the server looks, while a statement runs, whether anyone still waits
/// for it. This is what ends the work for a call that is over.
const CLIENT_CHECK_INTERVAL: Duration = Duration::from_millis(200);

/// How long a client's host may leave unanswered what the server sends.
const CLIENT_GONE: Duration = Duration::from_mins(1);

/// A connection idle for longer is pinged before it is used. Under load none is,
/// which spares a round trip a statement; after a quiet time, a server that was
/// restarted meanwhile costs no call its answer.
const PING_AFTER_IDLE: Duration = Duration::from_secs(1);

/// Settings that PostgreSQL has other values for by itself. Whoever has set one of them, for the
/// server, the database or the role, is left their own.
///
/// - The planner takes a page out of order for little dearer than the next one, as it is
///   on flash and in memory. PostgreSQL's own guess is that of a turning disk, by which it
///   reads a whole table where some hundred pages would do.
/// - What is written waits in a list of 128 KiB to go into an index of searches. Each search looks
///   through it: of PostgreSQL's own 4 MiB that takes longer than all else. An import
///   [has more](crate::import) wait.
const DEFAULTS: &str = "select set_config(name, value, false) \
    from (values ('random_page_cost', '1.1'), ('gin_pending_list_limit', '128kB')) ours (name, value) \
    join pg_settings using (name) where source = 'default'";

/// Has the connection have [`DEFAULTS`].
pub(crate) async fn prepare(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(DEFAULTS).execute(connection).await.map(drop)
}

/// A PostgreSQL database, reached through a bounded pool. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    connections: Warm,
    last_loss: Arc<LastLoss>,
    transfer_bounds: Arc<TransferBounds>,
    breadth: Arc<Breadth>,
}

/// When a connection was lost last. Those that were idle then may be lost as well, as by a
/// restart of the server, and nobody has noticed yet: they are pinged before they are used,
/// so that a restart costs the calls under way, and not as many more as there are connections.
/// What became of a COMMIT that was lost with one is looked for on another.
#[derive(Debug, Default)]
struct LastLoss(Mutex<Option<Instant>>);

impl LastLoss {
    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether it was no longer ago than that.
    fn is_within(&self, time: Duration) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() <= time)
    }
}

impl Database {
    /// Prepares the pool. Connects at the first use, so that this never fails.
    /// Must be called inside a tokio runtime.
    pub fn new(server: PgConnectOptions, settings: &PoolSettings) -> Self {
        let server = server.application_name("byline").options(bounds(settings));
        let server = server.options([
            // One call, one processor: a plan for several looks through a whole table
            // where one index would do, and takes them from other calls.
            ("max_parallel_workers_per_gather", "0"),
            // The server learns within a minute that this host is gone, and ends what is left
            // of it. Over a Unix socket they mean nothing.
            ("tcp_keepalives_idle", "30"),
            ("tcp_keepalives_interval", "10"),
            ("tcp_keepalives_count", "3"),
            ("tcp_user_timeout", &millis(CLIENT_GONE)),
            // Compiling a statement takes longer than most of them.
            ("jit", "off"),
        ]);
        let last_loss = Arc::new(LastLoss::default());
        let suspicion = last_loss.clone();
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(settings.acquire_timeout)
            .test_before_acquire(false)
            .after_connect(|connection, _| Box::pin(prepare(connection)))
            .before_acquire(move |connection, idle| {
                let is_suspect =
                    idle.idle_for > PING_AFTER_IDLE || suspicion.is_within(idle.idle_for);
                Box::pin(async move {
                    if is_suspect {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(server);
        Self {
            connections: Warm::new(pool, Arc::clone(&last_loss)),
            last_loss,
            transfer_bounds: Arc::new(TransferBounds::of(settings)),
            breadth: Arc::default(),
        }
    }

    /// Connects once beside the pool, which goes on trying and then says no more than that it
    /// waited: so that whoever starts a command is told why there is no connection.
    pub async fn reach(&self) -> Result<(), RepositoryError> {
        let wait = self.connections.pool().options().get_acquire_timeout();
        let server = self.server();
        let connected = tokio::time::timeout(wait, PgConnection::connect_with(&server)).await;
        let connection = connected.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        let closed = connection.map_err(unreachable)?.close().await;
        closed.map_err(unreachable)
    }

    /// Asks the server for an answer; fails as a read would.
    pub async fn ping(&self) -> Result<(), RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let answer = statement.ping().await;
        statement.finish(answer)
    }

    /// Closes all connections, waiting for those in use.
    pub async fn close(&self) {
        self.connections.close().await;
    }

    /// How its connections are made.
    pub(crate) fn server(&self) -> Arc<PgConnectOptions> {
        self.connections.pool().connect_options()
    }

    /// What watches over a transfer by that transaction.
    pub(crate) fn watch(&self, backend: Backend) -> Watch {
        Watch {
            server: self.server(),
            backend,
            idle: self.transfer_bounds.silence,
            patience: self.transfer_bounds.patience,
        }
    }

    /// The server's time-outs of transfers.
    pub(crate) fn transfer_bounds(&self) -> Arc<TransferBounds> {
        Arc::clone(&self.transfer_bounds)
    }

    /// What it knows of the users that it has.
    pub(crate) fn breadth(&self) -> &Arc<Breadth> {
        &self.breadth
    }

    /// A connection for some statements.
    pub(crate) async fn lease(&self) -> Result<Lease, RepositoryError> {
        let taken = self.connections.take().await?;
        Ok(Lease::new(taken, &self.connections, self.last_loss.clone()))
    }
}

/// The time-outs of transfers.
#[derive(Debug)]
pub(crate) struct TransferBounds {
    /// The server's of a statement, in milliseconds.
    pub(crate) statement: String,
    /// The server's of the time between statements, in milliseconds.
    pub(crate) idle: String,
    /// How long the server may say nothing before it is asked.
    pub(crate) silence: Duration,
    /// How long it may take to answer then.
    pub(crate) patience: Duration,
}

impl TransferBounds {
    /// Whoever runs a transfer keeps to its bounds, and can tell which was met. Those of
    /// the server come a little later: for transfers that nobody runs any more.
    const LATER: Duration = Duration::from_secs(10);

    fn of(settings: &PoolSettings) -> Self {
        Self {
            statement: millis(settings.transfer_timeout + Self::LATER),
            // Rows that are wrong in themselves keep a stream busy and send no statement.
            idle: millis(settings.transfer_timeout + Self::LATER),
            silence: settings.transfer_idle_timeout,
            patience: settings
                .acquire_timeout
                .max(settings.transfer_idle_timeout / 4),
        }
    }
}

/// What every statement is bounded by, in milliseconds, by the names of the settings.
pub(crate) fn bounds(settings: &PoolSettings) -> [(&'static str, String); 4] {
    [
        ("statement_timeout", millis(settings.statement_timeout)),
        ("lock_timeout", millis(settings.lock_timeout)),
        (
            "idle_in_transaction_session_timeout",
            millis(settings.idle_in_transaction_timeout),
        ),
        (
            "client_connection_check_interval",
            millis(CLIENT_CHECK_INTERVAL),
        ),
    ]
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestDatabase, execute};

    /// What a statement of the pool is run under.
    async fn setting(test: &TestDatabase, name: &str) -> String {
        let mut lease = test.database().lease().await.unwrap();
        let mut statement = lease.statement();
        let value = sqlx::query_scalar("select current_setting($1)")
            .bind(name)
            .fetch_one(&mut *statement)
            .await;
        statement.finish(value).unwrap()
    }

    #[tokio::test]
    async fn a_statement_has_one_processor_and_is_not_compiled() {
        let test = TestDatabase::new().await;
        assert_eq!(setting(&test, "max_parallel_workers_per_gather").await, "0");
        assert_eq!(setting(&test, "jit").await, "off");
    }

    #[tokio::test]
    async fn the_server_is_asked_to_look_after_the_host_of_a_client() {
        let test = TestDatabase::new().await;
        let mut lease = test.database().lease().await.unwrap();
        let mut statement = lease.statement();
        // Their values are told of TCP alone.
        let names = sqlx::query_scalar::<_, String>(
            "select name from pg_settings where name like 'tcp%' and source = 'client' order by 1",
        )
        .fetch_all(&mut *statement)
        .await;
        assert_eq!(
            statement.finish(names).unwrap(),
            [
                "tcp_keepalives_count",
                "tcp_keepalives_idle",
                "tcp_keepalives_interval",
                "tcp_user_timeout"
            ]
        );
    }

    #[tokio::test]
    async fn settings_are_ours_unless_the_operator_says_otherwise() {
        for (name, ours, set, theirs) in [
            (
                "random_page_cost",
                "1.1",
                "do $$ begin execute format('alter database %I set random_page_cost = 4', \
                 current_database()); end $$",
                "4",
            ),
            (
                "gin_pending_list_limit",
                "128kB",
                "do $$ begin execute format('alter database %I set gin_pending_list_limit = ''1MB''', \
                 current_database()); end $$",
                "1MB",
            ),
        ] {
            let test = TestDatabase::new().await;
            assert_eq!(setting(&test, name).await, ours);

            execute(&mut test.connection().await, set).await;
            assert_eq!(setting(&test, name).await, theirs);
        }
    }
}
