//! What calls cost.

use std::pin::Pin;

use async_trait::async_trait;

/// Counts the statements that calls send.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Meter: Send + Sync {
    /// Does the work, which is of no call or of several, and answers how many statements it sent.
    async fn measure<'w>(&self, work: Pin<Box<dyn Future<Output = ()> + Send + 'w>>) -> u32;

    /// Counts so many statements for the call under way here.
    fn count(&self, statements: u32);
}
