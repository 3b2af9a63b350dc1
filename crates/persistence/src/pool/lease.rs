//! A connection of the pool while somebody has it, and the statements on it one by one.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use byline_domain::error::RepositoryError;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};

use super::LastLoss;
use crate::error::{breaks_connection, loses_connection, translate};
use crate::meter;

/// A connection that knows whether a statement is under way. If it is dropped
/// then, because the call is over, it is closed: the driver would otherwise keep
/// the slot until the statement ended, and the server would go on for nobody.
pub(crate) struct Lease {
    connection: PoolConnection<Postgres>,
    last_loss: Arc<LastLoss>,
    busy: bool,
    failed: bool,
}

impl Lease {
    /// That connection, at rest.
    pub(super) fn new(connection: PoolConnection<Postgres>, last_loss: Arc<LastLoss>) -> Self {
        Self {
            connection,
            last_loss,
            busy: false,
            failed: false,
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
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.busy {
            self.connection.close_on_drop();
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
            self.lease.connection.close_on_drop();
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
            let is_broken = breaks_connection(&error);
            if loses_connection(&error) {
                self.lease.last_loss.note();
            }
            let error = translate(error);
            if is_broken || matches!(error, RepositoryError::ConnectionLost(_)) {
                self.lease.connection.close_on_drop();
            }
            error
        })
    }
}

impl Deref for Statement<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.lease.connection
    }
}

impl DerefMut for Statement<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.lease.connection
    }
}
