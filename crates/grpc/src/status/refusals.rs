//! What calls are told that the server refuses or breaks off, whatever they ask for.

use std::time::Duration;

use byline_domain::access::Scopes;
use tonic::{Code, Status};

use super::{RETRY_OVERLOAD, SHARE_EXCEEDED, Told, retry_after};
use crate::access::Refusal;
use crate::shares::Full;

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

/// The request of a call, or the first message of a stream, was not whole after `time`.
pub(crate) fn request_stalled(time: Duration) -> Status {
    let message = format!(
        "the request had not come as a whole within {}",
        humantime::format_duration(time)
    );
    Told::new(Code::DeadlineExceeded, "REQUEST_STALLED", message).into()
}

/// The caller's deadline cannot be read.
pub(crate) fn invalid_deadline() -> Status {
    let message = "grpc-timeout must be 1 to 8 digits and one of the units H, M, S, m, u, n";
    Told::new(Code::InvalidArgument, "INVALID_DEADLINE", message).into()
}

/// There is no place for a call: the server has as many under way as it takes, or its caller as
/// many as one may have.
pub(crate) fn too_many_calls(full: Full) -> Status {
    let message = "the server is busy with as many calls as it takes";
    no_place(full, "calls", "TOO_MANY_CALLS", message, RETRY_OVERLOAD)
}

/// There is no place for `what`: all are taken, of which that reason and message tell, or half of
/// them by the caller alone.
fn no_place(
    full: Full,
    what: &str,
    reason: &'static str,
    message: &str,
    retry: Duration,
) -> Status {
    match full {
        Full::All => exhausted(reason, message, retry),
        Full::Share => share_exceeded(what, retry),
    }
}

fn exhausted(reason: &'static str, message: impl Into<String>, retry: Duration) -> Status {
    Told::new(Code::ResourceExhausted, reason, message)
        .with(retry_after(retry))
        .into()
}

/// The caller has half of all places.
fn share_exceeded(what: &str, retry: Duration) -> Status {
    let message = format!(
        "the caller has as many {what} under way as a caller may, which is half of what the \
         server takes"
    );
    exhausted(SHARE_EXCEEDED, message, retry)
}

/// The connection has had its time.
pub(crate) fn connection_outlived() -> Status {
    let message = "the connection has had its time: connect anew, and call again";
    Told::new(Code::Unavailable, "CONNECTION_OUTLIVED", message).into()
}

/// As many checks of health are under way as there may be.
pub(crate) fn too_many_checks() -> Status {
    let message = "as many checks of health are under way as there may be";
    exhausted("TOO_MANY_CHECKS", message, RETRY_OVERLOAD)
}

/// The streams are open that everybody may open, as many as there may be.
pub(crate) fn too_many_streams() -> Status {
    let message = "as many streams of health and reflection are open as there may be";
    exhausted("TOO_MANY_STREAMS", message, RETRY_OVERLOAD)
}

/// The caller calls more often than a caller may; its next call is let in after `wait`.
pub(crate) fn rate_exceeded(wait: Duration) -> Status {
    let message = "the caller calls more often than a caller may";
    exhausted("RATE_LIMIT_EXCEEDED", message, wait)
}

/// There is no place for a transfer: the server has as many under way as it runs at a time, or its
/// caller as many as one may have.
pub(crate) fn too_many_transfers(full: Full) -> Status {
    let message = "as many transfers are under way as the server runs at a time";
    no_place(
        full,
        "transfers",
        "TOO_MANY_TRANSFERS",
        message,
        RETRY_TRANSFER,
    )
}

/// There is no place for a read of the audit log.
pub(crate) fn too_many_audit_reads(full: Full) -> Status {
    let (what, reason) = ("reads of the audit log", "TOO_MANY_AUDIT_READS");
    let message = "as many reads of the audit log are under way as the server runs at a time";
    no_place(full, what, reason, message, RETRY_OVERLOAD)
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
