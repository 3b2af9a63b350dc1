//! Between the messages of the contract and the types of the domain. Whatever is
//! wrong with a request is found here, all of it, before anything is done.

pub(crate) mod audit;
pub(crate) mod batch;
mod count;
pub(crate) mod credential;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod intent;
mod list;
mod mask;
pub(crate) mod post;
mod read_mask;
pub(crate) mod transaction;
pub(crate) mod user;

use byline_domain::error::{Invalid, Reason, ValidationError, Violations};
use byline_domain::lifecycle::ExpectedEtag;
use byline_domain::page::MAX_KEYS;
use byline_domain::trash::Trash;
use chrono::{DateTime, Utc};
use prost_types::Timestamp;
use uuid::Uuid;

pub(crate) use self::list::{Lists, Walk};

fn timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: time.timestamp(),
        // Below 10^9, so that it always fits.
        nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default(),
    }
}

/// An id as it stands in a message: much faster than by its `Display`.
fn id(id: Uuid) -> String {
    let mut buffer = Uuid::encode_buffer();
    id.hyphenated().encode_lower(&mut buffer).to_owned()
}

/// What stands in a message for a value that was not read: an empty one.
fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
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

/// What a request about one resource names: which one, and in which state it has to be.
fn id_and_etag<T>(
    id: &str,
    etag: String,
    parse: impl Fn(&str) -> Result<T, Invalid>,
) -> Result<(T, Option<ExpectedEtag>), ValidationError> {
    let id = parse(id).map_err(|invalid| invalid.at("id"))?;
    Ok((id, ExpectedEtag::from_request(etag)))
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
