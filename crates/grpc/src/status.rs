//! The only place that turns an error into a gRPC status with details.

use std::collections::HashMap;
use std::time::Duration;

use byline_app::{Error, Precondition};
use byline_domain::error::{Reason, Resource, ValidationError};
use tonic::{Code, Status};
use tonic_types::{
    BadRequest, ErrorDetail, ErrorInfo, FieldViolation, PreconditionFailure, PreconditionViolation,
    RequestInfo, ResourceInfo, RetryInfo, StatusExt,
};

use crate::layers::call;

/// The domain of every ErrorInfo.
pub(crate) const DOMAIN: &str = "byline.v1";

/// When to try again what met concurrent changes.
const RETRY_CONTENTION: Duration = Duration::from_millis(50);
/// When to try again what found the server or its database busy or away.
const RETRY_OVERLOAD: Duration = Duration::from_secs(1);

/// A status of that reason, with an ErrorInfo and further details.
fn status(
    code: Code,
    reason: &str,
    message: impl Into<String>,
    details: impl IntoIterator<Item = ErrorDetail>,
) -> Status {
    with_metadata(code, reason, HashMap::new(), message, details)
}

fn with_metadata(
    code: Code,
    reason: &str,
    metadata: HashMap<String, String>,
    message: impl Into<String>,
    details: impl IntoIterator<Item = ErrorDetail>,
) -> Status {
    let info = ErrorInfo::new(reason, DOMAIN, metadata);
    let details: Vec<ErrorDetail> = std::iter::once(info.into()).chain(details).collect();
    Status::with_error_details_vec(code, message, details)
}

/// How much is told of wrong fields at most, in bytes. A status travels in headers,
/// twice, and many clients take no more than 8 KiB of them: all of it would be lost.
const MAX_TOLD: usize = 2_500;
/// What a violation adds to that beside its texts.
const EACH_TOLD: usize = 24;

/// Names every wrong field; of a great many, as many as reach the caller, and how
/// many more there are.
pub(crate) fn invalid(error: &ValidationError) -> Status {
    let mut size = 0;
    let mut told: Vec<_> = error.violations().iter().collect();
    let all = told.len();
    let fit = told.iter().take_while(|violation| {
        size += violation.field.len() + violation.message.len() + EACH_TOLD;
        size <= MAX_TOLD
    });
    told.truncate(fit.count().max(1));
    let sentences = told
        .iter()
        .map(|violation| format!("{} {}", violation.field, violation.message));
    let rest = (told.len() < all).then(|| format!("and {} more", all - told.len()));
    let message = sentences.chain(rest).collect::<Vec<_>>().join("; ");
    let violations: Vec<FieldViolation> = told
        .into_iter()
        .map(|violation| FieldViolation {
            reason: reason_name(violation.reason).to_owned(),
            ..FieldViolation::new(&violation.field, &violation.message)
        })
        .collect();
    status(
        Code::InvalidArgument,
        "INVALID_FIELDS",
        message,
        [BadRequest::new(violations).into()],
    )
}

