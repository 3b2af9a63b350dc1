//! How every change is made: once, however often it is sent and whatever is in the way.

use std::error::Error as _;
use std::sync::Arc;

use byline_domain::audit::Origin;
use byline_domain::clock::Clock;
use byline_domain::error::{RepositoryError, Source};
use byline_domain::lifecycle::Retention;
use byline_domain::pause::Pause;
use byline_domain::request::Request;
use byline_domain::unit_of_work::{UnitOfWork, UnitOfWorkFactory};

use crate::turns::{Turn, Turns};
use crate::{Error, Mutation, Terms, record};

mod group;

pub use self::group::{GroupCommit, Grouped};

/// How often a unit of work is tried again at most.
pub(crate) const RETRIES: u32 = 3;

/// What the caller wants of a change beside the change.
#[derive(Clone, Debug, Default)]
pub struct Intent {
    /// Under which id it can be sent again; `None` makes every one another change.
    pub request: Option<Request>,
    /// Whether it is only to be tried: all is checked, and nothing kept.
    pub validate_only: bool,
    /// Who wants it, and by which call.
    pub origin: Origin,
}

/// What a change answers.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// What was done just now.
    Made(T),
    /// What the first request of this id was told, in bytes.
    Recorded(Vec<u8>),
}

/// Makes changes: begins and ends their units of work, keeps what was answered to
/// requests with an id and who did what, and tries again what met concurrent changes.
pub struct Writer {
    units: Arc<dyn UnitOfWorkFactory>,
    clock: Arc<dyn Clock>,
    pause: Arc<dyn Pause>,
    retention: Retention,
    turns: Turns,
}

/// How what a change answers is told, and kept.
pub trait Render<T>: Send + Sync {
    /// What the caller is told.
    type Told: Send + Sync;

    /// What the caller is told of what was done.
    fn tell(&self, output: T) -> Self::Told;

    /// The same in bytes, to be kept for a retry.
    fn bytes(&self, told: &Self::Told) -> Vec<u8>;
}

/// How a try failed.
enum Failure {
    /// Nothing was kept.
    Undone(Error),
    /// The connection was lost at COMMIT: nobody here knows whether it was kept.
    Unknown(Source),
}

impl Failure {
    /// Whether another try may do better, if a second change would be noticed.
    fn may_pass(&self, is_noticed: bool) -> bool {
        match self {
            Self::Undone(error) => {
                matches!(error, Error::Contention(_) | Error::ConnectionLost(_))
            }
            Self::Unknown(_) => is_noticed,
        }
    }

    /// What the caller is told of it. After a COMMIT of unknown outcome, what is only in
    /// the way no longer means that nothing was changed.
    fn told(self, unknown: Option<Source>) -> Error {
        match (self, unknown) {
            (Self::Unknown(source), _) => Error::OutcomeUnknown(source),
            (Self::Undone(error), Some(source)) if !error.can_be_mended() => {
                tracing::warn!(
                    error = %error,
                    source = error.source().map(ToString::to_string),
                    "what became of a change was not found out"
                );
                Error::OutcomeUnknown(source)
            }
            (Self::Undone(error), _) => error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Undone(error)
    }
}

impl From<RepositoryError> for Failure {
    fn from(error: RepositoryError) -> Self {
        Self::Undone(error.into())
    }
}

impl Writer {
    /// Makes changes through these ports. What is deleted can be brought back for at least
    /// `retention`.
    pub fn new(
        units: Arc<dyn UnitOfWorkFactory>,
        clock: Arc<dyn Clock>,
        pause: Arc<dyn Pause>,
        retention: Retention,
    ) -> Self {
        Self {
            units,
            clock,
            pause,
            retention,
            turns: Turns::default(),
        }
    }

    /// Makes the change, all of it or nothing.
    ///
    /// A request whose id was answered before is answered the same and changes nothing;
    /// `RequestIdReused` when that was another request. While one of the same id is under way
    /// it waits for its end. What met concurrent changes, or lost its connection, is tried
    /// again, three times at most. `OutcomeUnknown` when the connection was lost at COMMIT
    /// and the request has no id by which to find out, or the database stays away; after
    /// every other error nothing was changed.
    pub async fn write<M: Mutation, R: Render<M::Output>>(
        &self,
        mutation: &M,
        intent: &Intent,
        render: &R,
    ) -> Result<Answer<R::Told>, Error> {
        let _turn = self.turn(intent).await;
        self.write_in_turn(mutation, intent, render, None).await
    }

    /// The turn of the request's id, if it has one.
    async fn turn(&self, intent: &Intent) -> Option<Turn<'_>> {
        match &intent.request {
            Some(request) => Some(self.turns.take(request.id).await),
            None => None,
        }
    }

    /// Writes as [`Self::write`] does, for whoever has the turn. `unknown` is how the connection was
    /// lost at the COMMIT of an earlier try.
    async fn write_in_turn<M: Mutation, R: Render<M::Output>>(
        &self,
        mutation: &M,
        intent: &Intent,
        render: &R,
        mut unknown: Option<Source>,
    ) -> Result<Answer<R::Told>, Error> {
        let is_noticed = intent.request.is_some();
        let mut retry = 1;
        loop {
            let failure = match self.attempt(mutation, intent, render).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if retry > RETRIES || !failure.may_pass(is_noticed) {
                return Err(failure.told(unknown));
            }
            match failure {
                Failure::Unknown(source) => unknown = Some(source),
                Failure::Undone(error) => {
                    tracing::debug!(retry, %error, "trying again");
                }
            }
            self.pause.before(retry).await;
            retry += 1;
        }
    }

    /// What the first request of this id was told, if there was one; `RequestIdReused` if that
    /// was another request. Waits for one that is under way.
    pub(crate) async fn recorded(&self, request: &Request) -> Result<Option<Vec<u8>>, Error> {
        let _turn = self.turns.take(request.id).await;
        let mut unit = self.units.begin().await?;
        let recorded = record::claim(unit.as_mut(), request, self.clock.now()).await?;
        unit.rollback().await?;
        recorded.transpose()
    }

    fn terms(&self) -> Terms {
        Terms {
            now: self.clock.now(),
            retention: self.retention,
        }
    }

    async fn attempt<M: Mutation, R: Render<M::Output>>(
        &self,
        mutation: &M,
        intent: &Intent,
        render: &R,
    ) -> Result<Answer<R::Told>, Failure> {
        let mut unit = self.units.begin().await?;
        let terms = self.terms();
        if let Some(request) = &intent.request
            && let Some(recorded) = record::claim(unit.as_mut(), request, terms.now).await?
        {
            unit.rollback().await?;
            return Ok(Answer::Recorded(recorded?));
        }
        let told = render.tell(mutation.make(unit.as_mut(), &terms).await?);
        if intent.validate_only {
            unit.rollback().await?;
            return Ok(Answer::Made(told));
        }
        unit.audit().keep(&intent.origin, terms.now).await?;
        if let Some(request) = &intent.request {
            let response = render.bytes(&told);
            let now = self.clock.now();
            unit.requests().answer(request.id, &response, now).await?;
        }
        commit(unit).await?;
        Ok(Answer::Made(told))
    }
}

async fn commit(unit: Box<dyn UnitOfWork>) -> Result<(), Failure> {
    match unit.commit().await {
        Ok(()) => Ok(()),
        Err(RepositoryError::ConnectionLost(source)) => Err(Failure::Unknown(source)),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
