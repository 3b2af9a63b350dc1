//! Runs one direction of one migration: as one transaction, or each statement for itself.

use super::super::error::MigrateError;
use super::super::ledger::Ledger;
use super::super::source::statements::{Statement, first_unfit, statements};
use super::super::source::{Migration, Script};
use super::invalid;
use super::lock::MigrationLock;
use super::session::{Failure, Session, refused};
use super::tries::Tries;

/// What the ledger says once a script is through.
#[derive(Clone, Copy)]
enum Outcome {
    Applied,
    TakenBack,
}

/// One direction of one migration, on its way.
pub(super) struct Job<'j> {
    session: &'j mut Session,
    ledger: &'j Ledger,
    migration: &'j Migration,
    script: &'j Script,
    outcome: Outcome,
}

impl<'j> Job<'j> {
    /// Applies the migration, and has the ledger say so.
    pub(super) fn up(
        session: &'j mut Session,
        ledger: &'j Ledger,
        migration: &'j Migration,
    ) -> Self {
        Self {
            session,
            ledger,
            migration,
            script: &migration.up,
            outcome: Outcome::Applied,
        }
    }

    /// Takes the migration back, and has the ledger say no more of it.
    pub(super) fn down(
        session: &'j mut Session,
        ledger: &'j Ledger,
        migration: &'j Migration,
    ) -> Result<Self, MigrateError> {
        let down = migration.down.as_ref();
        Ok(Self {
            session,
            ledger,
            migration,
            script: down.ok_or_else(|| MigrateError::NoWayBack(migration.to_string()))?,
            outcome: Outcome::TakenBack,
        })
    }

    pub(super) async fn run(mut self) -> Result<(), MigrateError> {
        let statements = parts(self.script)?;
        if !MigrationLock::is_held(&mut self.session.connection).await? {
            return Err(MigrateError::LockLost(self.script.file.clone()));
        }
        if self.script.no_transaction {
            self.one_by_one(&statements).await
        } else {
            self.as_one(&statements).await
        }
    }

