//! What a program reads of an error: its code and its details.

use std::collections::BTreeMap;

use prost::Message;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, RpcStatusExt};

use crate::model::state::Noun;

/// A wrong field, and the reason.
pub(crate) type Violation = (String, String);

/// An error as a program reads it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: i32,
    pub(crate) reason: String,
    pub(crate) metadata: BTreeMap<String, String>,
    /// Of a BadRequest, in the order of their paths.
    pub(crate) fields: Vec<Violation>,
    /// The type and the name in a ResourceInfo.
    pub(crate) resource: Option<(String, String)>,
    /// The type and the subject in a PreconditionFailure.
    pub(crate) precondition: Option<(String, String)>,
}

/// A batch tells of no more violations than fit; that many always do.
const ALWAYS_TOLD: usize = 10;

impl Refusal {
    fn new(code: Code, reason: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            reason: reason.into(),
            metadata: BTreeMap::new(),
            fields: Vec::new(),
            resource: None,
            precondition: None,
        }
    }

    pub(crate) fn invalid(mut fields: Vec<Violation>) -> Self {
        fields.sort();
        Self {
            fields,
            ..Self::new(Code::InvalidArgument, "INVALID_FIELDS")
        }
    }

    pub(crate) fn request_id_reused(field: &str) -> Self {
        Self {
            fields: vec![(field.to_owned(), String::new())],
            ..Self::new(Code::InvalidArgument, "REQUEST_ID_REUSED")
        }
    }

    pub(crate) fn not_found(noun: Noun, id: &str) -> Self {
        Self {
            resource: Some((noun.type_name(), id.to_owned())),
            ..Self::new(Code::NotFound, format!("{}_NOT_FOUND", noun.upper()))
        }
    }

    /// Whose the id or the address is stays untold.
    pub(crate) fn taken(noun: Noun, field: &str) -> Self {
        Self {
            metadata: BTreeMap::from([("field".to_owned(), field.to_owned())]),
            resource: Some((noun.type_name(), String::new())),
            ..Self::new(
                Code::AlreadyExists,
                format!("{}_ALREADY_EXISTS", noun.upper()),
            )
        }
    }

    /// That a row of an import meets an earlier one in that field.
    pub(crate) fn repeated(field: &str, row: i64) -> Self {
        let metadata = [("field", field.to_owned()), ("row", row.to_string())];
        Self {
            metadata: metadata.map(|(key, value)| (key.to_owned(), value)).into(),
            ..Self::new(Code::InvalidArgument, "ROW_REPEATED")
        }
    }

    pub(crate) fn not_deleted(noun: Noun, id: &str) -> Self {
        Self {
            resource: Some((noun.type_name(), id.to_owned())),
            ..Self::new(Code::AlreadyExists, format!("{}_NOT_DELETED", noun.upper()))
        }
    }

    pub(crate) fn etag_mismatch() -> Self {
        Self::new(Code::Aborted, "ETAG_MISMATCH")
    }

    pub(crate) fn precondition(reason: &str, noun: Noun, id: &str) -> Self {
        let subject = format!("{}s/{id}", noun.upper().to_lowercase());
        Self {
            precondition: Some((reason.to_owned(), subject)),
            ..Self::new(Code::FailedPrecondition, reason)
        }
    }

    /// Says of which item of a batch or a transaction it is.
    pub(crate) fn of_item(mut self, item: String) -> Self {
        self.metadata.insert("item".to_owned(), item);
        self
    }

    /// Reads the status of a call.
    pub(crate) fn of_call(status: &Status) -> Self {
        let read = tonic_types::Status::decode(status.details()).unwrap_or_default();
        let refusal = Self::read(&read);
        // The same stands in the headers and in the message.
        if refusal.code == i32::from(status.code()) && read.message == status.message() {
            refusal
        } else {
            panic!("its details say something else: {status:?}")
        }
    }

    /// Reads a status among results.
    pub(crate) fn read(status: &tonic_types::Status) -> Self {
        let details: ErrorDetails = status.get_error_details();
        let info = details.error_info();
        let info = info.unwrap_or_else(|| panic!("without ErrorInfo: {status:?}"));
        assert_eq!(info.domain, "byline.v1", "{status:?}");
        if let Some(item) = info.metadata.get("item") {
            let named = status.message.starts_with(&format!("{item}: "));
            assert!(named, "its message does not name {item}: {status:?}");
        }
        let violations = details.bad_request().map(|bad| &bad.field_violations);
        let mut fields: Vec<_> = violations
            .into_iter()
            .flatten()
            .map(|violation| (violation.field.clone(), violation.reason.clone()))
            .collect();
        fields.sort();
        let resource = details.resource_info();
        let failed = details.precondition_failure();
        let failed = failed.and_then(|failure| failure.violations.first());
        Self {
            code: status.code,
            reason: info.reason.clone(),
            metadata: info.metadata.clone().into_iter().collect(),
            fields,
            resource: resource.map(|info| (info.resource_type.clone(), info.resource_name.clone())),
            precondition: failed.map(|failed| (failed.r#type.clone(), failed.subject.clone())),
        }
    }

    /// Whether that was told, of violations at least as many as always reach the caller.
    pub(crate) fn is_told_by(&self, told: &Self) -> bool {
        let some = self.fields.len() > ALWAYS_TOLD
            && told.fields.len() >= ALWAYS_TOLD
            && told.fields.iter().all(|field| self.fields.contains(field));
        let fields = if some { &told.fields } else { &self.fields };
        let expected = Self {
            fields: fields.clone(),
            ..self.clone()
        };
        expected == *told
    }
}
