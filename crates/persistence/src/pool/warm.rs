//! Connections between two uses. The driver's pool asks the server for an answer whenever one comes
//! back: another round trip for every statement. Those that are taken again soon do not go back
//! there in between.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use byline_domain::error::RepositoryError;
use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPool;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::LastLoss;
use crate::error::unreachable;

/// A connection that nobody took for so long goes back to the driver's pool, which looks after it.
const SOON: Duration = Duration::from_secs(1);

/// One goes back there that often in any case, since the pool ends those that are old.
const SHIFT: Duration = Duration::from_mins(1);

/// The connections of a pool: as many in use at once as it has at most. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Warm {
    pool: PgPool,
    places: Arc<Semaphore>,
    idle: Arc<IdleOnes>,
    last_loss: Arc<LastLoss>,
}

/// Those that wait to be taken again.
#[derive(Debug, Default)]
struct IdleOnes(Mutex<Looked>);

#[derive(Debug, Default)]
struct Looked {
    idle: Vec<Idle>,
    /// Whether somebody looks after them, which is one at a time.
    is_looked_after: bool,
}

impl IdleOnes {
    fn lock(&self) -> MutexGuard<'_, Looked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for IdleOnes {
    fn drop(&mut self) {
        // To go back to the driver's pool takes a runtime.
        if Handle::try_current().is_err() {
            for idle in self.lock().idle.drain(..) {
                drop(idle.connection.detach());
            }
        }
    }
}

/// A connection that waits to be taken again.
#[derive(Debug)]
struct Idle {
    connection: PoolConnection<Postgres>,
    /// When it came out of the driver's pool.
    came: Instant,
    /// When it was used last.
    since: Instant,
}

/// A connection in use, and its place among them.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) connection: PoolConnection<Postgres>,
    came: Instant,
    place: OwnedSemaphorePermit,
}

impl Warm {
    pub(super) fn new(pool: PgPool, last_loss: Arc<LastLoss>) -> Self {
        let most = pool.options().get_max_connections();
        Self {
            places: Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(usize::MAX))),
            pool,
            idle: Arc::default(),
            last_loss,
        }
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Takes a connection; waits no longer for it than the pool has one wait.
    pub(super) async fn take(&self) -> Result<Taken, RepositoryError> {
        let wait = self.pool.options().get_acquire_timeout();
        let began = Instant::now();
        let place = Arc::clone(&self.places).acquire_owned();
        let timed_out = || unreachable(sqlx::Error::PoolTimedOut);
        let Ok(Ok(place)) = tokio::time::timeout(wait, place).await else {
            return Err(timed_out());
        };
        if let Some(Idle {
            connection, came, ..
        }) = self.warm_one()
        {
            return Ok(Taken {
                connection,
                came,
                place,
            });
        }
        let left = wait.saturating_sub(began.elapsed());
        let acquired = tokio::time::timeout(left, self.pool.acquire()).await;
        let connection = acquired.map_err(|_| timed_out())?.map_err(unreachable)?;
        Ok(Taken {
            connection,
            came: Instant::now(),
            place,
        })
    }

    /// The one that was used last, if it is as good as in use. Others go back to the driver's pool, where
    /// they are asked whether the server is still there.
    fn warm_one(&self) -> Option<Idle> {
        let idle = &mut self.idle.lock().idle;
        let last = idle.pop()?;
        let unused = last.since.elapsed();
        if unused < SOON && !self.last_loss.is_within(unused) {
            return Some(last);
        }
        idle.push(last);
        idle.clear();
        None
    }

    /// Gives back a connection that is at rest; one that is not belongs to the driver's pool.
    pub(super) fn give_back(&self, taken: Taken) {
        let since = Instant::now();
        let Taken {
            connection,
            came,
            place,
        } = taken;
        if !self.pool.is_closed() && came.elapsed() < SHIFT {
            let mut looked = self.idle.lock();
            let is_first = !looked.is_looked_after;
            looked.is_looked_after = true;
            looked.idle.push(Idle {
                connection,
                came,
                since,
            });
            drop(looked);
            if is_first {
                self.look_after();
            }
        }
        drop(place);
    }

    /// Has those that nobody takes go back to the driver's pool.
    fn look_after(&self) {
        let Ok(runtime) = Handle::try_current() else {
            self.idle.lock().is_looked_after = false;
            return;
        };
        let idle = Arc::downgrade(&self.idle);
        runtime.spawn(async move {
            loop {
                tokio::time::sleep(SOON).await;
                let Some(idle) = idle.upgrade() else {
                    return;
                };
                let mut looked = idle.lock();
                looked.idle.retain(|it| it.since.elapsed() < SOON);
                if looked.idle.is_empty() {
                    looked.is_looked_after = false;
                    return;
                }
            }
        });
    }

    /// Closes all connections, waiting for those in use.
    pub(super) async fn close(&self) {
        // From now on none is kept back.
        let closed = self.pool.close();
        self.idle.lock().idle.clear();
        closed.await;
    }
}

#[cfg(test)]
mod tests;
