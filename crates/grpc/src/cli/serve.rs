//! `byline serve`: a server over a database that exists.

use byline_domain::error::RepositoryError;
use byline_persistence::migrate::{self, SchemaState};
use clap::Args;

use super::options::{DatabaseOptions, ServerOptions};
use super::{CommandError, stop_signal};
use crate::bootstrap::App;
use crate::page_token::Keys;
use crate::server;

/// How long closing the pool may take once nothing is served any more.
const CLOSE: std::time::Duration = std::time::Duration::from_secs(1);

#[derive(Args)]
pub(super) struct ServeCommand {
    #[command(flatten)]
    database: DatabaseOptions,

    #[command(flatten)]
    server: ServerOptions,

    /// Apply missing migrations first, instead of refusing to start
    #[arg(long, env = "BYLINE_MIGRATE")]
    migrate: bool,
}

impl ServeCommand {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let database = self.database.server()?;
        let keys = self.server.page_token_keys()?.unwrap_or_else(|| {
            tracing::warn!(
                "no --page-token-key: page tokens end with this process, and other replicas \
                 refuse them"
            );
            Keys::generate()
        });
        if self.migrate {
            let applied = migrate::up(&database).await?;
            tracing::info!(?applied, "migrated");
        }
        let app = App::new(database, &self.server.pool(), keys, self.server.retention());
        check_schema(&app).await?;
        serve(&self.server, &app, |_| {}).await
    }
}

/// Refuses a schema with which calls would fail.
pub(super) async fn check_schema(app: &App) -> Result<(), CommandError> {
    let state = app.database.schema_state().await.map_err(unreachable)?;
    match state {
        SchemaState::Current => Ok(()),
        SchemaState::Ahead(unknown) => {
            tracing::warn!(?unknown, "the schema is newer than this program");
            Ok(())
        }
        SchemaState::Behind(missing) => Err(format!(
            "the database lacks migrations {missing:?}: apply them with `byline migrate up`, or \
             start with --migrate"
        )
        .into()),
        SchemaState::Broken(version) => Err(format!(
            "migration {version} of the database is broken, or differs from this program's: see \
             `byline migrate current`"
        )
        .into()),
    }
}

pub(super) fn unreachable(error: RepositoryError) -> CommandError {
    match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}").into(),
        None => error.into(),
    }
}

/// Listens, tells where, and serves until the process is asked to stop.
pub(super) async fn serve(
    options: &ServerOptions,
    app: &App,
    started: impl FnOnce(std::net::SocketAddr),
) -> Result<(), CommandError> {
    let listener = options.bind().await?;
    let address = listener.local_addr()?;
    println!("listening on {address}");
    started(address);
    server::serve(listener, app, options.limits(), stop_signal()).await?;
    let _ = tokio::time::timeout(CLOSE, app.database.close()).await;
    Ok(())
}
