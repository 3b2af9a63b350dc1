//! One transaction over all repositories.

use std::sync::Arc;

use async_trait::async_trait;
use byline_domain::audit::{AuditLog, Deed};
use byline_domain::credential::CredentialRepository;
use byline_domain::error::{RepositoryError, Resource};
use byline_domain::import::{Import, PostRow, UserRow};
use byline_domain::post::PostRepository;
use byline_domain::request::RequestRepository;
use byline_domain::unit_of_work::{UnitOfWork, UnitOfWorkFactory};
use byline_domain::user::UserRepository;

use crate::error::translate_of_commit;
use crate::pool::{Database, Lease, Statement, TransferBounds};
use crate::watch::Backend;

#[async_trait]
impl UnitOfWorkFactory for Database {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, RepositoryError> {
        Ok(Box::new(self.open().await?))
    }

    async fn begin_impatient(&self) -> Result<Box<dyn UnitOfWork>, RepositoryError> {
        let mut unit = self.open_by(BEGIN_IMPATIENT).await?;
        let session = unit.session();
        session.is_impatient = true;
        session.expects_contention = true;
        Ok(Box::new(unit))
    }
}

impl Database {
    /// Begins a transaction.
    pub(crate) async fn open(&self) -> Result<PgUnitOfWork<'static>, RepositoryError> {
        self.open_by("begin").await
    }

    /// Begins a transaction that sees one moment from its first statement on, and changes
    /// nothing.
    pub(crate) async fn open_snapshot(&self) -> Result<PgUnitOfWork<'static>, RepositoryError> {
        self.open_by("begin isolation level repeatable read, read only")
            .await
    }

    async fn open_by(&self, sql: &'static str) -> Result<PgUnitOfWork<'static>, RepositoryError> {
        let mut session = Session {
            lease: Some(self.lease().await?),
            abandoned_savepoints: 0,
            transfer_bounds: self.transfer_bounds(),
            noted: Vec::new(),
            is_impatient: false,
            expects_contention: false,
        };
        session.run(sql).await?;
        Ok(PgUnitOfWork {
            session: SessionRef::Owned(session),
            noted_before: 0,
            ended: false,
        })
    }
}

/// A transaction, or a savepoint inside one. It implements every repository
/// itself, since all of them write through the same connection.
pub(crate) struct PgUnitOfWork<'s> {
    session: SessionRef<'s>,
    /// How much was noted before it began.
    noted_before: usize,
    ended: bool,
}

enum SessionRef<'s> {
    Owned(Session),
    Borrowed(&'s mut Session),
}

/// The connection of a transaction.
struct Session {
    /// `None` only while the session is being dropped.
    lease: Option<Lease>,
    /// Savepoints that were dropped rather than ended: they are rolled back
    /// before the next statement, since dropping cannot wait for the server.
    abandoned_savepoints: u32,
    transfer_bounds: Arc<TransferBounds>,
    /// What was done, and is not kept yet.
    noted: Vec<Noted>,
    /// Whether its statements wait for locks shortly.
    is_impatient: bool,
    /// Whether nothing was sent since [`EXPECT_CONTENTION`].
    expects_contention: bool,
}

/// What was done, and is not kept yet.
pub(crate) enum Noted {
    /// That.
    Deed(Deed),
    /// What was made of the rows of an import, which the database knows.
    Import(Resource),
}

/// All savepoints share a name: PostgreSQL takes it for the innermost one.
const SAVEPOINT: &str = "savepoint nested";
const RELEASE: &str = "release savepoint nested";
const ROLLBACK_TO: &str = "rollback to savepoint nested; release savepoint nested";

/// Whoever claims ids is undone no further than to here where others have some of them, and then
/// hardly waits for them any more. It is set at once where claims come first, which spares them
/// a statement.
const EXPECT_CONTENTION: &str = "savepoint contention";
const BEGIN_IMPATIENT: &str = "begin; set local lock_timeout = '50ms'; savepoint contention";
const UNDO_CONTENTION: &str = "rollback to savepoint contention; set local lock_timeout = '1ms'";
const PASS_CONTENTION: &str = "release savepoint contention; savepoint contention";
const BE_PATIENT: &str = "set local lock_timeout to default";
const BE_IMPATIENT: &str = "set local lock_timeout = '50ms'";

impl Session {
    fn lease(&mut self) -> Result<&mut Lease, RepositoryError> {
        self.lease
            .as_mut()
            .ok_or_else(|| RepositoryError::Internal("the transaction has ended".into()))
    }

    async fn run(&mut self, sql: &'static str) -> Result<(), RepositoryError> {
        let mut statement = self.lease()?.statement();
        let result = sqlx::raw_sql(sql).execute(&mut *statement).await;
        statement.finish(result).map(drop)
    }

    async fn statement(&mut self) -> Result<Statement<'_>, RepositoryError> {
        self.undo_abandoned().await?;
        self.expects_contention = false;
        Ok(self.lease()?.statement())
    }

    async fn undo_abandoned(&mut self) -> Result<(), RepositoryError> {
        while self.abandoned_savepoints > 0 {
            self.run(ROLLBACK_TO).await?;
            self.abandoned_savepoints -= 1;
            self.lease()?.clear_failure();
        }
        Ok(())
    }

    /// Makes sure that nothing failed: PostgreSQL would answer a COMMIT after a
    /// failure as if it had succeeded, having rolled back.
    async fn assert_sound(&mut self) -> Result<(), RepositoryError> {
        self.undo_abandoned().await?;
        if self.lease()?.has_failed() {
            return Err(RepositoryError::Internal(
                "a unit of work in which a statement failed cannot be committed".into(),
            ));
        }
        Ok(())
    }
}

