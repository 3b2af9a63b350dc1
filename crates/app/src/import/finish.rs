//! How an import ends.

use byline_domain::error::{RepositoryError, Source};
use byline_domain::import::Settled;
use byline_domain::request::Request;
use byline_domain::unit_of_work::UnitOfWork;

use super::{ImportSettings, Importer, Importing, Report, Row};
use crate::record::{self, Recorded};
use crate::writer::RETRIES;
use crate::{Answer, Atomicity, Error, Intent, Render};

/// What it came to to settle the rows.
enum Outcome {
    /// The request was answered before.
    Recorded(Recorded),
    /// This became of them, which is written.
    Kept(Settled),
    /// This would become of them.
    Tried(Settled),
}

/// What is kept of an import.
struct Wish<'w> {
    settings: ImportSettings,
    intent: &'w Intent,
    /// Whether rows were wrong in themselves.
    has_refused: bool,
}

impl Wish<'_> {
    fn keeps(&self, settled: &Settled) -> bool {
        let is_whole = settled.problem_count == 0 && !self.has_refused;
        !self.intent.validate_only && (is_whole || self.settings.atomicity == Atomicity::Each)
    }
}

impl<R: Row> Importing<'_, R> {
    /// Settles all rows that came, and keeps what became of them unless it is only to be tried,
    /// or a row has a problem and all are to be kept or none.
    ///
    /// What was kept under the id of a request is answered the same again and changes nothing;
    /// `RequestIdReused` when that was another request. What meets concurrent changes is
    /// tried again over the same rows, three times at most. When the connection is lost at
    /// COMMIT, its record says what became of the request; `OutcomeUnknown` when it has
    /// no id, or the database stays away. After every other error nothing was changed.
    pub async fn finish<T: Render<Report>>(
        self,
        intent: &Intent,
        render: &T,
    ) -> Result<Answer<T::Told>, Error> {
        let Self {
            importer,
            mut unit,
            settings,
            tally,
            ..
        } = self;
        let wish = Wish {
            settings,
            intent,
            has_refused: tally.has_refused(),
        };
        let told = match importer.settle::<R>(unit.as_mut(), &wish).await? {
            Outcome::Recorded(recorded) => {
                unit.rollback().await?;
                return Ok(Answer::Recorded(recorded?));
            }
            Outcome::Tried(settled) => {
                unit.rollback().await?;
                return Ok(Answer::Made(render.tell(tally.report::<R>(settled, false))));
            }
            Outcome::Kept(settled) => render.tell(tally.report::<R>(settled, true)),
        };
        unit.audit()
            .keep(&intent.origin, importer.clock.now())
            .await?;
        if let Some(request) = &intent.request {
            let response = render.bytes(&told);
            let now = importer.clock.now();
            unit.requests().answer(request.id, &response, now).await?;
        }
        match unit.commit().await {
            Ok(()) => Ok(Answer::Made(told)),
            Err(RepositoryError::ConnectionLost(source)) => match &intent.request {
                Some(request) => importer.look_up(request, source).await,
                None => Err(Error::OutcomeUnknown(source)),
            },
            Err(error) => Err(error.into()),
        }
    }
}

impl Importer {
    /// In a savepoint, since the rows cannot come a second time. What has met concurrent changes
    /// is alone among imports from then on, so that two of the same rows do not meet for ever.
    async fn settle<R: Row>(
        &self,
        unit: &mut dyn UnitOfWork,
        wish: &Wish<'_>,
    ) -> Result<Outcome, Error> {
        let mut retry = 1;
        loop {
            let mut savepoint = unit.savepoint().await?;
            let tried = self.try_to_settle::<R>(savepoint.as_mut(), wish, retry > 1);
            match tried.await {
                Ok(outcome) => {
                    savepoint.commit().await?;
                    return Ok(outcome);
                }
                Err(RepositoryError::Contention(source)) if retry <= RETRIES => {
                    tracing::debug!(retry, error = %source, "settling an import again");
                    savepoint.rollback().await?;
                }
                Err(error) => return Err(error.into()),
            }
            self.pause.before(retry).await;
            retry += 1;
        }
    }

    async fn try_to_settle<R: Row>(
        &self,
        unit: &mut dyn UnitOfWork,
        wish: &Wish<'_>,
        alone: bool,
    ) -> Result<Outcome, RepositoryError> {
        if let Some(request) = &wish.intent.request
            && let Some(recorded) = record::claim(unit, request, self.clock.now()).await?
        {
            return Ok(Outcome::Recorded(recorded));
        }
        let on_conflict = wish.settings.on_conflict;
        let settled = R::port(unit).settle(on_conflict, alone).await?;
        if !wish.keeps(&settled) {
            return Ok(Outcome::Tried(settled));
        }
        R::port(unit).apply(&settled, self.clock.now()).await?;
        Ok(Outcome::Kept(settled))
    }

    /// What became of a COMMIT that was lost: the claim waits for its transaction to end.
    async fn look_up<T>(&self, request: &Request, lost: Source) -> Result<Answer<T>, Error> {
        let mut retry = 1;
        loop {
            match self.recorded(request).await {
                Ok(Some(recorded)) => return recorded.map(Answer::Recorded),
                Ok(None) => return Err(Error::Unavailable(lost)),
                Err(error) if retry > RETRIES => {
                    tracing::debug!(%error, "it cannot be found out what became of an import");
                    return Err(Error::OutcomeUnknown(lost));
                }
                Err(error) => tracing::debug!(retry, %error, "looking for an import again"),
            }
            self.pause.before(retry).await;
            retry += 1;
        }
    }

    async fn recorded(&self, request: &Request) -> Result<Option<Recorded>, RepositoryError> {
        let mut unit = self.units.begin().await?;
        let found = record::claim(unit.as_mut(), request, self.clock.now()).await?;
        unit.rollback().await?;
        Ok(found)
    }
}
