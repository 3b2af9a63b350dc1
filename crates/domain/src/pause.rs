//! The port through which something is put off.

use async_trait::async_trait;
use chrono::TimeDelta;

/// Waits before something is tried again, or goes on.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Pause: Send + Sync {
    /// Waits before the `retry`th retry, from 1 on: longer each time, and at random, so
    /// that those who met do not meet again.
    async fn before(&self, retry: u32);

    /// Waits for that long; no time if it is negative.
    async fn rest(&self, span: TimeDelta);
}
