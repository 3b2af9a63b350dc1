//! Empty databases to try things in: on a private server, or on one that is given.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Postgres, QueryBuilder};

use super::SchemaError;
use crate::embedded::{EmbeddedError, EmbeddedOptions, EmbeddedPostgres, is_abandoned};

/// Where scratch databases are made. They are gone afterwards, unless the process is killed:
/// then a private server ends with it and its folder goes at the next start, and on a server
/// that is given they stay, under names that begin with `byline_scratch_`.
// Not `Debug`: that of the driver shows the password.
#[derive(Clone)]
pub struct ScratchOptions {
    /// A server on which databases may be made; a private one is started if `None`.
    pub server: Option<PgConnectOptions>,
    /// The folder of PostgreSQL's programs; looked for if `None`.
    pub bindir: Option<PathBuf>,
    /// Whether to bring PostgreSQL where none is installed.
    pub fetch: bool,
    /// Is told in a sentence what takes long.
    pub notice: fn(&str),
}

/// Begins the names of the folders of private servers.
const FOLDER: &str = "byline-scratch-";

/// What in them is the server's.
const DATA: &str = "data";

/// What a crash may lose here is nothing.
const SETTINGS: [(&str, &str); 4] = [
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("autovacuum", "off"),
];

/// Scratch databases, with the server that they are on if that is private. To be
/// [closed](Self::close); if it is dropped instead, it is closed all the same.
pub(super) struct Scratch {
    admin: PgConnectOptions,
    made: Vec<String>,
    private: Option<Private>,
}

/// In this order: the server ends before its folder goes.
struct Private {
    server: EmbeddedPostgres,
    _folder: tempfile::TempDir,
}

impl Scratch {
    pub(super) async fn open(options: &ScratchOptions) -> Result<Self, SchemaError> {
        if let Some(server) = &options.server {
            return Ok(Self {
                admin: server.clone().application_name("byline-scratch"),
                made: Vec::new(),
                private: None,
            });
        }
        let options = options.clone();
        let private = tokio::task::spawn_blocking(move || start(&options)).await;
        let private = private.map_err(|error| EmbeddedError::Program(error.to_string()))??;
        Ok(Self {
            admin: private.server.connect_options("postgres"),
            made: Vec::new(),
            private: Some(private),
        })
    }

    /// Makes an empty database.
    pub(super) async fn database(&mut self) -> Result<PgConnectOptions, SchemaError> {
        let name = format!(
            "byline_scratch_{}",
            uuid::Uuid::from_bytes(random()).simple()
        );
        let admin = self.admin.connect().await;
        let mut admin = admin.map_err(SchemaError::of_scratch)?;
        // From here on it is removed, even if nobody gets to know that it was made.
        self.made.push(name.clone());
        let mut sql = QueryBuilder::<Postgres>::new("create database ");
        // The template without what somebody may have put into the other one.
        sql.push(&name).push(" template template0");
        if let Err(error) = sql.build().execute(&mut admin).await {
            if error.as_database_error().is_some() {
                self.made.pop();
            }
            return Err(SchemaError::of_scratch(error));
        }
        admin.close().await.map_err(SchemaError::of_scratch)?;
        // A name without a schema means `public`, wherever the role's own setting leads.
        let database = self.admin.clone().database(&name);
        Ok(database.options([("search_path", "public")]))
    }

    /// Removes the databases, and ends the server.
    pub(super) async fn close(self) {
        // Ending a server blocks.
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.private.is_some() || self.made.is_empty() {
            return;
        }
        let (admin, made) = (self.admin.clone(), std::mem::take(&mut self.made));
        let names = made.join(", ");
        // In a thread of its own, since the runtime may be on its way out.
        let removing = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let mut admin = admin.connect().await?;
                for name in &made {
                    let mut sql = QueryBuilder::<Postgres>::new("drop database if exists ");
                    sql.push(name).push(" with (force)");
                    sql.build().execute(&mut admin).await?;
                }
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            })
        });
        if let Ok(Err(error)) = removing.join() {
            tracing::warn!(%error, names, "scratch databases may be left");
        }
    }
}

fn start(options: &ScratchOptions) -> Result<Private, EmbeddedError> {
    let at = |source| EmbeddedError::Io {
        path: std::env::temp_dir().display().to_string(),
        source,
    };
    // As root the server runs as somebody else, who has to get through.
    let folder = tempfile::Builder::new()
        .prefix(FOLDER)
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir()
        .map_err(at)?;
    sweep(folder.path());
    let server = EmbeddedPostgres::start(&EmbeddedOptions {
        data_dir: folder.path().join(DATA),
        bindir: options.bindir.clone(),
        fetch: options.fetch,
        settings: SETTINGS
            .map(|(name, value)| (name, value.to_owned()))
            .to_vec(),
        notice: options.notice,
    })?;
    Ok(Private {
        server,
        _folder: folder,
    })
}

/// Removes what processes that were killed have left beside the folder.
fn sweep(own: &Path) {
    let owner = |path: &Path| std::fs::symlink_metadata(path).map(|folder| folder.uid());
    let beside = own.parent().map(std::fs::read_dir);
    for entry in beside.into_iter().flatten().flatten().flatten() {
        let path = entry.path();
        let is_one = entry.file_name().to_string_lossy().starts_with(FOLDER)
            && entry.file_type().is_ok_and(|kind| kind.is_dir())
            // Where everybody may write, it may be anybody's.
            && matches!((owner(&path), owner(own)), (Ok(one), Ok(other)) if one == other);
        if is_one && is_abandoned(&path.join(DATA)) {
            let removed = std::fs::remove_dir_all(&path);
            tracing::debug!(?path, ?removed, "a scratch server was left");
        }
    }
}

/// What no other name begins with; it need not be hard to guess.
fn random() -> [u8; 16] {
    use std::hash::{BuildHasher as _, Hasher as _, RandomState};
    let half = || RandomState::new().build_hasher().finish().to_be_bytes();
    let mut all = [0; 16];
    all[..8].copy_from_slice(&half());
    all[8..].copy_from_slice(&half());
    all
}