/// What a use case told.
pub(crate) fn from_app(error: Error) -> Status {
    let message = error.to_string();
    match error {
        Error::NotFound { resource, key } => status(
            Code::NotFound,
            &format!("{}_NOT_FOUND", upper(resource)),
            &message,
            [resource_info(resource, key, &message)],
        ),
        Error::AlreadyExists { resource, field } => with_metadata(
            Code::AlreadyExists,
            &format!("{}_ALREADY_EXISTS", upper(resource)),
            HashMap::from([("field".to_owned(), field.to_owned())]),
            &message,
            // Whose it is stays untold.
            [resource_info(resource, "", &message)],
        ),
        Error::NotDeleted { resource, id } => status(
            Code::AlreadyExists,
            &format!("{}_NOT_DELETED", upper(resource)),
            &message,
            [resource_info(resource, id.to_string(), &message)],
        ),
        Error::Precondition(precondition) => {
            let (reason, subject) = match precondition {
                Precondition::AuthorInTrash { author } => {
                    ("AUTHOR_IN_TRASH", format!("users/{author}"))
                }
                Precondition::UserHasPosts { user } => ("USER_HAS_POSTS", format!("users/{user}")),
                Precondition::UserNotInTrash { user } => {
                    ("USER_NOT_IN_TRASH", format!("users/{user}"))
                }
                Precondition::PostNotInTrash { post } => {
                    ("POST_NOT_IN_TRASH", format!("posts/{post}"))
                }
            };
            let violation = PreconditionViolation::new(reason, subject, &message);
            status(
                Code::FailedPrecondition,
                reason,
                &message,
                [PreconditionFailure::new(vec![violation]).into()],
            )
        }
        Error::EtagMismatch { .. } => status(Code::Aborted, "ETAG_MISMATCH", message, []),
        Error::ResponseTooLarge => {
            status(Code::ResourceExhausted, "RESPONSE_TOO_LARGE", message, [])
        }
        Error::Contention(source) => {
            tracing::info!(request_id = %call::request_id(), error = %source, "contention");
            status(
                Code::Aborted,
                "CONTENTION",
                message,
                [retry_after(RETRY_CONTENTION)],
            )
        }
        Error::Unavailable(source) => {
            tracing::warn!(request_id = %call::request_id(), error = %source, "database unavailable");
            status(
                Code::Unavailable,
                "DATABASE_UNAVAILABLE",
                message,
                [retry_after(RETRY_OVERLOAD)],
            )
        }
        Error::Internal(source) => internal(source.as_ref()),
    }
}

/// Logs what happened, and tells the caller nothing but where to find it.
fn internal(source: &(dyn std::error::Error + 'static)) -> Status {
    let request_id = call::request_id();
    let mut chain = source.to_string();
    let mut cause = source.source();
    while let Some(error) = cause {
        chain.push_str(": ");
        chain.push_str(&error.to_string());
        cause = error.source();
    }
    tracing::error!(%request_id, error = chain, "internal error");
    status(
        Code::Internal,
        "INTERNAL",
        "an internal error occurred",
        [RequestInfo::new(request_id, "").into()],
    )
}

/// The call took longer than its deadline.
pub(crate) fn deadline_exceeded(deadline: Duration) -> Status {
    status(
        Code::DeadlineExceeded,
        "DEADLINE_EXCEEDED",
        format!(
            "the call took longer than its deadline of {} ms",
            deadline.as_millis()
        ),
        [],
    )
}

/// The caller's deadline cannot be read.
pub(crate) fn invalid_deadline() -> Status {
    status(
        Code::InvalidArgument,
        "INVALID_DEADLINE",
        "grpc-timeout must be 1 to 8 digits and one of the units H, M, S, m, u, n",
        [],
    )
}

/// The server has as many calls under way as it takes.
pub(crate) fn too_many_calls() -> Status {
    status(
        Code::ResourceExhausted,
        "TOO_MANY_CALLS",
        "the server is busy with as many calls as it takes",
        [retry_after(RETRY_OVERLOAD)],
    )
}

fn retry_after(delay: Duration) -> ErrorDetail {
    RetryInfo::new(Some(delay)).into()
}

fn resource_info(resource: Resource, name: impl Into<String>, message: &str) -> ErrorDetail {
    let kind = match resource {
        Resource::User => "byline.v1.User",
        Resource::Post => "byline.v1.Post",
    };
    ResourceInfo::new(kind, name, "", message).into()
}

fn upper(resource: Resource) -> &'static str {
    match resource {
        Resource::User => "USER",
        Resource::Post => "POST",
    }
}

fn reason_name(reason: Reason) -> &'static str {
    match reason {
        Reason::Required => "REQUIRED",
        Reason::TooLong => "TOO_LONG",
        Reason::OutOfRange => "OUT_OF_RANGE",
        Reason::ForbiddenCharacter => "FORBIDDEN_CHARACTER",
        Reason::Malformed => "MALFORMED",
        Reason::Unknown => "UNKNOWN",
        Reason::ReadOnly => "READ_ONLY",
        Reason::PageTokenInvalid => "PAGE_TOKEN_INVALID",
        Reason::PageTokenMismatch => "PAGE_TOKEN_MISMATCH",
        Reason::PageTokenExpired => "PAGE_TOKEN_EXPIRED",
    }
}
