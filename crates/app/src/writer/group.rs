//! Changes of one kind that arrive together are made by one unit of work, with one COMMIT: what
//! databases call a group commit. Each has its own answer, and is as atomic as it is alone.

mod attempt;
mod callers;

use std::collections::HashSet;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use byline_domain::audit::Origin;
use byline_domain::error::Source;
use byline_domain::meter::Meter;
use byline_domain::request::Request;
use byline_domain::unit_of_work::UnitOfWork;
use byline_lanes::{Bounds, Lanes, Together, Turn};
use uuid::Uuid;

use self::attempt::Outcome;
use self::callers::Callers;
use super::{Answer, Intent, Render, Writer};
use crate::{Batched, Error};

/// So many units of work at once: one writes while another one is committed. Three were no faster:
/// each holds fewer changes then.
const LANES: usize = 2;

/// A change of which several can be made at once, whoever asks for them.
#[async_trait]
pub trait Grouped: Batched + Clone + 'static {
    /// What its answer tells beside what it answers in a batch.
    type Stored: Send;

    /// The id of what is changed, which all that is noted of it is about. Of two with the same, one
    /// is made alone.
    fn resource(&self) -> Uuid;

    /// Whether it is so small that many fit into memory several times. Others are made alone.
    fn is_light(&self) -> bool;

    /// Reads what their answers tell beside, before anything is written, and has it stay so. Where
    /// that is too much at once it is of the first of them, and the others wait.
    async fn hold(items: &[Self], unit: &mut dyn UnitOfWork) -> Result<Vec<Self::Stored>, Error>;

    /// What it answers alone, of what it answers in a batch.
    fn output(self, made: Self::Brief, stored: Self::Stored) -> Self::Output;
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
    asked: Asked<M::Output>,
}

/// Who asks for a change, and how they are answered.
struct Asked<T> {
    request: Option<Request>,
    origin: Origin,
    /// Has the answer wait until all is committed, and tells it in bytes if a retry is to have it.
    render: Box<dyn FnOnce(T) -> Option<Vec<u8>> + Send>,
}

/// What a caller is told, and how many statements that took.
struct Told {
    end: End,
    statements: u32,
}

/// How a change ended that was made along with others.
enum End {
    /// It was made, and the answer waits.
    Made,
    /// What the first request of its id was told.
    Recorded(Vec<u8>),
    Refused(Error),
    /// Nothing was kept of it, and it is to be made alone; unless the COMMIT is unknown.
    Alone(Option<Source>),
}

/// A change that waits for a lane, and its caller for the answer.
type Waiting<M> = byline_lanes::Waiting<Change<M>, Told>;

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
        let made = Arc::new(Mutex::new(None));
        let told = match self.turn(&mutation, intent, &render, &made).await {
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
            // Whatever it was begun by is gone, and tells nothing of its COMMIT.
            Err(lost) => End::Alone(Some(Box::new(lost))),
        };
        match end {
            End::Made => {
                let told = made.lock().unwrap_or_else(PoisonError::into_inner).take();
                let lost = || Error::Internal("a change was made without an answer".into());
                told.map(Answer::Made).ok_or_else(lost)
            }
            End::Recorded(bytes) => Ok(Answer::Recorded(bytes)),
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

    /// What to do with the change. Where it is made along with others, its answer is put into
    /// `made`.
    async fn turn<R>(
        &self,
        mutation: &M,
        intent: &Intent,
        render: &Arc<R>,
        made: &Arc<Mutex<Option<R::Told>>>,
    ) -> Turn<Group<M>>
    where
        R: Render<M::Output> + 'static,
    {
        let turn = self.0.turn(Arc::new(()), || {
            let (render, made) = (Arc::clone(render), Arc::clone(made));
            let is_kept = intent.request.is_some();
            let asked = Asked {
                request: intent.request.clone(),
                origin: intent.origin.clone(),
                render: Box::new(move |output| {
                    let told = render.tell(output);
                    let bytes = is_kept.then(|| render.bytes(&told));
                    *made.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
                    bytes
                }),
            };
            Change {
                mutation: mutation.clone(),
                asked,
            }
        });
        turn.await
    }
}

impl<M: Grouped> Together for Group<M> {
    type Kind = ();
    type Work = Change<M>;
    type Answer = Told;

    /// Makes all of them, but for those for which there is no room, which wait again.
    async fn work(&self, _: &Arc<()>, waiting: Vec<Waiting<M>>) -> Vec<Waiting<M>> {
        let mut resources = HashSet::new();
        let (mut changes, mut callers) = (Vec::new(), Callers::default());
        // These are told in the end that they are alone: now they would have the group wait for
        // what it changes.
        let mut repeated = Callers::default();
        for Waiting::<M> {
            work: change,
            answer,
        } in waiting
        {
            if resources.insert(change.mutation.resource()) {
                changes.push(change);
                callers.add(answer);
            } else {
                repeated.add(answer);
            }
        }
        let mut outcomes = Vec::new();
        let commit = callers.commit();
        let work = async { outcomes = self.writer.end_all(changes, &commit).await };
        let statements = tokio::select! {
            statements = self.meter.measure(Box::pin(work)) => statements,
            // As of a change that is made alone, nothing is kept then.
            () = callers.gone_before_commit() => return Vec::new(),
        };
        let mut left = Vec::new();
        for (answer, outcome) in callers.take().zip(outcomes) {
            match outcome {
                // Whoever is gone wants no answer.
                Outcome::Ended(end) => drop(answer.send(Told { end, statements })),
                Outcome::Later(work) => left.push(Waiting::<M> { work, answer }),
            }
        }
        left
    }
}
