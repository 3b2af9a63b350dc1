//! Which fields of a resource are read (AIP-157).

use std::collections::BTreeSet;

use crate::field::Field;

/// Which of a resource's own fields are read. Its id always is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields<F> {
    named: BTreeSet<F>,
    etag: bool,
}

impl<F: Field> Fields<F> {
    /// All of them.
    pub fn all() -> Self {
        Self {
            named: F::ALL.iter().copied().collect(),
            etag: true,
        }
    }

    /// The id alone.
    pub const fn none() -> Self {
        Self {
            named: BTreeSet::new(),
            etag: false,
        }
    }

    /// These and one more.
    #[must_use]
    pub fn with(mut self, field: F) -> Self {
        self.named.insert(field);
        self
    }

    /// These without one.
    #[must_use]
    pub fn without(mut self, field: F) -> Self {
        self.named.remove(&field);
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
        self.named.contains(&field)
    }

    /// Whether the etag is read.
    pub const fn has_etag(&self) -> bool {
        self.etag
    }
}