    async fn as_one(&mut self, statements: &[Statement<'_>]) -> Result<(), MigrateError> {
        let mut tries = Tries::new(self.session);
        loop {
            let (statement, failure) = match self.try_as_one(statements).await? {
                Ok(()) => return Ok(()),
                Err(failed) => failed,
            };
            match failure {
                Failure::Busy => {
                    let line = statement.line;
                    tries.again(self.session, self.script, line, false).await?;
                }
                Failure::Lost(message) => {
                    return Err(failed(self.script, statement, message, 0, false));
                }
                Failure::Refused { message, character } => {
                    return Err(failed(self.script, statement, message, character, false));
                }
            }
        }
    }

    /// One try; everything is rolled back if a statement fails, which is told.
    async fn try_as_one<'s>(
        &mut self,
        statements: &'s [Statement<'s>],
    ) -> Result<Result<(), (&'s Statement<'s>, Failure)>, MigrateError> {
        self.session.reset().await?;
        let transaction = self.session.begin().await?;
        for statement in statements {
            if let Err(failure) = self.session.run(statement.text).await {
                // Of a connection that is gone nothing is left to be rolled back.
                let _ = self.session.rollback().await;
                return Ok(Err((statement, failure)));
            }
        }
        if self.session.transaction().await? != transaction {
            let _ = self.session.rollback().await;
            return Err(MigrateError::Ended(self.script.file.clone()));
        }
        self.session.reset().await?;
        if let Err(error) = self.tell().await {
            let _ = self.session.rollback().await;
            return Err(error);
        }
        // A deferred constraint is looked at here, on behalf of the statement that it is about.
        match self.session.commit().await.map_err(refused) {
            Ok(()) => Ok(Ok(())),
            Err(Failure::Lost(message)) => Err(self.lost(message)),
            Err(failure) => {
                let last = statements.last();
                last.map_or_else(
                    || Err(MigrateError::Ended(self.script.file.clone())),
                    |last| Ok(Err((last, failure))),
                )
            }
        }
    }

    async fn one_by_one(&mut self, statements: &[Statement<'_>]) -> Result<(), MigrateError> {
        let connection = &mut self.session.connection;
        match self.outcome {
            Outcome::Applied => self.ledger.write(connection, self.migration, false).await?,
            Outcome::TakenBack => {
                self.ledger
                    .doubt(connection, self.migration.version)
                    .await?;
            }
        }
        self.session.reset().await?;
        for statement in statements {
            self.one(statement).await?;
        }
        self.session.reset().await?;
        self.tell().await
    }

    /// One statement that is for itself, until it gets what it has to lock.
    async fn one(&mut self, statement: &Statement<'_>) -> Result<(), MigrateError> {
        let mut tries = Tries::new(self.session);
        loop {
            match self.try_one(statement).await {
                Ok(()) => return Ok(()),
                Err(Failure::Busy) => {
                    let line = statement.line;
                    tries.again(self.session, self.script, line, true).await?;
                }
                Err(Failure::Lost(message)) => {
                    return Err(failed(self.script, statement, message, 0, true));
                }
                Err(Failure::Refused { message, character }) => {
                    return Err(failed(self.script, statement, message, character, true));
                }
            }
        }
    }

    async fn try_one(&mut self, statement: &Statement<'_>) -> Result<(), Failure> {
        if !statement.is_concurrent() {
            return self.session.run(statement.text).await;
        }
        let Some(index) = statement.builds_concurrently() else {
            return self.session.run_patiently(statement.text).await;
        };
        // `if not exists` would take for the index what never becomes it.
        if let Some(drop) = invalid::drop(&mut self.session.connection, index).await? {
            tracing::info!(
                index = index.name,
                "removing what is left of an unfinished index"
            );
            self.session.run_patiently(&drop).await?;
        }
        self.session.run_patiently(statement.text).await?;
        match invalid::drop(&mut self.session.connection, index).await? {
            None => Ok(()),
            Some(_) => Err(Failure::Refused {
                message: "the index was left invalid".to_owned(),
                character: 0,
            }),
        }
    }

    /// Has the ledger say what has become of the migration, if this process still may.
    async fn tell(&mut self) -> Result<(), MigrateError> {
        let connection = &mut self.session.connection;
        if !MigrationLock::is_held(connection).await? {
            return Err(MigrateError::LockLost(self.script.file.clone()));
        }
        let told = match self.outcome {
            Outcome::Applied => self.ledger.write(connection, self.migration, true).await,
            Outcome::TakenBack => self.ledger.forget(connection, self.migration.version).await,
        };
        match told.map_err(refused) {
            Ok(()) => Ok(()),
            Err(Failure::Lost(message)) if self.script.no_transaction => Err(self.lost(message)),
            Err(failure) => Err(MigrateError::Database(failure.to_string())),
        }
    }

    fn lost(&self, message: String) -> MigrateError {
        MigrateError::Lost {
            file: self.script.file.clone(),
            message,
        }
    }
}

/// The statements. One that the parser does not know goes as the whole that it is in, which
/// only a transaction can.
fn parts(script: &Script) -> Result<Vec<Statement<'_>>, MigrateError> {
    let unfit = |line: usize, message: String| MigrateError::Unfit {
        file: script.file.clone(),
        line,
        message,
    };
    if let Some((line, why)) = first_unfit(&script.sql) {
        return Err(unfit(line, why.to_string()));
    }
    match statements(&script.sql) {
        Ok(statements) => Ok(statements),
        Err(error) if script.no_transaction => Err(unfit(
            error.line,
            format!("{}, so that it cannot be run by statement", error.message),
        )),
        Err(_) => Ok(vec![Statement::whole(&script.sql)]),
    }
}

fn failed(
    script: &Script,
    statement: &Statement<'_>,
    message: String,
    character: usize,
    half_way: bool,
) -> MigrateError {
    MigrateError::Failed {
        file: script.file.clone(),
        line: statement.line + Failure::lines_before(statement.text, character),
        message,
        half_way,
    }
}
