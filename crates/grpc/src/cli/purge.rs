//! `byline purge`: removes what has had its time, or says what would go.

use std::sync::Arc;

use byline_app::{NoLoad, Swept};
use byline_persistence::PoolSettings;
use clap::Args;

use super::CommandError;
use super::options::{AuditOptions, DatabaseOptions};
use super::serve::{check_schema, unreachable};
use crate::bootstrap::App;

#[derive(Args, Debug)]
pub(super) struct PurgeCommand {
    #[command(flatten)]
    database: DatabaseOptions,

    #[command(flatten)]
    audit: AuditOptions,

    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
}

impl PurgeCommand {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let server = self.database.server()?;
        let app = App::for_command(server, &PoolSettings::default());
        check_schema(&app).await?;
        let sweep = app.sweep(Arc::new(NoLoad), self.audit.retention());
        if self.dry_run {
            tell("would remove", &sweep.due().await.map_err(unreachable)?);
            return Ok(());
        }
        let swept = sweep.round().await.map_err(unreachable)?;
        tell("removed", &swept);
        if swept.yielded {
            return Err("another process is sweeping: the rest is left to it".into());
        }
        Ok(())
    }
}

fn tell(what: &str, swept: &Swept) {
    for (count, one, many) in [
        (swept.posts, "post", "posts"),
        (swept.users, "user", "users"),
        (swept.requests, "record of a request", "records of requests"),
        (swept.throttles, "count of failures", "counts of failures"),
        (swept.audit_events, "audit event", "audit events"),
    ] {
        println!("{what} {count} {}", if count == 1 { one } else { many });
    }
}
