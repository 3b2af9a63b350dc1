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
            let probed = probe(database).await;
            if was_ready != Some(probed.is_ok()) {
                was_ready = Some(probed.is_ok());
                self.set(match &probed {
                    Ok(()) => ServingStatus::Serving,
                    Err(_) => ServingStatus::NotServing,
                })
                .await;
                match probed {
                    Ok(()) => tracing::info!("ready"),
                    Err(unready) => {
                        let reason = unready.reason(database).await;
                        tracing::warn!(reason, "not ready");
                    }
                }
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

/// Why a call cannot be answered.
enum Unready {
    Silent,
    Failed(RepositoryError),
    /// By its schema.
    Refused(String),
}

async fn probe(database: &Database) -> Result<(), Unready> {
    let state = tokio::time::timeout(PROBE_TIMEOUT, database.schema_state()).await;
    let state = state.map_err(|_| Unready::Silent)?;
    let refusal = state.map_err(Unready::Failed)?.refusal();
    refusal.map_or(Ok(()), |refusal| Err(Unready::Refused(refusal)))
}

impl Unready {
    /// In a sentence. The pool says no more than that it waited for a connection, and one that is
    /// made beside it says why.
    async fn reason(self, database: &Database) -> String {
        let error = match self {
            Self::Silent => return "the database does not answer".to_owned(),
            Self::Refused(refusal) => return refusal,
            Self::Failed(error) => error,
        };
        if !matches!(error, RepositoryError::Unavailable(_)) {
            return with_causes(&error);
        }
        match tokio::time::timeout(PROBE_TIMEOUT, database.reach()).await {
            Ok(Err(cause)) => with_causes(&cause),
            Ok(Ok(())) | Err(_) => with_causes(&error),
        }
    }
}
