//! Runs migrations against a database: up, down, and what the ledger alone is told.

mod holders;
mod invalid;
mod lock;
mod script;
mod session;
mod tries;

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;

pub(super) use self::lock::KEY;
use self::lock::MigrationLock;
use self::script::Job;
use self::session::Session;
use super::error::MigrateError;
use super::ledger::{Entries, Found, Ledger};
use super::plan::{self, Down, Stamp};
use super::source::{Migration, Migrations};
use super::state::{Line, Standing, lines};

/// Within which bounds migrations run.
#[derive(Clone, Copy, Debug)]
pub struct RunOptions {
    /// How long a statement waits for a lock at a time, since everyone who comes
    /// after it waits behind it.
    pub lock_timeout: Duration,
    /// How long is tried to get the locks of one migration.
    pub lock_patience: Duration,
    /// How long to wait for another process that is migrating.
    pub runner_patience: Duration,
    /// Applies a missing migration although a newer one is applied.
    pub out_of_order: bool,
    /// Tells of a statement that fails with the value at which it does: over a database that
    /// holds nobody's.
    pub tells_values: bool,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_secs(1),
            lock_patience: Duration::from_mins(5),
            runner_patience: Duration::from_mins(10),
            out_of_order: false,
            tells_values: false,
        }
    }
}

/// A migration that was applied or taken back.
#[derive(Debug)]
pub struct Done<'a> {
    /// Which.
    pub migration: &'a Migration,
    /// How long that took, the waiting for locks included.
    pub took: Duration,
}

/// Brings one database to where it shall be, with one set of migrations.
pub struct Runner<'a> {
    server: PgConnectOptions,
    migrations: &'a Migrations,
    options: RunOptions,
}

impl<'a> Runner<'a> {
    /// Over that database, with those migrations.
    pub fn new(server: &PgConnectOptions, migrations: &'a Migrations, options: RunOptions) -> Self {
        Self {
            server: server.clone().application_name("byline-migrate"),
            migrations,
            options,
        }
    }

