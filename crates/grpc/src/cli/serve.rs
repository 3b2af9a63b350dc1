//! `byline serve`: a server over a database that exists.

use std::sync::Arc;
use std::time::Duration;

use byline_domain::error::RepositoryError;
use byline_persistence::doctor::Standing;
use byline_persistence::migrate::{self, RunOptions, Runner, SchemaState};
use byline_persistence::{PgConnectOptions, is_forbidden};
use clap::Args;
use tokio::net::TcpSocket;

use super::options::{
    AuthOptions, DatabaseOptions, ServerOptions, TlsOptions, lock_timeout, some_time,
};
use super::{CommandError, stop_signal};
use crate::bootstrap::App;
use crate::page_token::Keys;
use crate::server::{self, Doors};

/// How long closing the pool may take once nothing is served any more.
const CLOSE: Duration = Duration::from_secs(1);

#[derive(Args, Debug)]
pub(super) struct ServeCommand {
    #[command(flatten)]
    database: DatabaseOptions,

    #[command(flatten)]
    server: ServerOptions,

    #[command(flatten)]
    auth: AuthOptions,

    #[command(flatten)]
    tls: TlsOptions,

    /// Apply missing migrations first, instead of refusing to start
    #[arg(long, env = "BYLINE_MIGRATE")]
    migrate: bool,

    #[command(flatten)]
    patience: MigratePatience,
}

/// How patient migrations at the start are; as the options of `byline migrate up`.
#[derive(Args, Debug)]
struct MigratePatience {
    /// How long --migrate waits for another replica that is migrating
    #[arg(long = "migrate-wait", env = "BYLINE_MIGRATE_WAIT", default_value = "10m", value_name = "TIME",
        value_parser = some_time)]
    wait: Duration,

    /// How long a statement of --migrate waits for a lock before it lets others through
    #[arg(long = "migrate-lock-timeout", env = "BYLINE_MIGRATE_LOCK_TIMEOUT", default_value = "1s", value_name = "TIME",
        value_parser = lock_timeout)]
    lock_timeout: Duration,

    /// How long --migrate tries to get the locks of a migration
    #[arg(long = "migrate-lock-patience", env = "BYLINE_MIGRATE_LOCK_PATIENCE", default_value = "5m", value_name = "TIME",
        value_parser = some_time)]
    lock_patience: Duration,
}

impl MigratePatience {
    fn options(&self) -> RunOptions {
        RunOptions {
            runner_patience: self.wait,
            lock_timeout: self.lock_timeout,
            lock_patience: self.lock_patience,
            ..RunOptions::default()
        }
    }
}

impl ServeCommand {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let database = self.database.server()?;
        let is_loopback = self.server.listens_on_loopback();
        self.auth.check(is_loopback, self.tls.has_client_ca())?;
        self.tls.check_address(is_loopback)?;
        let certificates = self.tls.certificates()?;
        let transport = self.server.transport(certificates)?;
        let keys = self.server.page_token_keys()?.unwrap_or_else(|| {
            tracing::warn!(
                "no --page-token-key: page tokens end with this process, and other replicas \
                 refuse them"
            );
            Keys::generate()
        });
        let passwords = self.server.passwords()?;
        if passwords.peppers.is_empty() {
            tracing::warn!(
                "no --password-pepper: whoever gets hold of the database can guess passwords"
            );
        }
        // Before anything is changed.
        let address = self.server.bind()?;
        if self.migrate {
            migrate_first(&database, self.patience.options()).await?;
        }
        let app = App::new(
            database,
            &self.server.pool(),
            keys,
            self.server.retention(),
            passwords,
            self.server.group_size(),
        );
        check_schema(&app).await?;
        check_role(&app).await?;
        let doors = Doors {
            transport,
            gate: Arc::new(self.auth.gate(&app).await?),
            reflection: self.auth.reflection(),
        };
        serve(&self.server, address, &app, doors, |_| {}).await
    }
}

/// Refuses to serve what would fail for want of a right, as after a migration that was not followed
/// by its grants: replicas that run go on meanwhile.
async fn check_role(app: &App) -> Result<(), CommandError> {
    match app.database.standing().await.map_err(unreachable)? {
        Standing::Bound => {}
        Standing::Unbound(role) => tracing::warn!(
            "{role}: whoever gets hold of this server can change the schema; `byline doctor` says \
             how to give it a role of its own"
        ),
        Standing::Lacking { role, missing } => {
            let missing = missing.join(", ");
            return Err(format!(
                "{missing}: `byline database grant --service-role {role}`, by the owner of the \
                 tables, gives it what it needs"
            )
            .into());
        }
    }
    Ok(())
}

/// Applies what is missing. Of replicas that start at once one does it, and the others wait.
async fn migrate_first(
    database: &PgConnectOptions,
    options: RunOptions,
) -> Result<(), CommandError> {
    let runner = Runner::new(database, migrate::embedded(), options);
    runner
        .up(None, |done| {
            let ms = done.took.as_millis();
            tracing::info!(migration = %done.migration, ms, "migrated");
        })
        .await?;
    Ok(())
}

/// Refuses a schema with which calls would fail.
pub(super) async fn check_schema(app: &App) -> Result<(), CommandError> {
    app.database.reach().await.map_err(unreachable)?;
    let state = app.database.schema_state().await.map_err(unreachable)?;
    if let SchemaState::Ahead(unknown) = &state {
        tracing::warn!(?unknown, "the schema is newer than this program");
    }
    match state.refusal() {
        Some(refusal) => Err(refusal.into()),
        None => Ok(()),
    }
}

pub(super) fn unreachable(error: RepositoryError) -> CommandError {
    let hint = if is_forbidden(&error) {
        ": `byline doctor --service-role NAME` with the owner's URL says which rights the role of \
         --database-url lacks; keys and the schema are the owner's to change"
    } else {
        ""
    };
    match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}{hint}").into(),
        None => error.into(),
    }
}

/// Listens at that address, tells where, and serves until the process is asked to stop.
pub(super) async fn serve(
    options: &ServerOptions,
    address: TcpSocket,
    app: &App,
    doors: Doors,
    started: impl FnOnce(std::net::SocketAddr),
) -> Result<(), CommandError> {
    let listener = options.listen(address)?;
    let address = listener.local_addr()?;
    let stop = stop_signal();
    println!("listening on {address}");
    started(address);
    server::serve(listener, app, options.limits(), doors, stop).await?;
    let _ = tokio::time::timeout(CLOSE, app.database.close()).await;
    Ok(())
}
