//! Readiness: whether a call that is made now can be answered. Follows the
//! database and its schema, for each service and for the server as a whole.

use std::time::Duration;

use byline_domain::error::RepositoryError;
use byline_persistence::Database;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::causes::with_causes;

/// The names under which health is told; "" is the server as a whole.
const SERVICES: [&str; 7] = [
    "",
    "byline.v1.UserService",
    "byline.v1.PostService",
    "byline.v1.TransactionService",
    "byline.v1.TransferService",
    "byline.v1.CredentialService",
    "byline.v1.AuditService",
];

const PROBE_EVERY: Duration = Duration::from_secs(1);
/// A database that takes longer to say that it is there is not.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Tells how the server is.
#[derive(Clone)]
pub(crate) struct Health {
    reporter: HealthReporter,
}

impl Health {
    /// Starts out as not serving: the first probe tells.
    pub(crate) async fn new(reporter: HealthReporter) -> Self {
        let health = Self { reporter };
        health.set(ServingStatus::NotServing).await;
        health
    }

    /// Probes the database for as long as it is polled.
    pub(crate) async fn follow(&self, database: &Database) {
        let mut was_ready = None;
        loop {
            let unready = probe(database).await;
            if was_ready != Some(unready.is_none()) {
                match &unready {
                    None => tracing::info!("ready"),
                    Some(reason) => tracing::warn!(reason, "not ready"),
                }
                was_ready = Some(unready.is_none());
                self.set(match unready {
                    None => ServingStatus::Serving,
                    Some(_) => ServingStatus::NotServing,
                })
                .await;
            }
            tokio::time::sleep(PROBE_EVERY).await;
        }
    }

    /// Tells everybody to go elsewhere.
    pub(crate) async fn stop_serving(&self) {
        self.set(ServingStatus::NotServing).await;
    }

    /// Ends the streams of those who watch, which would keep the server open.
    pub(crate) async fn end_watches(&mut self) {
        for service in SERVICES {
            self.reporter.clear_service_status(service).await;
        }
    }

    async fn set(&self, status: ServingStatus) {
        for service in SERVICES {
            self.reporter.set_service_status(service, status).await;
        }
    }
}

/// Why a call cannot be answered; `None` when it can.
async fn probe(database: &Database) -> Option<String> {
    match tokio::time::timeout(PROBE_TIMEOUT, database.schema_state()).await {
        Err(_) => Some("the database does not answer".to_owned()),
        Ok(Err(error)) => Some(with_causes(&cause(database, error).await)),
        Ok(Ok(state)) => state.refusal(),
    }
}

/// Why there is no database. The pool says no more than that it waited for a connection, and one
/// that is made beside it says why.
async fn cause(database: &Database, error: RepositoryError) -> RepositoryError {
    if !matches!(error, RepositoryError::Unavailable(_)) {
        return error;
    }
    match tokio::time::timeout(PROBE_TIMEOUT, database.reach()).await {
        Ok(Err(cause)) => cause,
        Ok(Ok(())) | Err(_) => error,
    }
}
