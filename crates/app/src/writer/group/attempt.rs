//! One unit of work of many changes.

use byline_domain::error::Source;
use byline_domain::request::{Claim, Request};

use super::callers::Commit;
use super::{Asked, Change, End, Grouped};
use crate::writer::{Failure, Writer, commit};
use crate::{Error, record};

/// What becomes of a change.
pub(super) enum Outcome<M: Grouped> {
    Ended(End),
    /// There was no room for it.
    Later(Change<M>),
}

/// How a request ends of which that became, if it does.
fn end_of(claim: Claim, request: &Request) -> Option<End> {
    match claim {
        Claim::Taken => None,
        Claim::UnderWay => Some(End::Alone(None)),
        Claim::Answered(record) => Some(match record::told(record, request) {
            Ok(bytes) => End::Recorded(bytes),
            Err(error) => End::Refused(error),
        }),
    }
}

impl Writer {
    /// Makes all of the changes in one unit of work, or nothing of them.
    pub(super) async fn end_all<M: Grouped>(
        &self,
        changes: Vec<Change<M>>,
        commit: &Commit,
    ) -> Vec<Outcome<M>> {
        let count = changes.len();
        let failure = match self.attempt_all(changes, commit).await {
            Ok(outcomes) => return outcomes,
            Err(failure) => failure,
        };
        let again = |error: &Source| format!("of a change along with others: {error}");
        let end = || match &failure {
            Failure::Unknown(lost) => End::Alone(Some(again(lost).into())),
            Failure::Undone(Error::Unavailable(away)) => {
                End::Refused(Error::Unavailable(again(away).into()))
            }
            Failure::Undone(error) => {
                tracing::debug!(%error, changes = count, "each change is made alone");
                End::Alone(None)
            }
        };
        (0..count).map(|_| Outcome::Ended(end())).collect()
    }

    async fn attempt_all<M: Grouped>(
        &self,
        changes: Vec<Change<M>>,
        committing: &Commit,
    ) -> Result<Vec<Outcome<M>>, Failure> {
        let mut unit = self.units.begin_impatient().await?;
        let terms = self.terms();
        let requests = changes.iter().filter_map(|it| it.asked.request.clone());
        let requests: Vec<_> = requests.collect();
        let claims = unit.requests().claim_many(&requests, terms.now).await?;
        let mut claims = claims.into_iter();

        // Those that were answered before have an end, and those that are under way elsewhere wait
        // for it alone; what is left is made.
        let mut outcomes: Vec<Option<Outcome<M>>> = Vec::with_capacity(changes.len());
        let (mut mutations, mut asked) = (Vec::new(), Vec::new());
        for (place, change) in changes.into_iter().enumerate() {
            let request = change.asked.request.as_ref();
            let end = request.and_then(|request| end_of(claims.next()?, request));
            if end.is_none() {
                mutations.push(change.mutation);
                asked.push((place, change.asked));
            }
            outcomes.push(end.map(Outcome::Ended));
        }

        let stored = M::hold(&mutations, unit.as_mut()).await?;
        let mut disclaimed = Vec::new();
        // One for which there is no room alone is not to wait for ever.
        let mut is_first = stored.is_empty();
        let late = mutations.split_off(stored.len());
        for (mutation, (place, asked)) in late.into_iter().zip(asked.split_off(stored.len())) {
            disclaimed.extend(asked.request.as_ref().map(|request| request.id));
            outcomes[place] = Some(if std::mem::take(&mut is_first) {
                Outcome::Ended(End::Alone(None))
            } else {
                Outcome::Later(Change { mutation, asked })
            });
        }

        let made = M::make_all(&mutations, unit.as_mut(), &terms).await?;
        let (mut origins, mut answers) = (Vec::new(), Vec::new());
        let changes = mutations.into_iter().zip(stored).zip(asked);
        for (((mutation, stored), (place, asked)), made) in changes.zip(made) {
            let Asked {
                request,
                origin,
                render,
            } = asked;
            let id = request.map(|request| request.id);
            let end = match made {
                Ok(brief) => {
                    origins.push((mutation.resource(), origin));
                    let bytes = render(mutation.output(brief, stored));
                    answers.extend(id.zip(bytes));
                    End::Made
                }
                Err(error) => {
                    disclaimed.extend(id);
                    End::Refused(error)
                }
            };
            outcomes[place] = Some(Outcome::Ended(end));
        }
        if origins.is_empty() {
            unit.rollback().await?;
        } else {
            unit.requests().disclaim(&disclaimed).await?;
            unit.audit().keep_each(&origins, terms.now).await?;
            let now = self.clock.now();
            unit.requests().answer_many(&answers, now).await?;
            committing.begin();
            commit(unit).await?;
        }
        // Each has one by now.
        let outcomes = outcomes.into_iter();
        Ok(outcomes
            .map(|it| it.unwrap_or(Outcome::Ended(End::Alone(None))))
            .collect())
    }
}
