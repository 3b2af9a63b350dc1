//! The only place that turns an error into a gRPC status with details.

mod refusals;

use std::collections::HashMap;
use std::time::Duration;

use byline_app::{Error, Precondition};
use byline_domain::error::{Invalid, Reason, Resource, ValidationError};
use prost::Message;
use tonic::{Code, Status};
use tonic_types::{
    BadRequest, ErrorDetail, ErrorInfo, FieldViolation, PreconditionFailure, PreconditionViolation,
    RequestInfo, ResourceInfo, RetryInfo, StatusExt,
};

use crate::layers::call;

pub(crate) use refusals::{
    connection_outlived, deadline_exceeded, invalid_deadline, nobody_may, rate_exceeded,
    request_stalled, scopes_missing, server_stopping, too_many_audit_reads, too_many_calls,
    too_many_checks, too_many_refusals, too_many_streams, too_many_transfers, transfer_stalled,
    unauthenticated,
};

/// The domain of every ErrorInfo.
pub(crate) const DOMAIN: &str = "byline.v1";

/// When to try again what met concurrent changes.
const RETRY_CONTENTION: Duration = Duration::from_millis(50);
/// That the caller has half of what is there for all.
const SHARE_EXCEEDED: &str = "CALLER_SHARE_EXCEEDED";
/// When to try again what found the server or its database busy or away.
const RETRY_OVERLOAD: Duration = Duration::from_secs(1);

/// What a caller is told: a status before it is put into the form that it travels in.
struct Told {
    code: Code,
    message: String,
    reason: String,
    metadata: HashMap<String, String>,
    details: Vec<ErrorDetail>,
}

impl Told {
    fn new(code: Code, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            reason: reason.into(),
            metadata: HashMap::new(),
            details: Vec::new(),
        }
    }

    /// Says more in the ErrorInfo.
    fn and(mut self, key: &str, value: impl Into<String>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }

    /// Says more beside the ErrorInfo.
    fn with(mut self, detail: impl Into<ErrorDetail>) -> Self {
        self.details.push(detail.into());
        self
    }

    /// Says of which item it is.
    fn of(mut self, item: String) -> Self {
        self.message = format!("{item}: {}", self.message);
        self.and("item", item)
    }
}

impl From<Told> for Status {
    fn from(told: Told) -> Self {
        let info = ErrorInfo::new(told.reason, DOMAIN, told.metadata);
        let details: Vec<ErrorDetail> = std::iter::once(info.into()).chain(told.details).collect();
        Self::with_error_details_vec(told.code, told.message, details)
    }
}

/// The same as a message, in which what became of a part of a request is told.
fn as_message(told: Told) -> tonic_types::Status {
    let status = Status::from(told);
    tonic_types::Status::decode(status.details()).unwrap_or_else(|_| tonic_types::Status {
        code: status.code().into(),
        message: status.message().to_owned(),
        details: Vec::new(),
    })
}

/// How much is told of wrong fields at most, in bytes. A status travels in headers,
/// twice, and many clients take no more than 8 KiB of them: all of it would be lost.
const MAX_TOLD: usize = 2_500;
/// The same of one request in a batch of a thousand, which have to fit into one answer.
const MAX_TOLD_OF_ITEM: usize = 1_000;
/// What a violation adds to that beside its texts.
const EACH_TOLD: usize = 24;

/// Names every wrong field; of a great many, as many as reach the caller, and how
/// many more there are.
pub(crate) fn invalid(error: &ValidationError) -> Status {
    told_of_fields(error, MAX_TOLD).into()
}

/// The same of one request in a batch.
pub(crate) fn invalid_item(error: &ValidationError) -> tonic_types::Status {
    as_message(told_of_fields(error, MAX_TOLD_OF_ITEM))
}

