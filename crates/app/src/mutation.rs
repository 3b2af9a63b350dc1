//! What every change has in common: it is made inside a unit of work that somebody
//! else begins and ends.

use async_trait::async_trait;
use byline_domain::lifecycle::Retention;
use byline_domain::unit_of_work::UnitOfWork;
use chrono::{DateTime, Utc};

use crate::Error;

/// Under which terms changes are made.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The time of the change.
    pub now: DateTime<Utc>,
    /// How long what is deleted can be brought back.
    pub retention: Retention,
}

/// A change: decides and writes, inside an open unit of work.
#[async_trait]
pub trait Mutation: Send + Sync {
    /// What it answers.
    type Output: Send + Sync;

    /// Makes the change. An error that the caller can mend ([`Error::can_be_mended`]) leaves
    /// `unit` usable, and nothing is written then.
    async fn make(&self, unit: &mut dyn UnitOfWork, terms: &Terms) -> Result<Self::Output, Error>;
}
