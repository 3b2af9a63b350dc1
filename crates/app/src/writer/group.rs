//! Changes of one kind that arrive together are made by one unit of work, with one COMMIT: what
//! databases call a group commit. Each has its own answer, and is as atomic as it is alone.

use std::collections::HashSet;
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use byline_domain::audit::Origin;
use byline_domain::error::Source;
use byline_domain::meter::Meter;
use byline_domain::request::Request;
use byline_domain::unit_of_work::UnitOfWork;
use byline_lanes::{Bounds, Lanes, Together, Turn};
use uuid::Uuid;

use super::{Answer, Failure, Intent, Render, Writer, commit};
use crate::{Batched, Error, record};

/// So many units of work at once: one writes while another one is committed.
const LANES: usize = 2;

/// A change of which several can be made at once, whoever asks for them.
#[async_trait]
pub trait Grouped: Batched<Output: Clone> + Clone + 'static {
    /// The id of what is changed, which all that is noted of it is about. Of two with the same, one
    /// is made alone.
    fn resource(&self) -> Uuid;

    /// Whether it is so small that many fit into memory several times. Others are made alone.
    fn is_light(&self) -> bool;

    /// What each answers alone, of what it answers in a batch, in their order.
    async fn outputs(
        made: Vec<(&Self, Self::Brief)>,
        unit: &mut dyn UnitOfWork,
    ) -> Result<Vec<Self::Output>, Error>;
}

/// Makes changes of one kind. While few are under way each is made by itself; those that arrive
/// meanwhile are made together.
///
/// A change that cannot be made is refused by itself. Where a unit of work of many fails as a whole,
/// because one of them meets a lock or for any other reason, nothing of it was kept, and each of them is
/// made alone.
pub struct GroupCommit<M: Grouped>(Lanes<Group<M>>);

impl<M: Grouped> Clone for GroupCommit<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Makes changes together.
struct Group<M> {
    writer: Arc<Writer>,
    meter: Arc<dyn Meter>,
    size: usize,
    of: PhantomData<fn() -> M>,
}

/// A change that is made along with others.
struct Change<M: Grouped> {
    mutation: M,
    request: Option<Request>,
    origin: Origin,
    bytes: Box<dyn Fn(M::Output) -> Vec<u8> + Send + Sync>,
}

/// What a caller is told, and how many statements that took.
struct Told<M: Grouped> {
    end: End<M>,
    statements: u32,
}

/// How a change ended that was made along with others.
enum End<M: Grouped> {
    Answer(Answer<M::Output>),
    Refused(Error),
    /// Nothing was kept of it, and it is to be made alone; unless the COMMIT is unknown.
    Alone(Option<Source>),
}

/// A change that waits for a lane, and its caller for the answer.
type Waiting<M> = byline_lanes::Waiting<Change<M>, Told<M>>;

impl<M: Grouped> GroupCommit<M> {
    /// Makes changes by that writer, at most `size` in a unit of work, and counts their statements
    /// there.
    pub fn new(writer: Arc<Writer>, meter: Arc<dyn Meter>, size: usize) -> Self {
        let group = Group {
            writer,
            meter,
            size,
            of: PhantomData,
        };
        let bounds = Bounds {
            at_once: LANES,
            most: size,
            is_direct: true,
        };
        Self(Lanes::new(group, bounds))
    }

    /// Makes the change as [`Writer::write`] does.
    pub async fn write<R>(
        &self,
        mutation: M,
        intent: &Intent,
        render: Arc<R>,
    ) -> Result<Answer<R::Told>, Error>
    where
        R: Render<M::Output> + 'static,
    {
        let Group {
            writer,
            meter,
            size,
            ..
        } = self.0.together();
        if *size < 2 || intent.validate_only || !mutation.is_light() {
            return writer.write(&mutation, intent, &*render).await;
        }
        let _turn = writer.turn(intent).await;
        let told = match self.turn(&mutation, intent, &render) {
            Turn::Now(_lane) => {
                return writer
                    .write_in_turn(&mutation, intent, &*render, None)
                    .await;
            }
            Turn::Later(place) => place.told().await,
        };
        let end = match told {
            Ok(told) => {
                meter.count(told.statements);
                told.end
            }
            // What ended it may have come before its COMMIT, or after.
            Err(lost) => End::Alone(Some(Box::new(lost))),
        };
        match end {
            End::Answer(Answer::Made(output)) => Ok(Answer::Made(render.tell(output))),
            End::Answer(Answer::Recorded(bytes)) => Ok(Answer::Recorded(bytes)),
            End::Refused(error) => Err(error),
            End::Alone(Some(unknown)) if intent.request.is_none() => {
                Err(Error::OutcomeUnknown(unknown))
            }
            End::Alone(unknown) => {
                writer
                    .write_in_turn(&mutation, intent, &*render, unknown)
                    .await
            }
        }
    }

