//! Which fields of a resource are read (AIP-157).

use std::marker::PhantomData;

use crate::field::Field;

/// Which of a resource's own fields are read. Its id always is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fields<F> {
    /// A bit a field, by its place in [`Field::ALL`].
    named: u32,
    etag: bool,
    of: PhantomData<fn() -> F>,
}

impl<F: Field> Fields<F> {
    /// All of them.
    pub fn all() -> Self {
        let none = Self::none().with_etag();
        F::ALL.iter().copied().fold(none, Self::with)
    }

    /// The id alone.
    pub const fn none() -> Self {
        Self {
            named: 0,
            etag: false,
            of: PhantomData,
        }
    }

    /// These and one more.
    #[must_use]
    pub fn with(mut self, field: F) -> Self {
        self.named |= bit(field);
        self
    }

    /// These without one.
    #[must_use]
    pub fn without(mut self, field: F) -> Self {
        self.named &= !bit(field);
        self
    }

    /// These and the etag.
    #[must_use]
    pub const fn with_etag(mut self) -> Self {
        self.etag = true;
        self
    }

    /// Whether the field is read.
    pub fn has(&self, field: F) -> bool {
        self.named & bit(field) != 0
    }

    /// Whether the etag is read.
    pub const fn has_etag(&self) -> bool {
        self.etag
    }
}

fn bit<F: Field>(field: F) -> u32 {
    let place = F::ALL.iter().position(|it| *it == field);
    let place = place.expect("a field is among all fields");
    assert!(place < 32, "a resource has fewer than 32 fields");
    1 << place
}