impl PgUnitOfWork<'_> {
    fn session(&mut self) -> &mut Session {
        match &mut self.session {
            SessionRef::Owned(session) => session,
            SessionRef::Borrowed(session) => session,
        }
    }

    /// Has the time-outs of a transfer hold in this transaction, and tells which it is.
    pub(crate) async fn bound_as_transfer(&mut self) -> Result<Backend, RepositoryError> {
        let bounds = Arc::clone(&self.session().transfer_bounds);
        let mut statement = self.statement().await?;
        let backend = sqlx::query!(
            r#"select pg_backend_pid() as "pid!", now() as "since!",
                set_config('statement_timeout', $1, true),
                set_config('idle_in_transaction_session_timeout', $2, true) as idle"#,
            &bounds.statement,
            &bounds.idle,
        )
        .fetch_one(&mut *statement)
        .await;
        let backend = statement.finish(backend)?;
        Ok(Backend {
            pid: backend.pid,
            since: backend.since,
        })
    }

    /// What was done in this transaction, and is not kept yet.
    pub(crate) fn noted(&mut self) -> &mut Vec<Noted> {
        &mut self.session().noted
    }

    /// Has what comes next be undone alone by [`Self::undo_contention`].
    pub(crate) async fn expect_contention(&mut self) -> Result<(), RepositoryError> {
        let session = self.session();
        session.undo_abandoned().await?;
        if session.expects_contention {
            return Ok(());
        }
        session.run(EXPECT_CONTENTION).await
    }

    /// Undoes what came since, has the next waits be very short, and expects contention again.
    pub(crate) async fn undo_contention(&mut self) -> Result<(), RepositoryError> {
        let session = self.session();
        session.run(UNDO_CONTENTION).await?;
        session.lease()?.clear_failure();
        Ok(())
    }

    /// Keeps what came since, and expects contention again.
    pub(crate) async fn pass_contention(&mut self) -> Result<(), RepositoryError> {
        self.session().run(PASS_CONTENTION).await
    }

    /// Has statements wait for locks as they did before there was contention.
    pub(crate) async fn end_contention(&mut self) -> Result<(), RepositoryError> {
        let session = self.session();
        let patience = if session.is_impatient {
            BE_IMPATIENT
        } else {
            BE_PATIENT
        };
        session.run(patience).await
    }

    /// Begins a statement in this transaction.
    pub(crate) async fn statement(&mut self) -> Result<Statement<'_>, RepositoryError> {
        self.session().statement().await
    }
}

#[async_trait]
impl UnitOfWork for PgUnitOfWork<'_> {
    fn users(&mut self) -> &mut dyn UserRepository {
        self
    }

    fn posts(&mut self) -> &mut dyn PostRepository {
        self
    }

    fn credentials(&mut self) -> &mut dyn CredentialRepository {
        self
    }

    fn requests(&mut self) -> &mut dyn RequestRepository {
        self
    }

    fn audit(&mut self) -> &mut dyn AuditLog {
        self
    }

    fn user_import(&mut self) -> &mut dyn Import<UserRow> {
        self
    }

    fn post_import(&mut self) -> &mut dyn Import<PostRow> {
        self
    }

    async fn savepoint(&mut self) -> Result<Box<dyn UnitOfWork + '_>, RepositoryError> {
        let session = self.session();
        let mut statement = session.statement().await?;
        let result = sqlx::raw_sql(SAVEPOINT).execute(&mut *statement).await;
        statement.finish(result)?;
        Ok(Box::new(PgUnitOfWork {
            noted_before: session.noted.len(),
            session: SessionRef::Borrowed(session),
            ended: false,
        }))
    }

    async fn commit(mut self: Box<Self>) -> Result<(), RepositoryError> {
        let nested = matches!(self.session, SessionRef::Borrowed(_));
        let session = self.session();
        session.assert_sound().await?;
        if !nested && !session.noted.is_empty() {
            return Err(RepositoryError::Internal(
                "what was done in a unit of work was noted and not kept".into(),
            ));
        }
        if nested {
            session.run(RELEASE).await?;
        } else {
            let mut statement = session.lease()?.statement();
            let result = sqlx::raw_sql("commit").execute(&mut *statement).await;
            statement.finish_as(result, translate_of_commit)?;
        }
        self.ended = true;
        Ok(())
    }

    async fn rollback(mut self: Box<Self>) -> Result<(), RepositoryError> {
        let nested = matches!(self.session, SessionRef::Borrowed(_));
        let noted_before = self.noted_before;
        let session = self.session();
        session.noted.truncate(noted_before);
        session.undo_abandoned().await?;
        session
            .run(if nested { ROLLBACK_TO } else { "rollback" })
            .await?;
        session.lease()?.clear_failure();
        self.ended = true;
        Ok(())
    }
}

impl Drop for PgUnitOfWork<'_> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        match &mut self.session {
            SessionRef::Borrowed(session) => {
                session.abandoned_savepoints += 1;
                session.noted.truncate(self.noted_before);
            }
            SessionRef::Owned(session) => {
                let Some(mut lease) = session.lease.take() else {
                    return;
                };
                // Its transaction is open until the roll back below has ended, if it ever begins.
                lease.doubt();
                // A lease that is left in the middle of a statement closes its
                // connection, and the server rolls back.
                if lease.is_busy() {
                    return;
                }
                let mut session = Session {
                    lease: Some(lease),
                    abandoned_savepoints: 0,
                    transfer_bounds: Arc::clone(&session.transfer_bounds),
                    noted: Vec::new(),
                    is_impatient: false,
                    expects_contention: false,
                };
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(async move {
                        if let Err(error) = session.run("rollback").await {
                            tracing::debug!(%error, "a roll back failed; the server does it");
                        }
                    });
                }
            }
        }
    }
}
