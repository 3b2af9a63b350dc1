//! Between the messages of the contract and the types of the domain. Whatever is
//! wrong with a request is found here, all of it, before anything is done.

mod list;
mod mask;
pub(crate) mod post;
pub(crate) mod user;

use byline_domain::error::{Invalid, Reason, Violations};
use byline_domain::lifecycle::Lifecycle;
use byline_domain::page::MAX_KEYS;
use byline_domain::trash::Trash;
use chrono::{DateTime, Utc};
use prost_types::Timestamp;

fn timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: time.timestamp(),
        // Below 10^9, so that it always fits.
        nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default(),
    }
}

/// The output-only fields that every resource has.
struct Output {
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    deleted_at: Option<Timestamp>,
    etag: String,
}

impl From<&Lifecycle> for Output {
    fn from(lifecycle: &Lifecycle) -> Self {
        Self {
            created_at: Some(timestamp(lifecycle.created_at())),
            updated_at: lifecycle.updated_at().map(timestamp),
            deleted_at: lifecycle.deleted_at().map(timestamp),
            etag: lifecycle.etag().to_string(),
        }
    }
}

fn trash(show_deleted: bool) -> Trash {
    if show_deleted {
        Trash::Include
    } else {
        Trash::Exclude
    }
}

/// An id that the caller may leave out.
fn optional_id<T>(
    text: &str,
    parse: impl Fn(&str) -> Result<T, Invalid>,
) -> Result<Option<T>, Invalid> {
    if text.is_empty() {
        Ok(None)
    } else {
        parse(text).map(Some)
    }
}

/// The keys of a batch, each checked and named by its index.
fn keys<T>(
    violations: &mut Violations,
    field: &str,
    texts: &[String],
    parse: impl Fn(&str) -> Result<T, Invalid>,
) -> Vec<T> {
    texts
        .iter()
        .enumerate()
        .filter_map(|(index, text)| violations.check(&format!("{field}[{index}]"), parse(text)))
        .collect()
}

/// Refuses a batch of no keys or of too many.
fn check_key_count(violations: &mut Violations, field: &str, count: usize) -> bool {
    let fits = (1..=MAX_KEYS).contains(&count);
    if !fits {
        violations.push(
            Invalid::new(
                Reason::OutOfRange,
                format!("must name 1 to {MAX_KEYS} resources, not {count}"),
            )
            .at(field),
        );
    }
    fits
}
