//! The port through which any number of users or posts are read, as they are at one moment.

use async_trait::async_trait;

use crate::error::RepositoryError;
use crate::order::Order;
use crate::post::{PostField, PostFilter, PostView};
use crate::selection::Fields;
use crate::user::{UserField, UserFilter, UserView};

/// How many rows come at a time at most.
pub const MAX_ROWS: usize = 1_000;

/// What the rows that come at a time may weigh together, in bytes
/// ([`UserView::weight`], [`PostView::weight`]). A row that is heavier comes alone.
pub const MAX_WEIGHT: u64 = 512 * 1024;

/// Reads all users or all posts that a filter means.
///
/// An export MUST answer each row once, as it was at one moment between the call of the
/// method and its answer of the first rows, whatever is changed while it is read. It reads the
/// fields that are asked for and MUST answer no others. Without an order the rows come in no
/// particular one. It MUST hold no more of them in memory than a few of the parts that it
/// answers, however many there are, and read no further ahead of its caller than that.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Exporter: Send + Sync {
    /// Begins to read users.
    async fn users(
        &self,
        filter: &UserFilter,
        order: Option<Order<UserField>>,
        fields: &Fields<UserField>,
    ) -> Result<Box<dyn Export<UserView>>, RepositoryError>;

    /// Begins to read posts.
    async fn posts(
        &self,
        filter: &PostFilter,
        order: Option<Order<PostField>>,
        fields: &Fields<PostField>,
    ) -> Result<Box<dyn Export<PostView>>, RepositoryError>;
}

/// Rows that are being read. Dropping it MUST end the work for it everywhere.
#[async_trait]
pub trait Export<T>: Send {
    /// The next rows: 1 to [`MAX_ROWS`], which weigh at most [`MAX_WEIGHT`] or are one;
    /// `None` after the last. After a failure it is not to be called again.
    async fn next(&mut self) -> Result<Option<Vec<T>>, RepositoryError>;
}

/// Rows that are gathered to come at a time.
#[derive(Debug)]
pub struct Gathering<T> {
    rows: Vec<T>,
    weight: u64,
}

impl<T> Default for Gathering<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            weight: 0,
        }
    }
}

impl<T> Gathering<T> {
    /// Adds a row of that weight; answers those before it, if it is not to come with them.
    pub fn add(&mut self, row: T, weight: u64) -> Option<Vec<T>> {
        let together = self.weight.saturating_add(weight);
        let is_full = self.rows.len() == MAX_ROWS || together > MAX_WEIGHT;
        let full = is_full.then(|| self.take()).flatten();
        self.weight = self.weight.saturating_add(weight);
        self.rows.push(row);
        full
    }

    /// The rows that were added and not answered yet; `None` if there are none.
    pub fn take(&mut self) -> Option<Vec<T>> {
        self.weight = 0;
        // As many are likely to come again.
        let next = Vec::with_capacity(self.rows.len());
        Some(std::mem::replace(&mut self.rows, next)).filter(|rows| !rows.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many rows of those weights come at a time.
    fn parts(weights: impl IntoIterator<Item = u64>) -> Vec<usize> {
        let mut gathering = Gathering::default();
        let mut parts: Vec<Vec<u64>> = Vec::new();
        for weight in weights {
            parts.extend(gathering.add(weight, weight));
        }
        parts.extend(gathering.take());
        parts.iter().map(Vec::len).collect()
    }

    #[test]
    fn no_more_than_a_thousand_rows_come_at_a_time() {
        assert_eq!(parts(vec![1; 2_500]), [1_000, 1_000, 500]);
        assert_eq!(parts(vec![1; 1_000]), [1_000]);
        assert_eq!(parts([]), []);
    }

    #[test]
    fn no_more_than_a_weight_comes_at_a_time_but_for_a_row_that_is_heavier() {
        let half = MAX_WEIGHT / 2;
        assert_eq!(parts([half; 5]), [2, 2, 1]);
        assert_eq!(parts([half, half + 1, half - 1]), [1, 2]);
        let heavy = 2 * MAX_WEIGHT;
        assert_eq!(parts([1, 1, heavy, heavy, 1]), [2, 1, 1, 1]);
        assert_eq!(parts([heavy, u64::MAX, 1]), [1, 1, 1]);
    }
}
