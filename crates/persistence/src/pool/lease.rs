//! A connection of the pool while somebody has it, and the statements on it one by one.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use byline_domain::error::RepositoryError;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};

use super::LastLoss;
use super::warm::{Taken, Warm};
use crate::error::{breaks_connection, loses_connection, translate};
use crate::meter;

const TAKEN: &str = "a lease has its connection until it is dropped";

/// A connection that knows whether a statement is under way. If it is dropped
/// then, because the call is over, it is closed: the driver would otherwise keep
/// the slot until the statement ended, and the server would go on for nobody.
pub(crate) struct Lease {
    /// `None` only while it is being dropped.
    taken: Option<Taken>,
    connections: Warm,
    last_loss: Arc<LastLoss>,
    busy: bool,
    failed: bool,
    /// Whether anything has failed that may have left the connection in any state.
    is_doubtful: bool,
}

impl Lease {
    /// That connection, at rest.
    pub(super) fn new(taken: Taken, connections: &Warm, last_loss: Arc<LastLoss>) -> Self {
        Self {
            taken: Some(taken),
            connections: connections.clone(),
            last_loss,
            busy: false,
            failed: false,
            is_doubtful: false,
        }
    }

    /// Begins a statement, and counts it.
    pub(crate) fn statement(&mut self) -> Statement<'_> {
        meter::count(1);
        self.busy = true;
        Statement { lease: self }
    }

    /// Whether a statement was left before it ended.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Whether a statement has failed, which dooms the transaction around it.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Forgets the failure, after a roll back past it.
    pub(crate) fn clear_failure(&mut self) {
        self.failed = false;
    }

    /// Has it looked after before anybody else uses it.
    pub(crate) fn doubt(&mut self) {
        self.is_doubtful = true;
    }

    fn close_on_drop(&mut self) {
        self.is_doubtful = true;
        self.connection_mut().close_on_drop();
    }

    fn connection(&self) -> &PoolConnection<Postgres> {
        &self.taken.as_ref().expect(TAKEN).connection
    }

    fn connection_mut(&mut self) -> &mut PoolConnection<Postgres> {
        &mut self.taken.as_mut().expect(TAKEN).connection
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut taken) = self.taken.take() else {
            return;
        };
        if self.busy {
            taken.connection.close_on_drop();
        } else if !self.is_doubtful {
            self.connections.give_back(taken);
        }
    }
}

/// One statement under way.
#[must_use = "a statement that is not finished costs its connection"]
pub(crate) struct Statement<'l> {
    lease: &'l mut Lease,
}

impl Statement<'_> {
    /// Ends the statement as [`Self::finish`] does, and after a failure the connection too,
    /// where that may leave answers under way which nobody expects.
    pub(crate) fn finish_or_close<T>(
        self,
        result: Result<T, sqlx::Error>,
    ) -> Result<T, RepositoryError> {
        if result.is_err() {
            self.lease.close_on_drop();
        }
        self.finish(result)
    }

    /// Ends the statement with what the driver answered.
    pub(crate) fn finish<T>(self, result: Result<T, sqlx::Error>) -> Result<T, RepositoryError> {
        self.finish_as(result, translate)
    }

    /// Ends the statement with what the driver answered, an error of which means that.
    pub(crate) fn finish_as<T>(
        self,
        result: Result<T, sqlx::Error>,
        translate: fn(sqlx::Error) -> RepositoryError,
    ) -> Result<T, RepositoryError> {
        self.lease.busy = false;
        result.map_err(|error| {
            self.lease.failed = true;
            self.lease.is_doubtful = true;
            let is_broken = breaks_connection(&error);
            if loses_connection(&error) {
                self.lease.last_loss.note();
            }
            let error = translate(error);
            if is_broken || matches!(error, RepositoryError::ConnectionLost(_)) {
                self.lease.close_on_drop();
            }
            error
        })
    }
}

impl Deref for Statement<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.lease.connection()
    }
}

impl DerefMut for Statement<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.lease.connection_mut()
    }
}
