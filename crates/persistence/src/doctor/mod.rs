//! Looks at a live database and says what is not as the service needs it, with what mends it.

mod audit;
mod made;
mod report;
mod rights;
mod role;
mod server;
mod session;
mod setting;
mod state;

use byline_domain::audit::AuditRetention;
use byline_domain::error::RepositoryError;
use sqlx::postgres::PgConnection;

pub use self::report::{CHECKS, Check, Grade};
pub(crate) use self::role::{Home, Role};

use self::report::Report;
use crate::grants::differences;
use crate::pool::{Database, PoolSettings};

/// What is to be looked at.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The role that the service runs as; that of the connection if absent.
    pub service_role: Option<&'a str>,
    /// The pool of one server.
    pub pool: &'a PoolSettings,
    /// How long servers keep events of the audit log.
    pub audit_retention: AuditRetention,
}

/// How a role stands to what the service needs.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has what the service needs, and grants bind it.
    Bound,
    /// No grant binds it: which, and why, as a sentence begins.
    Unbound(String),
    /// It lacks something.
    Lacking {
        /// Which role, as SQL names it.
        role: String,
        /// What, each as a sentence.
        missing: Vec<String>,
    },
}

impl Database {
    /// Looks at the database, and changes nothing. In a fixed order; several findings of one
    /// check follow each other.
    pub async fn examine(&self, asked: &Asked<'_>) -> Result<Vec<Check>, RepositoryError> {
        let mut report = Report::default();
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let looked = self.look(&mut statement, asked, &mut report).await;
        let looked = statement.finish(looked)?;
        // Given back, since what follows takes one too, and the pool may have no other.
        drop(lease);
        if let Some(rows) = looked {
            self.look_at_rows(&rows, asked.audit_retention, &mut report)
                .await?;
        }
        Ok(report.checks())
    }

    /// How the role of the connections stands to what the service needs.
    pub async fn standing(&self) -> Result<Standing, RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let found = standing(&mut statement).await;
        statement.finish(found)
    }

    async fn look(
        &self,
        connection: &mut PgConnection,
        asked: &Asked<'_>,
        report: &mut Report,
    ) -> Result<Option<state::Readable>, sqlx::Error> {
        let found = Home::find(connection).await?;
        let home = found.as_ref();
        let role = Role::find(connection, asked.service_role).await?;
        let is_service = role.as_ref().is_some_and(|role| role.is_me);
        server::check(connection, &self.server(), home, is_service, report).await?;
        let mut unbound = None;
        if let Some(role) = &role {
            role::check(connection, role, report).await?;
            session::check(connection, role, asked.pool, report).await?;
            unbound = role.unbound(connection, home).await?;
        } else {
            let name = asked.service_role.unwrap_or_default();
            role::missing(connection, name, home.is_some(), report).await?;
            report.skipped_all(&session::CHECKS, NO_ROLE);
        }
        match (home, &role) {
            (None, _) => report.skipped_all(&rights::CHECKS, NO_TABLES),
            (_, None) => report.skipped_all(&rights::CHECKS, NO_ROLE),
            (Some(home), Some(role)) => {
                rights::check(connection, home, role, unbound.as_ref(), report).await?;
            }
        }
        // Whom new tables are for: nobody whom grants do not bind.
        let name = role.as_ref().map(|role| role.name.as_str());
        let service = name.or(asked.service_role).filter(|_| unbound.is_none());
        let Some(home) = found else {
            report.skipped_all(&["security-definer", "indexes"], NO_TABLES);
            state::has_no_tables(service, report);
            return Ok(None);
        };
        rights::check_definers(connection, &home, report).await?;
        state::check(connection, home, service, report).await
    }
}

const NO_ROLE: &str = "there is no such role";
const NO_TABLES: &str = "the database has none of Byline's tables";

async fn standing(connection: &mut PgConnection) -> Result<Standing, sqlx::Error> {
    let role = Role::find(connection, None).await?;
    let (Some(role), Some(home)) = (role, Home::find(connection).await?) else {
        return Ok(Standing::Bound);
    };
    if let Some(unbound) = role.unbound(connection, Some(&home)).await? {
        let why = unbound.why();
        return Ok(Standing::Unbound(format!("{} {why}", role.quoted)));
    }
    let differences = differences(connection, &home, &role).await?.into_iter();
    let missing: Vec<_> = differences
        .filter(|difference| difference.is_missing)
        .map(|difference| difference.says)
        .collect();
    Ok(if missing.is_empty() {
        Standing::Bound
    } else {
        let role = role.quoted;
        Standing::Lacking { role, missing }
    })
}
