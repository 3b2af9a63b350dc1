//! Folders of migrations, and what was done of them.

use std::fs;

use byline_persistence::PgConnectOptions;
use byline_persistence::migrate::{
    Done, Down, MigrateError, Migrations, RunOptions, Runner, embedded,
};
use tempfile::TempDir;

pub(crate) const NONE: [i64; 0] = [];

/// A runner of the program's own migrations.
pub(crate) fn runner(server: &PgConnectOptions) -> Runner<'static> {
    Runner::new(server, embedded(), RunOptions::default())
}

/// Takes so many of the program's own migrations back, and says which.
pub(crate) async fn down(server: &PgConnectOptions, steps: usize) -> Vec<i64> {
    let mut versions = Vec::new();
    let note = |done: &Done<'_>| versions.push(done.migration.version);
    runner(server).down(Down::Steps(steps), note).await.unwrap();
    versions
}

/// The versions that the database's ledger has, as any tool reads them.
pub(crate) async fn applied(server: &PgConnectOptions) -> Vec<i64> {
    let lines = runner(server).lines().await.unwrap();
    let applied = lines.iter().filter(|line| line.entry.is_some());
    applied.map(|line| line.version).collect()
}

/// Migrations that a test makes up.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With a pair of files.
    pub(crate) fn with(self, number_and_name: &str, up: &str, down: &str) -> Self {
        for (direction, sql) in [("up", up), ("down", down)] {
            let file = format!("{number_and_name}.{direction}.sql");
            fs::write(self.0.path().join(file), sql).unwrap();
        }
        self
    }

    pub(crate) fn read(&self) -> Migrations {
        Migrations::read(self.0.path()).unwrap()
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        self.0.path()
    }
}

/// Applies all, and says which.
pub(crate) async fn up_all(runner: &Runner<'_>) -> Result<Vec<i64>, MigrateError> {
    let mut versions = Vec::new();
    runner
        .up(None, |done| versions.push(done.migration.version))
        .await?;
    Ok(versions)
}