    fn turn<R>(&self, mutation: &M, intent: &Intent, render: &Arc<R>) -> Turn<Group<M>>
    where
        R: Render<M::Output> + 'static,
    {
        self.0.turn(Arc::new(()), || {
            let render = Arc::clone(render);
            Change {
                mutation: mutation.clone(),
                request: intent.request.clone(),
                origin: intent.origin.clone(),
                bytes: Box::new(move |output| render.bytes(&render.tell(output))),
            }
        })
    }
}

impl<M: Grouped> Together for Group<M> {
    type Kind = ();
    type Work = Change<M>;
    type Answer = Told<M>;

    async fn work(&self, _: &Arc<()>, waiting: Vec<Waiting<M>>) -> Vec<Waiting<M>> {
        let mut resources = HashSet::new();
        let (mut changes, mut callers, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
        for Waiting::<M> {
            work: change,
            answer,
        } in waiting
        {
            if resources.insert(change.mutation.resource()) {
                changes.push(change);
                callers.push(answer);
            } else {
                repeated.push(answer);
            }
        }
        let mut ends = Vec::new();
        let work = async { ends = self.writer.end_all(&changes).await };
        let statements = self.meter.measure(Box::pin(work)).await;
        for (caller, end) in callers.into_iter().zip(ends) {
            // Whoever is gone wants no answer.
            let _ = caller.send(Told { end, statements });
        }
        // Now that it is in nobody's way: else it would have the group wait for what it changes.
        for caller in repeated {
            let (end, statements) = (End::Alone(None), 0);
            let _ = caller.send(Told { end, statements });
        }
        Vec::new()
    }
}

impl Writer {
    /// Makes all of the changes in one unit of work, or nothing of them.
    async fn end_all<M: Grouped>(&self, changes: &[Change<M>]) -> Vec<End<M>> {
        let alone = |_: &Change<M>| End::Alone(None);
        match self.attempt_all(changes).await {
            Ok(ends) => ends,
            Err(Failure::Unknown(lost)) => {
                let lost = Arc::new(lost);
                let unknown = |_: &Change<M>| {
                    let text = format!("of a change along with others: {lost}");
                    End::Alone(Some(text.into()))
                };
                changes.iter().map(unknown).collect()
            }
            Err(Failure::Undone(Error::Unavailable(source))) => {
                let away = |_: &Change<M>| {
                    let text = format!("for a change along with others: {source}");
                    End::Refused(Error::Unavailable(text.into()))
                };
                changes.iter().map(away).collect()
            }
            Err(Failure::Undone(error)) => {
                tracing::debug!(%error, changes = changes.len(), "each change is made alone");
                changes.iter().map(alone).collect()
            }
        }
    }

    async fn attempt_all<M: Grouped>(&self, changes: &[Change<M>]) -> Result<Vec<End<M>>, Failure> {
        let mut unit = self.units.begin_impatient().await?;
        let terms = self.terms();
        let requests: Vec<_> = changes.iter().filter_map(|it| it.request.clone()).collect();
        let records = unit.requests().claim_many(&requests, terms.now).await?;
        let mut records = records.into_iter();
        // Those that were answered before have an end; what is left is made.
        let mut ends: Vec<Option<End<M>>> = Vec::with_capacity(changes.len());
        for change in changes {
            let record = change.request.as_ref().and_then(|request| {
                let record = records.next()??;
                Some(record::told(record, request))
            });
            ends.push(record.map(|told| match told {
                Ok(bytes) => End::Answer(Answer::Recorded(bytes)),
                Err(error) => End::Refused(error),
            }));
        }
        let open: Vec<usize> = (0..ends.len()).filter(|at| ends[*at].is_none()).collect();
        let mutations: Vec<M> = open
            .iter()
            .map(|at| changes[*at].mutation.clone())
            .collect();
        let outcomes = M::make_all(&mutations, unit.as_mut(), &terms).await?;
        let (mut made, mut briefs, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for ((at, mutation), outcome) in open.into_iter().zip(&mutations).zip(outcomes) {
            match outcome {
                Ok(brief) => {
                    made.push(at);
                    briefs.push((mutation, brief));
                }
                Err(error) => {
                    refused.extend(changes[at].request.as_ref().map(|request| request.id));
                    ends[at] = Some(End::Refused(error));
                }
            }
        }
        if made.is_empty() {
            unit.rollback().await?;
        } else {
            let outputs = M::outputs(briefs, unit.as_mut()).await?;
            let (mut origins, mut answers) = (Vec::new(), Vec::new());
            for (at, output) in made.into_iter().zip(outputs) {
                let change = &changes[at];
                origins.push((change.mutation.resource(), change.origin.clone()));
                if let Some(request) = &change.request {
                    answers.push((request.id, (change.bytes)(output.clone())));
                }
                ends[at] = Some(End::Answer(Answer::Made(output)));
            }
            unit.requests().disclaim(&refused).await?;
            unit.audit().keep_each(&origins, terms.now).await?;
            let now = self.clock.now();
            unit.requests().answer_many(&answers, now).await?;
            commit(unit).await?;
        }
        // Each has one by now.
        let ends = ends.into_iter().map(|end| end.unwrap_or(End::Alone(None)));
        Ok(ends.collect())
    }
}
