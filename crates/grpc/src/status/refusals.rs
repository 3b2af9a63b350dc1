//! What calls are told that the server refuses or breaks off, whatever they ask for.

use std::time::Duration;

use byline_domain::access::Scopes;
use tonic::{Code, Status};

use super::{RETRY_OVERLOAD, Told, retry_after};
use crate::access::Refusal;

/// When to try again what found all places of transfers taken, which are so for long.
const RETRY_TRANSFER: Duration = Duration::from_secs(10);

/// The call took longer than its deadline.
pub(crate) fn deadline_exceeded(deadline: Duration) -> Status {
    let message = format!(
        "the call took longer than its deadline of {} ms",
        deadline.as_millis()
    );
    Told::new(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", message).into()
}

/// The caller's deadline cannot be read.
pub(crate) fn invalid_deadline() -> Status {
    let message = "grpc-timeout must be 1 to 8 digits and one of the units H, M, S, m, u, n";
    Told::new(Code::InvalidArgument, "INVALID_DEADLINE", message).into()
}

/// The server has as many calls under way as it takes.
pub(crate) fn too_many_calls() -> Status {
    let message = "the server is busy with as many calls as it takes";
    Told::new(Code::ResourceExhausted, "TOO_MANY_CALLS", message)
        .with(retry_after(RETRY_OVERLOAD))
        .into()
}

/// The streams are open that everybody may open, as many as there may be.
pub(crate) fn too_many_streams() -> Status {
    let message = "as many streams of health and reflection are open as there may be";
    Told::new(Code::ResourceExhausted, "TOO_MANY_STREAMS", message)
        .with(retry_after(RETRY_OVERLOAD))
        .into()
}

/// The caller calls more often than a caller may; its next call is let in after `wait`.
pub(crate) fn rate_exceeded(wait: Duration) -> Status {
    let message = "the caller calls more often than a caller may";
    Told::new(Code::ResourceExhausted, "RATE_LIMIT_EXCEEDED", message)
        .with(retry_after(wait))
        .into()
}

/// The server has as many transfers under way as it runs at a time.
pub(crate) fn too_many_transfers() -> Status {
    let message = "as many transfers are under way as the server runs at a time";
    Told::new(Code::ResourceExhausted, "TOO_MANY_TRANSFERS", message)
        .with(retry_after(RETRY_TRANSFER))
        .into()
}

/// As many reads of the audit log are under way as the server runs at a time.
pub(crate) fn too_many_audit_reads() -> Status {
    let message = "as many reads of the audit log are under way as the server runs at a time";
    Told::new(Code::ResourceExhausted, "TOO_MANY_AUDIT_READS", message)
        .with(retry_after(RETRY_OVERLOAD))
        .into()
}

/// Nothing moved on the stream of a transfer for `idle`.
pub(crate) fn transfer_stalled(idle: Duration) -> Status {
    let message = format!(
        "the caller took or sent nothing for {}",
        humantime::format_duration(idle)
    );
    Told::new(Code::DeadlineExceeded, "TRANSFER_STALLED", message).into()
}

/// The server stopped before a transfer had ended.
pub(crate) fn server_stopping() -> Status {
    let message = "the server is stopping: try again elsewhere, or when it is back";
    Told::new(Code::Unavailable, "SERVER_STOPPING", message)
        .with(retry_after(RETRY_OVERLOAD))
        .into()
}

/// It is not known who makes the call.
pub(crate) fn unauthenticated(refusal: &Refusal) -> Status {
    let (reason, message) = match refusal {
        Refusal::Missing => (
            "CREDENTIALS_MISSING",
            "the server wants to know who calls: send an API key or a token as \
             `authorization: Bearer …`, or a client certificate, whichever it takes",
        ),
        // One message, whatever is wrong: nobody learns how far a forgery went.
        Refusal::Invalid(_) => ("CREDENTIALS_INVALID", "the credentials are not valid here"),
        Refusal::Expired(_) => ("CREDENTIALS_EXPIRED", "the credentials have expired"),
        Refusal::Unavailable(_) => {
            let message = "who calls cannot be found out now";
            return Told::new(Code::Unavailable, "CREDENTIALS_UNVERIFIABLE", message)
                .with(retry_after(RETRY_OVERLOAD))
                .into();
        }
    };
    Told::new(Code::Unauthenticated, reason, message).into()
}

/// The credentials that come from the caller's address were refused too often; more are looked at
/// all the same, but it is told nothing of bad ones before `wait` is over.
pub(crate) fn too_many_refusals(wait: Duration) -> Status {
    let message = "credentials from this address were refused too often";
    Told::new(Code::ResourceExhausted, "TOO_MANY_REFUSALS", message)
        .with(retry_after(wait))
        .into()
}

/// It is known who makes the call, and it may not. The contract tells everybody what it lacks.
pub(crate) fn scopes_missing(missing: Scopes) -> Status {
    let message = format!("the caller has no right to this: it lacks {missing}");
    Told::new(Code::PermissionDenied, "SCOPE_MISSING", message)
        .and("scopes", missing.to_string())
        .into()
}

/// The contract lets nobody call this.
pub(crate) fn nobody_may() -> Status {
    let message = "nobody may call this method";
    Told::new(Code::PermissionDenied, "SCOPE_MISSING", message).into()
}
