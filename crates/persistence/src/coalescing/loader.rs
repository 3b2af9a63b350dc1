//! Reads of one key each: made at once while none is under way, together while some are.

mod batch;

use std::hash::Hash;
use std::sync::Arc;

use async_trait::async_trait;
use byline_domain::error::RepositoryError;
use byline_lanes::{Bounds, Lanes, Together, Turn};

use self::batch::Batch;
use crate::meter;

/// Bounds of a server for reads of one kind. One statement at once carries most, and one that
/// is late holds up nobody else. At most so many reads a statement: one that is wrong has few
/// others read twice.
pub(super) const BOUNDS: Bounds = Bounds {
    at_once: 1,
    most: 128,
    is_direct: true,
};

/// Where a loader reads.
#[async_trait]
pub(super) trait Reads: Send + Sync + 'static {
    /// What all keys of one statement have in common.
    type Group: Eq + Hash + Send + Sync + 'static;
    /// What is read by.
    type Key: Copy + Eq + Hash + Send + Sync + 'static;
    /// What is read of one key.
    type Row: Clone + Send + 'static;

    /// Reads what is of one key.
    async fn one(
        &self,
        group: &Arc<Self::Group>,
        key: Self::Key,
    ) -> Result<Self::Row, RepositoryError>;

    /// Reads what is of one key for a caller that reads by itself, and shares it with nobody.
    async fn alone(
        &self,
        group: &Arc<Self::Group>,
        key: Self::Key,
    ) -> Result<Self::Row, RepositoryError> {
        self.one(group, key).await
    }

    /// Reads what is of each key, by one statement. Answers in the order of the keys, which
    /// are each given once: for the first at least, and for those after it as long as there is
    /// room in the answer.
    async fn many(
        &self,
        group: &Arc<Self::Group>,
        keys: &[Self::Key],
    ) -> Result<Vec<Self::Row>, RepositoryError>;
}

/// Reads by one key each. Cheap to clone.
pub(super) struct Loader<R: Reads>(Lanes<Statements<R>>);

impl<R: Reads> Clone for Loader<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Sends the statements of a loader.
struct Statements<R>(R);

/// What a caller is told, and how many statements that took.
struct Told<T> {
    answer: Result<T, RepositoryError>,
    statements: u32,
}

/// A read that waits for a lane, and its caller for the answer.
type Waiting<R> = byline_lanes::Waiting<<R as Reads>::Key, Told<<R as Reads>::Row>>;

impl<R: Reads> Loader<R> {
    pub(super) fn new(reads: R, bounds: Bounds) -> Self {
        Self(Lanes::new(Statements(reads), bounds))
    }

    /// Reads what is of that key, by a statement that begins after this was called.
    pub(super) async fn load(
        &self,
        group: R::Group,
        key: R::Key,
    ) -> Result<R::Row, RepositoryError> {
        let group = Arc::new(group);
        let told = match self.0.turn(Arc::clone(&group), || key).await {
            Turn::Now(_lane) => return self.0.together().0.alone(&group, key).await,
            Turn::Later(place) => place.told().await,
        };
        let told = told.map_err(|_| {
            RepositoryError::Internal("a statement of many ended without answers".into())
        })?;
        meter::count(told.statements);
        told.answer
    }
}

impl<R: Reads> Together for Statements<R> {
    type Kind = R::Group;
    type Work = R::Key;
    type Answer = Told<R::Row>;

    async fn work(&self, group: &Arc<R::Group>, waiting: Vec<Waiting<R>>) -> Vec<Waiting<R>> {
        Batch::of(group, waiting).load(&self.0).await;
        Vec::new()
    }
}

#[cfg(test)]
mod tests;
