//! What is found and held for a change.

use std::collections::HashMap;

use byline_domain::error::{Corrupt, Resource};
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

    /// Which it is.
    fn id(&self) -> Uuid;

    /// What it went through.
    fn lifecycle(&self) -> &Lifecycle;
}

impl Held for User {
    const RESOURCE: Resource = Resource::User;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }
}

impl Held for Post {
    const RESOURCE: Resource = Resource::Post;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }
}

impl Held for PostHead {
    const RESOURCE: Resource = Resource::Post;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }
}

/// Many that were found and held, by their ids. One that cannot be read is in the way of what
/// is about it, and of nothing else.
pub(crate) struct Holding<T>(HashMap<Uuid, Result<T, Corrupt>>);

impl<T: Held + Clone> Holding<T> {
    /// Those that were found.
    pub(crate) fn of(found: Vec<Result<T, Corrupt>>) -> Self {
        let id = |one: &Result<T, Corrupt>| match one {
            Ok(held) => held.id(),
            Err(corrupt) => corrupt.id,
        };
        Self(found.into_iter().map(|one| (id(&one), one)).collect())
    }

    /// The one of that id, if there is one.
    pub(crate) fn get(&self, id: Uuid) -> Result<Option<T>, Error> {
        Ok(self.0.get(&id).cloned().transpose()?)
    }

    /// Has the next one who looks find it so.
    pub(crate) fn put(&mut self, held: T) {
        self.0.insert(held.id(), Ok(held));
    }

    /// Has the next one who looks not find it.
    pub(crate) fn remove(&mut self, id: Uuid) {
        self.0.remove(&id);
    }

    /// Those that could be read.
    pub(crate) fn read(&self) -> impl Iterator<Item = &T> {
        self.0.values().flatten()
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
