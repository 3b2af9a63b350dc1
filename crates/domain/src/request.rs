//! Requests that carry an id, so that a retry is answered as the first was.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::error::RepositoryError;
use crate::ids::RequestId;

/// Tells requests apart: a SHA-256 of who asks for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

/// A request that changes something and may be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What the caller calls it; the same for every retry of it.
    pub id: RequestId,
    /// The method that is called, by its name in the contract.
    pub method: &'static str,
    /// What is asked for, all of it but the id.
    pub digest: Digest,
}

/// What is kept of a request that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// The method that was called.
    pub method: String,
    /// What was asked for.
    pub digest: Digest,
    /// What was answered, in the bytes that went over the wire.
    pub response: Vec<u8>,
}

impl RequestRecord {
    /// Whether it is the record of this request, rather than of another one that was
    /// given the same id.
    pub fn is_of(&self, request: &Request) -> bool {
        self.method == request.method && self.digest == request.digest
    }
}

/// What becomes of an id that is claimed along with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// This unit of work has it.
    Taken,
    /// This is kept under it.
    Answered(RequestRecord),
    /// Another unit of work has it.
    UnderWay,
}

/// Keeps what was answered, in the unit of work that makes the change. What takes many costs
/// the database no more statements than two, unless others have some of the ids.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait RequestRepository: Send {
    /// Takes the id for this unit of work, or answers the record that is kept under it,
    /// whatever it is of. While another unit of work has the id, MUST wait for its end, as
    /// long as this statement may take: what bounds the wait for other locks does not bound
    /// this one.
    async fn claim(
        &mut self,
        request: &Request,
        now: DateTime<Utc>,
    ) -> Result<Option<RequestRecord>, RepositoryError>;

    /// Keeps the answer under an id that this unit of work has claimed, for as long as
    /// [`REQUESTS_KEPT`](crate::sweep::REQUESTS_KEPT) says from `now` on; of any other id it
    /// is a defect of the caller: `Internal`. Whoever commits a claim has answered it.
    async fn answer(
        &mut self,
        id: RequestId,
        response: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError>;

    /// Takes each id as [`Self::claim`] does, and answers in the order given; each is given
    /// once. MUST wait for other units of work no longer than for any other lock: what they
    /// have then is `UnderWay`, or may be, and what nobody else has is taken all the same.
    async fn claim_many(
        &mut self,
        requests: &[Request],
        now: DateTime<Utc>,
    ) -> Result<Vec<Claim>, RepositoryError>;

    /// Gives up ids that this unit of work has claimed, so that nothing is kept of them.
    async fn disclaim(&mut self, ids: &[RequestId]) -> Result<(), RepositoryError>;

    /// Keeps each answer as [`Self::answer`] does.
    async fn answer_many(
        &mut self,
        answers: &[(RequestId, Vec<u8>)],
        now: DateTime<Utc>,
    ) -> Result<(), RepositoryError>;
}