    /// Every migration that is known here or to the database, oldest first.
    pub async fn lines(&self) -> Result<Vec<Line<'a>>, MigrateError> {
        Ok(lines(self.migrations, &self.entries().await?))
    }

    /// What [`Self::up`] would apply now, oldest first.
    pub async fn plan_up(&self, to: Option<i64>) -> Result<Vec<&'a Migration>, MigrateError> {
        let mut session = self.session().await?;
        self.check_letters(&mut session).await?;
        let found = self.find(&mut session).await?;
        let entries = found.entries(&mut session.connection).await?;
        self.planned_up(&entries, to)
    }

    /// Applies what is missing, up to `to` or all of it, and tells of each as it is done. One
    /// that fails ends it; those before it are kept. A database that knows no letters gets none
    /// of this program's own.
    pub async fn up(
        &self,
        to: Option<i64>,
        mut done: impl FnMut(&Done<'a>) + Send,
    ) -> Result<(), MigrateError> {
        let mut session = self.session().await?;
        self.check_letters(&mut session).await?;
        self.alone(&mut session, async |session| {
            let found = self.find(session).await?;
            let entries = found.entries(&mut session.connection).await?;
            let planned = self.planned_up(&entries, to)?;
            if planned.is_empty() {
                return Ok(());
            }
            check_rights(session).await?;
            let ledger = ledger(session, found).await?;
            for migration in planned {
                let began = Instant::now();
                Job::up(session, &ledger, migration).run().await?;
                let took = began.elapsed();
                ledger
                    .time(&mut session.connection, migration.version, took)
                    .await?;
                done(&Done { migration, took });
            }
            Ok(())
        })
        .await
    }

    /// What [`Self::down`] would take back now, newest first.
    pub async fn plan_down(&self, target: Down) -> Result<Vec<&'a Migration>, MigrateError> {
        plan::down(self.migrations, &self.entries().await?, target)
    }

    /// Takes migrations back, and tells of each as it is done. All of them can be taken back, or
    /// none is; but one that fails ends it, and those that were taken back stay so.
    pub async fn down(
        &self,
        target: Down,
        mut done: impl FnMut(&Done<'a>) + Send,
    ) -> Result<(), MigrateError> {
        let mut session = self.session().await?;
        self.alone(&mut session, async |session| {
            let found = self.find(session).await?;
            let entries = found.entries(&mut session.connection).await?;
            let planned = plan::down(self.migrations, &entries, target)?;
            let Found::Here(ledger) = found else {
                return Ok(());
            };
            check_rights(session).await?;
            for migration in planned {
                let began = Instant::now();
                Job::down(session, &ledger, migration)?.run().await?;
                let took = began.elapsed();
                done(&Done { migration, took });
            }
            Ok(())
        })
        .await
    }

    /// What [`Self::stamp`] would change now.
    pub async fn plan_stamp(&self, to: i64) -> Result<Stamp, MigrateError> {
        plan::stamp(self.migrations, &self.entries().await?, to)
    }

    /// Says of a database that it has `to` and all migrations before it, and none after, and runs
    /// nothing. 0 says that it has none.
    pub async fn stamp(&self, to: i64) -> Result<Stamp, MigrateError> {
        let mut session = self.session().await?;
        self.alone(&mut session, async |session| {
            let found = Found::of(&mut session.connection).await?;
            let begins_another = matches!(found, Found::Elsewhere(_)) && to == 0;
            let found = if begins_another {
                Found::Nowhere
            } else {
                here(found)?
            };
            let entries = found.entries(&mut session.connection).await?;
            let stamp = plan::stamp(self.migrations, &entries, to)?;
            check_rights(session).await?;
            session.begin().await?;
            let ledger = ledger(session, found).await?;
            for version in &stamp.removed {
                ledger.forget(&mut session.connection, *version).await?;
            }
            for migration in stamp.added.iter().filter_map(|v| self.migrations.find(*v)) {
                ledger
                    .write(&mut session.connection, migration, true)
                    .await?;
            }
            session.commit().await?;
            Ok(stamp)
        })
        .await
    }

    /// What [`Self::repair`] would accept now.
    pub async fn plan_repair(&self) -> Result<Vec<&'a Migration>, MigrateError> {
        Ok(changed(&self.lines().await?))
    }

    /// Has the ledger say of files that were changed after they were applied that they were
    /// applied as they are now. Returns which.
    pub async fn repair(&self) -> Result<Vec<&'a Migration>, MigrateError> {
        let mut session = self.session().await?;
        self.alone(&mut session, async |session| {
            let found = self.find(session).await?;
            let entries = found.entries(&mut session.connection).await?;
            let changed = changed(&lines(self.migrations, &entries));
            let Found::Here(ledger) = found else {
                return Ok(changed);
            };
            check_rights(session).await?;
            session.begin().await?;
            for migration in &changed {
                ledger.accept(&mut session.connection, migration).await?;
            }
            session.commit().await?;
            Ok(changed)
        })
        .await
    }

    fn planned_up(
        &self,
        ledger: &Entries,
        to: Option<i64>,
    ) -> Result<Vec<&'a Migration>, MigrateError> {
        plan::up(self.migrations, ledger, to, self.options.out_of_order)
    }

    async fn entries(&self) -> Result<Entries, MigrateError> {
        let mut session = self.session().await?;
        let found = self.find(&mut session).await?;
        Ok(found.entries(&mut session.connection).await?)
    }

    async fn find(&self, session: &mut Session) -> Result<Found, MigrateError> {
        here(Found::of(&mut session.connection).await?)
    }

    /// What this program's own migrations need of a database.
    async fn check_letters(&self, session: &mut Session) -> Result<(), MigrateError> {
        if self.migrations.dir().is_none() && !session.knows_letters().await? {
            return Err(MigrateError::Letterless);
        }
        Ok(())
    }

    async fn session(&self) -> Result<Session, MigrateError> {
        Ok(Session::open(&self.server, self.options).await?)
    }

    /// Does that while no other process migrates the database.
    async fn alone<T>(
        &self,
        session: &mut Session,
        work: impl AsyncFnOnce(&mut Session) -> Result<T, MigrateError>,
    ) -> Result<T, MigrateError> {
        let patience = self.options.runner_patience;
        let lock = MigrationLock::take(&mut session.connection, patience).await?;
        let result = work(session).await;
        let released = lock.release(&mut session.connection).await;
        // What went wrong first says more.
        result.and_then(|value| released.map(|()| value))
    }
}

/// Refuses a role that could do nothing of it, before PostgreSQL does in the middle.
async fn check_rights(session: &mut Session) -> Result<(), MigrateError> {
    let role = session.without_rights().await?;
    role.map_or(Ok(()), |role| Err(MigrateError::Forbidden(role)))
}

/// Refuses a ledger that its name does not lead to: another one would know of nothing.
fn here(found: Found) -> Result<Found, MigrateError> {
    match found {
        Found::Elsewhere(schemas) => Err(MigrateError::Elsewhere(schemas)),
        found @ (Found::Here(_) | Found::Nowhere) => Ok(found),
    }
}

/// The ledger, which is made if there is none.
async fn ledger(session: &mut Session, found: Found) -> Result<Ledger, sqlx::Error> {
    match found {
        Found::Here(ledger) => Ok(ledger),
        Found::Nowhere | Found::Elsewhere(_) => Ledger::create(&mut session.connection).await,
    }
}

fn changed<'a>(lines: &[Line<'a>]) -> Vec<&'a Migration> {
    lines
        .iter()
        .filter(|line| line.standing == Standing::Changed)
        .filter_map(|line| line.migration)
        .collect()
}
