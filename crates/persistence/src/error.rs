//! The only place that turns an error of the driver into one of the domain.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the driver's errors are a growing list; whatever is new is a defect here"
)]

use byline_domain::error::RepositoryError;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

/// What an error of the driver means to a repository. Conflicts that a statement
/// expects are told apart by the statement itself, without an error.
pub(crate) fn translate(error: sqlx::Error) -> RepositoryError {
    let kind = match &error {
        _ if loses_connection(&error) => Kind::Lost,
        sqlx::Error::Database(database) => kind_of(database.as_ref()),
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            Kind::Unavailable
        }
        _ => Kind::Internal,
    };
    let source = Box::new(Redacted::of_service(error));
    match kind {
        Kind::Contention => RepositoryError::Contention(source),
        Kind::Unavailable => RepositoryError::Unavailable(source),
        Kind::TimedOut => RepositoryError::TimedOut(source),
        Kind::Lost => RepositoryError::ConnectionLost(source),
        Kind::Internal => RepositoryError::Internal(source),
    }
}

/// What it means that COMMIT failed: whatever is no answer of the server leaves open whether
/// it was done.
pub(crate) fn translate_of_commit(error: sqlx::Error) -> RepositoryError {
    match error {
        sqlx::Error::Database(_) => translate(error),
        other => RepositoryError::ConnectionLost(Box::new(Redacted::of_service(other))),
    }
}

/// What it means that no connection was to be had, whatever the reason.
pub(crate) fn unreachable(error: sqlx::Error) -> RepositoryError {
    RepositoryError::Unavailable(Box::new(Redacted::of_service(error)))
}

/// Whether the connection that met the error must not be used again.
pub(crate) fn breaks_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(database) => {
            loses_connection(error)
                || matches!(
                    kind_of(database.as_ref()),
                    Kind::Unavailable | Kind::TimedOut
                )
                || database.code().as_deref() == Some(STALE_PLAN)
        }
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) => true,
        _ => false,
    }
}

/// Whether the connection ended under the statement, as when the server goes away.
pub(crate) fn loses_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(database) => {
            let code = database.code();
            // Shutting down, crashed, starting up; idle too long in a transaction, which ends
            // the session; class 08, connection exceptions.
            code.is_some_and(|code| {
                code.starts_with("57P") || code == "25P03" || code.starts_with("08")
            })
        }
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) => true,
        _ => false,
    }
}

/// Whether the role of the connection may not do what was asked for.
pub fn is_forbidden(error: &RepositoryError) -> bool {
    let source = std::error::Error::source(error);
    let redacted = source.and_then(<dyn std::error::Error>::downcast_ref::<Redacted>);
    redacted.is_some_and(|Redacted(told)| told.starts_with(FORBIDDEN))
}

/// "insufficient privilege".
pub(crate) const FORBIDDEN: &str = "42501";

enum Kind {
    Contention,
    Unavailable,
    TimedOut,
    Lost,
    Internal,
}

/// "cached plan must not change result type": the schema changed under a prepared
/// statement. It stays so on that connection, and is fine on a new one.
const STALE_PLAN: &str = "0A000";

fn kind_of(error: &dyn DatabaseError) -> Kind {
    match error.code().as_deref().unwrap_or_default() {
        // Serialization failure, deadlock, lock not available; then a unique or
        // foreign key that a concurrent change broke after the statement had
        // looked: the next try sees it.
        "40001" | "40P01" | "55P03" | STALE_PLAN | "23505" | "23503" => Kind::Contention,
        // Cancelled, by a time-out as a rule.
        "57014" => Kind::TimedOut,
        // Read-only (a server that was demoted), too many connections.
        "25006" | "53300" => Kind::Unavailable,
        _ => Kind::Internal,
    }
}

/// An error of the driver without the values that it is about, which may be an e-mail address or
/// a hash, so that it can be logged and shown to an operator.
#[derive(Debug)]
pub(crate) struct Redacted(String);

impl Redacted {
    /// What a statement of the program met, which is about what callers sent. Functions and
    /// triggers of the owner run within it, and may say anything of the row that they see.
    pub(crate) fn of_service(error: sqlx::Error) -> Self {
        let database = error.as_database_error();
        match database.filter(|database| may_tell_values(*database)) {
            Some(database) => {
                let code = database.code().unwrap_or_default();
                Self(format!("{code}, of which the log of PostgreSQL says more"))
            }
            None => Self::from(error),
        }
    }
}

/// Whether what PostgreSQL says, and names, may be put together from values.
fn may_tell_values(database: &dyn DatabaseError) -> bool {
    let error = database.try_downcast_ref::<PgDatabaseError>();
    // Something ran within the statement, such as a function that raises what its author chose,
    // down to the name of a constraint.
    let is_within = error.is_none_or(|error| error.r#where().is_some());
    is_within || !names_no_values(&database.code().unwrap_or_default())
}

/// What a statement of an operator met, such as one of a migration: a syntax error in it and what
/// its functions raise are its own.
impl From<sqlx::Error> for Redacted {
    fn from(error: sqlx::Error) -> Self {
        Self(match error {
            sqlx::Error::Database(database) => {
                let code = database.code().unwrap_or_default();
                match database.constraint() {
                    Some(constraint) => format!("{code} on constraint {constraint}"),
                    None if code.starts_with("22") => format!("{code} in the data"),
                    None => format!("{code}: {}", database.message()),
                }
            }
            sqlx::Error::ColumnDecode { index, .. } => format!("column {index} cannot be read"),
            sqlx::Error::Decode(_) => "a value cannot be read".to_owned(),
            sqlx::Error::Encode(_) => "a value cannot be sent".to_owned(),
            other => other.to_string(),
        })
    }
}

/// Whether messages of that code name settings, roles, relations and columns, and never what is
/// in them. Those of functions and triggers (class P0) say whatever their author had them say,
/// and a query in which a syntax error was found may be the text that somebody searches for.
fn names_no_values(code: &str) -> bool {
    const CLASSES: [&str; 16] = [
        "08", "0A", "22", "23", "25", "26", "28", "3D", "3F", "40", "42", "53", "54", "55", "57",
        "58",
    ];
    code != SYNTAX_ERROR && CLASSES.iter().any(|class| code.starts_with(class))
}

const SYNTAX_ERROR: &str = "42601";

impl std::fmt::Display for Redacted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Redacted {}
