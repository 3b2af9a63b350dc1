//! `byline purge`: removes what has had its time, or says what would go.

use std::sync::Arc;

use byline_app::{NoLoad, Swept};
use byline_domain::audit::AuditRetention;
use byline_persistence::PoolSettings;
use clap::Args;

use super::CommandError;
use super::options::{DatabaseOptions, audit_retention};
use super::serve::{check_schema, unreachable};
use crate::bootstrap::App;

#[derive(Args, Debug)]
pub(super) struct PurgeCommand {
    #[command(flatten)]
    database: DatabaseOptions,

    /// How long events of the audit log are kept, such as 400d, as servers do; they are not looked at if left out
    #[arg(long, env = "BYLINE_AUDIT_RETENTION", value_name = "TIME", value_parser = audit_retention)]
    audit_retention: Option<AuditRetention>,

    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
}

impl PurgeCommand {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let server = self.database.server()?;
        let app = App::for_command(server, &PoolSettings::default());
        check_schema(&app).await?;
        let sweep = app.sweep(
            Arc::new(NoLoad),
            self.audit_retention.unwrap_or(AuditRetention::LONGEST),
        );
        if self.dry_run {
            self.tell("would remove", &sweep.due().await.map_err(unreachable)?);
            return Ok(());
        }
        let swept = sweep.round().await.map_err(unreachable)?;
        self.tell("removed", &swept);
        if swept.yielded {
            return Err("another process is sweeping: the rest is left to it".into());
        }
        Ok(())
    }

    fn tell(&self, what: &str, swept: &Swept) {
        for (count, one, many) in [
            (swept.posts, "post", "posts"),
            (swept.users, "user", "users"),
            (swept.requests, "record of a request", "records of requests"),
            (swept.throttles, "count of failures", "counts of failures"),
        ] {
            told(what, count, one, many);
        }
        if self.audit_retention.is_some() {
            told(what, swept.audit_events, "audit event", "audit events");
        } else {
            println!("audit events: not looked at: give --audit-retention");
        }
    }
}

fn told(what: &str, count: u64, one: &str, many: &str) {
    println!("{what} {count} {}", if count == 1 { one } else { many });
}