fn told_of_fields(error: &ValidationError, most: usize) -> Told {
    let mut size = 0;
    let mut told: Vec<_> = error.violations().iter().collect();
    let all = told.len();
    let fit = told.iter().take_while(|violation| {
        size += violation.field.len() + violation.message.len() + EACH_TOLD;
        size <= most
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
    Told::new(Code::InvalidArgument, "INVALID_FIELDS", message).with(BadRequest::new(violations))
}

/// What a use case told.
pub(crate) fn from_app(error: Error) -> Status {
    told(error).into()
}

/// What was told of a part of a request.
pub(crate) fn of_item(error: Error) -> tonic_types::Status {
    as_message(told(error))
}

fn told(error: Error) -> Told {
    let message = error.to_string();
    match error {
        Error::NotFound { resource, key } => {
            let info = resource_info(resource, key, &message);
            Told::new(
                Code::NotFound,
                format!("{}_NOT_FOUND", upper(resource)),
                message,
            )
            .with(info)
        }
        Error::AlreadyExists { resource, field } => {
            // Whose it is stays untold.
            let info = resource_info(resource, "", &message);
            let reason = format!("{}_ALREADY_EXISTS", upper(resource));
            Told::new(Code::AlreadyExists, reason, message)
                .and("field", field)
                .with(info)
        }
        Error::NotDeleted { resource, id } => {
            let info = resource_info(resource, id.to_string(), &message);
            let reason = format!("{}_NOT_DELETED", upper(resource));
            Told::new(Code::AlreadyExists, reason, message).with(info)
        }
        Error::Precondition(precondition) => {
            let (reason, subject) = first(precondition);
            let violation = PreconditionViolation::new(reason, subject, &message);
            Told::new(Code::FailedPrecondition, reason, message)
                .with(PreconditionFailure::new(vec![violation]))
        }
        Error::EtagMismatch { .. } => Told::new(Code::Aborted, "ETAG_MISMATCH", message),
        Error::Item { item, source } => told(*source).of(item),
        Error::RowRepeated { field, earlier, .. } => {
            Told::new(Code::InvalidArgument, "ROW_REPEATED", message)
                .and("field", field)
                .and("row", earlier.to_string())
        }
        Error::PasswordNotVerified => {
            Told::new(Code::FailedPrecondition, "PASSWORD_NOT_VERIFIED", message)
        }
        Error::PasswordOfUser => {
            let message = "must not be the user's own address or name";
            let violation = Invalid::new(Reason::CommonPassword, message).at("new_password");
            told_of_fields(&violation.into(), MAX_TOLD)
        }
        Error::TooManyFailures { retry_after: delay } => {
            let delay = delay.to_std().unwrap_or_default();
            Told::new(Code::ResourceExhausted, "TOO_MANY_FAILURES", message)
                .with(retry_after(delay))
        }
        Error::TooManyVerifications => {
            Told::new(Code::ResourceExhausted, "TOO_MANY_VERIFICATIONS", message)
                .with(retry_after(RETRY_OVERLOAD))
        }
        Error::VerificationShareExceeded => {
            Told::new(Code::ResourceExhausted, SHARE_EXCEEDED, message)
                .with(retry_after(RETRY_OVERLOAD))
        }
        Error::RequestIdReused => reused("request_id", message),
        Error::ResponseTooLarge => {
            Told::new(Code::ResourceExhausted, "RESPONSE_TOO_LARGE", message)
        }
        Error::Contention(source) => {
            tracing::info!(request_id = %call::request_id(), error = %source, "contention");
            Told::new(Code::Aborted, "CONTENTION", message).with(retry_after(RETRY_CONTENTION))
        }
        Error::Unavailable(source) | Error::TimedOut(source) | Error::ConnectionLost(source) => {
            tracing::warn!(request_id = %call::request_id(), error = %source, "database unavailable");
            Told::new(Code::Unavailable, "DATABASE_UNAVAILABLE", message)
                .with(retry_after(RETRY_OVERLOAD))
        }
        Error::OutcomeUnknown(source) => {
            tracing::warn!(request_id = %call::request_id(), error = %source, "outcome unknown");
            Told::new(Code::Unavailable, "OUTCOME_UNKNOWN", message)
                .with(retry_after(RETRY_OVERLOAD))
        }
        Error::Internal(source) => told_of_defect(source.as_ref()),
    }
}

/// The same id was given to another request.
fn reused(field: &str, message: String) -> Told {
    let violation = BadRequest::with_violation(field, &message);
    Told::new(Code::InvalidArgument, "REQUEST_ID_REUSED", message).with(violation)
}

/// The id of an import, which stands in its settings, was given to another request.
pub(crate) fn import_id_reused() -> Status {
    reused("settings.request_id", Error::RequestIdReused.to_string()).into()
}

/// What has to be done first: the reason, and whose.
fn first(precondition: Precondition) -> (&'static str, String) {
    match precondition {
        Precondition::AuthorInTrash { author } => ("AUTHOR_IN_TRASH", format!("users/{author}")),
        Precondition::UserHasPosts { user } => ("USER_HAS_POSTS", format!("users/{user}")),
        Precondition::UserInTrash { user } => ("USER_IN_TRASH", format!("users/{user}")),
        Precondition::PostInTrash { post } => ("POST_IN_TRASH", format!("posts/{post}")),
        Precondition::PasswordAlreadySet { user } => {
            ("PASSWORD_ALREADY_SET", format!("users/{user}"))
        }
        Precondition::UserNotInTrash { user } => ("USER_NOT_IN_TRASH", format!("users/{user}")),
        Precondition::PostNotInTrash { post } => ("POST_NOT_IN_TRASH", format!("posts/{post}")),
    }
}

/// What was answered to the first request of this id cannot be read.
pub(crate) fn unreadable_record(error: &prost::DecodeError) -> Status {
    told_of_defect(error).into()
}

/// Logs what happened, and tells the caller nothing but where to find it.
fn told_of_defect(source: &(dyn std::error::Error + 'static)) -> Told {
    let request_id = call::request_id();
    let mut chain = source.to_string();
    let mut cause = source.source();
    while let Some(error) = cause {
        chain.push_str(": ");
        chain.push_str(&error.to_string());
        cause = error.source();
    }
    tracing::error!(%request_id, error = chain, "internal error");
    Told::new(Code::Internal, "INTERNAL", "an internal error occurred")
        .with(RequestInfo::new(request_id, ""))
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
        Reason::TooShort => "TOO_SHORT",
        Reason::OutOfRange => "OUT_OF_RANGE",
        Reason::ForbiddenCharacter => "FORBIDDEN_CHARACTER",
        Reason::Malformed => "MALFORMED",
        Reason::Unknown => "UNKNOWN",
        Reason::ReadOnly => "READ_ONLY",
        Reason::CommonPassword => "COMMON_PASSWORD",
        Reason::PageTokenInvalid => "PAGE_TOKEN_INVALID",
        Reason::PageTokenMismatch => "PAGE_TOKEN_MISMATCH",
        Reason::PageTokenExpired => "PAGE_TOKEN_EXPIRED",
    }
}
