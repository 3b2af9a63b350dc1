//! Many changes of one kind at once.

use async_trait::async_trait;
use byline_domain::unit_of_work::UnitOfWork;

use crate::{Error, Mutation, Terms};

/// What becomes of a batch of which a part fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Atomicity {
    /// All or nothing.
    All,
    /// Each for itself.
    Each,
}

/// Changes that are made one after the other, each seeing those before it.
#[derive(Clone, Debug)]
pub struct Batch<M> {
    /// The changes, 1,000 at most.
    pub items: Vec<M>,
    /// What becomes of the others when one fails.
    pub atomicity: Atomicity,
}

/// What became of each change of a batch, in their order.
pub type Outcomes<T> = Vec<Result<T, Error>>;

/// A change that can be made in a batch.
#[async_trait]
pub trait Batched: Mutation + Sized {
    /// What each of a batch answers.
    type Brief: Send + Sync;

    /// Makes the changes as if by [`Mutation::make`] one after the other, at the price of
    /// a few statements where that comes to the same. An error among the outcomes is one
    /// that the caller can mend, or that what it is about cannot be read, and nothing is
    /// written for it; any other error dooms them all.
    async fn make_all(
        items: &[Self],
        unit: &mut dyn UnitOfWork,
        terms: &Terms,
    ) -> Result<Outcomes<Self::Brief>, Error>;
}

#[async_trait]
impl<M: Batched> Mutation for Batch<M> {
    type Output = Outcomes<M::Brief>;

    async fn make(&self, unit: &mut dyn UnitOfWork, terms: &Terms) -> Result<Self::Output, Error> {
        let outcomes = M::make_all(&self.items, unit, terms).await?;
        match self.atomicity {
            Atomicity::Each => Ok(outcomes),
            Atomicity::All => {
                let numbered = outcomes.into_iter().enumerate();
                numbered
                    .map(|(index, outcome)| match outcome {
                        Ok(brief) => Ok(Ok(brief)),
                        Err(error) => Err(error.at(format!("requests[{index}]"))),
                    })
                    .collect()
            }
        }
    }
}
