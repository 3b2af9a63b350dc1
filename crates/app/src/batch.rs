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
    /// that the caller can mend, and nothing is written for it; any other error dooms them
    /// all.
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

/// Makes the changes one by one: where one may be in the way of another.
pub(crate) async fn one_by_one<M: Batched>(
    items: &[M],
    unit: &mut dyn UnitOfWork,
    terms: &Terms,
    brief: impl Fn(M::Output) -> M::Brief + Send,
) -> Result<Outcomes<M::Brief>, Error> {
    let mut outcomes = Vec::with_capacity(items.len());
    for item in items {
        match item.make(unit, terms).await {
            Err(error) if !error.can_be_mended() => return Err(error),
            outcome => outcomes.push(outcome.map(&brief)),
        }
    }
    Ok(outcomes)
}

/// Whether one of them is there twice.
pub(crate) fn any_twice<T: Eq + std::hash::Hash>(items: impl IntoIterator<Item = T>) -> bool {
    let mut seen = std::collections::HashSet::new();
    items.into_iter().any(|item| !seen.insert(item))
}
