//! Sweeping beside the calls that are served.

use std::sync::Arc;
use std::time::Duration;

use byline_app::{Load, Sweep};
use byline_domain::audit::AuditRetention;

use crate::bootstrap::App;
use crate::system;

/// Sweeps every so often, as long as it is polled; never, if `every` is no time. Never
/// ends: what goes wrong is logged, and tried again the next time.
pub(crate) async fn sweep(
    app: &App,
    every: Duration,
    audit_retention: AuditRetention,
    load: Arc<dyn Load>,
) {
    if every.is_zero() {
        return std::future::pending().await;
    }
    let sweep = app.sweep(load, audit_retention);
    loop {
        // At random, so that replicas that started together do not all come at once.
        tokio::time::sleep(every.mul_f64(0.5 + system::fraction() / 2.0)).await;
        round(&sweep).await;
    }
}

async fn round(sweep: &Sweep) {
    match sweep.round().await {
        Ok(swept) if swept.is_nothing() => {}
        Ok(swept) => tracing::info!(
            posts = swept.posts,
            users = swept.users,
            requests = swept.requests,
            throttles = swept.throttles,
            audit_events = swept.audit_events,
            "removed what had its time"
        ),
        Err(error) => tracing::warn!(%error, "sweeping failed; it is tried again"),
    }
}
