//! How every method that changes something is answered.

use std::marker::PhantomData;
use std::sync::Arc;

use byline_app::{Answer, Batched, Error, GroupCommit, Grouped, Intent, Mutation, Render, Writer};
use byline_domain::error::{ValidationError, join};
use prost::Message;
use tonic::{Request, Response, Status};

use super::origin::origin;
use crate::access;
use crate::convert::batch::{self, Many};
use crate::convert::intent::{self, Mutating};
use crate::status::{from_app, invalid, unreadable_record};

/// Makes the change that a request asks for. `convert` reads the request, `respond` makes
/// the message that answers it, which is also what a retry is answered.
pub(super) async fn change<R, M, A>(
    writer: &Writer,
    request: Request<R>,
    convert: impl FnOnce(R) -> Result<M, ValidationError> + Send,
    respond: impl Fn(M::Output) -> A + Send + Sync,
) -> Result<Response<A>, Status>
where
    R: Mutating,
    M: Mutation,
    A: Message + Default,
{
    let (mutation, intent) = read(request, convert)?;
    answer(writer, mutation, intent, respond).await
}

/// Makes the change that a request asks for as [`change`] does, along with others that arrive
/// together.
pub(super) async fn change_together<R, M, A>(
    group: &GroupCommit<M>,
    request: Request<R>,
    convert: impl FnOnce(R) -> Result<M, ValidationError> + Send,
    respond: impl Fn(M::Output) -> A + Send + Sync + 'static,
) -> Result<Response<A>, Status>
where
    R: Mutating,
    M: Grouped,
    A: Message + Default + 'static,
{
    let (mutation, intent) = read(request, convert)?;
    let render = Arc::new(Respond::new(respond));
    self::respond(group.write(mutation, &intent, render).await)
}

/// What a request asks for, if its caller may.
fn read<R: Mutating, M>(
    request: Request<R>,
    convert: impl FnOnce(R) -> Result<M, ValidationError>,
) -> Result<(M, Intent), Status> {
    let caller = access::caller(&request);
    let origin = origin(&request, R::METHOD);
    let mut request = request.into_inner();
    access::require(&caller, request.reach())?;
    let intent = intent::take(&mut request, &caller);
    let (mutation, intent) = join(convert(request), intent).map_err(|error| invalid(&error))?;
    Ok((mutation, Intent { origin, ..intent }))
}

/// Makes the changes that a batch asks for. `convert` reads one request, `respond` makes
/// the message of what became of each.
pub(super) async fn change_many<Q, M, R, A>(
    writer: &Writer,
    request: Request<Q>,
    convert: impl Fn(Q::One) -> Result<M, ValidationError> + Send,
    respond: impl Fn(Vec<R>) -> A + Send + Sync,
) -> Result<Response<A>, Status>
where
    Q: Many,
    M: Batched,
    R: From<Result<M::Brief, tonic_types::Status>>,
    A: Message + Default,
{
    let caller = access::caller(&request);
    let origin = origin(&request, Q::METHOD);
    let mut request = request.into_inner();
    access::require(&caller, request.reach())?;
    let intent = intent::take(&mut request, &caller);
    let read = join(batch::read(request, convert), intent);
    let ((batch, refused), intent) = read.map_err(|error| invalid(&error))?;
    let intent = Intent { origin, ..intent };
    answer(writer, batch, intent, |outcomes| {
        respond(refused.beside(outcomes))
    })
    .await
}

async fn answer<M, A>(
    writer: &Writer,
    mutation: M,
    intent: Intent,
    message: impl Fn(M::Output) -> A + Send + Sync,
) -> Result<Response<A>, Status>
where
    M: Mutation,
    A: Message + Default,
{
    let render = Respond::new(message);
    respond(writer.write(&mutation, &intent, &render).await)
}

/// The message that answers a change.
pub(super) fn respond<A: Message + Default>(
    answer: Result<Answer<A>, Error>,
) -> Result<Response<A>, Status> {
    match answer.map_err(from_app)? {
        Answer::Made(message) => Ok(Response::new(message)),
        Answer::Recorded(bytes) => A::decode(bytes.as_slice())
            .map(Response::new)
            .map_err(|error| unreadable_record(&error)),
    }
}

/// Tells a change by a message, and keeps that as it goes over the wire.
pub(super) struct Respond<F, A>(F, PhantomData<fn() -> A>);

impl<F, A> Respond<F, A> {
    /// By the message that this makes.
    pub(super) fn new(message: F) -> Self {
        Self(message, PhantomData)
    }
}

impl<T, A, F> Render<T> for Respond<F, A>
where
    A: Message,
    F: Fn(T) -> A + Send + Sync,
{
    type Told = A;

    fn tell(&self, output: T) -> A {
        self.0(output)
    }

    fn bytes(&self, told: &A) -> Vec<u8> {
        told.encode_to_vec()
    }
}
