//! What is found and held for a change.

use byline_domain::error::Resource;
use byline_domain::lifecycle::{ExpectedEtag, Lifecycle};
use byline_domain::post::{Post, PostHead};
use byline_domain::trash::Trash;
use byline_domain::user::User;
use uuid::Uuid;

use crate::Error;

/// A resource that can be held.
pub(crate) trait Held {
    /// What kind it is of.
    const RESOURCE: Resource;

    /// What it went through.
    fn lifecycle(&self) -> &Lifecycle;
}

impl Held for User {
    const RESOURCE: Resource = Resource::User;

    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }
}

impl Held for Post {
    const RESOURCE: Resource = Resource::Post;

    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }
}

impl Held for PostHead {
    const RESOURCE: Resource = Resource::Post;

    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }
}

/// What was found under the id: not found where `trash` does not see it, and refused when
/// the caller expects another state.
pub(crate) fn expect<T: Held>(
    found: Option<T>,
    id: Uuid,
    trash: Trash,
    expected: Option<&ExpectedEtag>,
) -> Result<T, Error> {
    let held = found
        .filter(|held| trash.sees(held.lifecycle().is_deleted()))
        .ok_or_else(|| Error::NotFound {
            resource: T::RESOURCE,
            key: id.to_string(),
        })?;
    if expected.is_some_and(|etag| !etag.matches(held.lifecycle().etag())) {
        return Err(Error::EtagMismatch {
            resource: T::RESOURCE,
            id,
        });
    }
    Ok(held)
}
