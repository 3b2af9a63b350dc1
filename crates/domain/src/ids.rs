//! Typed identifiers, and the port through which new ones are made.

use std::fmt;

use uuid::Uuid;

use crate::error::{Invalid, Reason};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Takes a UUID that was made by an [`IdGenerator`] or read back from storage.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Reads the hyphenated form of RFC 9562 (36 characters, either letter case).
            /// The nil and the max UUID name nothing and are refused.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                parse(text).map(Self)
            }

            /// The bare UUID.
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// Identifies a user, for good: never given to another.
    UserId
}
id! {
    /// Identifies a post, for good: never given to another.
    PostId
}
id! {
    /// Identifies a request, so that it can be sent again (AIP-155).
    RequestId
}

/// Under which id something is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewId<I> {
    /// Whoever asks for it says it: something may have it already.
    Given(I),
    /// An [`IdGenerator`] made it for this: nothing else ever had it.
    Fresh(I),
}

impl<I: Copy> NewId<I> {
    /// The id.
    pub const fn get(self) -> I {
        match self {
            Self::Given(id) | Self::Fresh(id) => id,
        }
    }

    /// That one, if it was said, and a new one otherwise.
    pub fn of(given: Option<I>, fresh: impl FnOnce() -> I) -> Self {
        given.map_or_else(|| Self::Fresh(fresh()), Self::Given)
    }

    /// The id, if it was said.
    pub const fn given(self) -> Option<I> {
        match self {
            Self::Given(id) => Some(id),
            Self::Fresh(_) => None,
        }
    }
}

/// The length of a UUID's hyphenated form. `Uuid` itself also reads the bare,
/// braced and URN forms, which would give one resource several names.
const HYPHENATED: usize = 36;

fn parse(text: &str) -> Result<Uuid, Invalid> {
    if text.is_empty() {
        return Err(Invalid::required());
    }
    match Uuid::try_parse(text) {
        Ok(uuid) if text.len() == HYPHENATED && !uuid.is_nil() && !uuid.is_max() => Ok(uuid),
        Ok(_) | Err(_) => Err(Invalid::new(
            Reason::Malformed,
            "must be a UUID such as 0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01",
        )),
    }
}

/// Makes new identifiers.
#[cfg_attr(feature = "testing", mockall::automock)]
pub trait IdGenerator: Send + Sync {
    /// A UUID that was never made before; time-ordered (version 7) in production,
    /// so that new rows land at the end of their index.
    fn generate(&self) -> Uuid;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hyphenated_form_is_read_in_either_case() {
        let lower = UserId::parse("0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01").unwrap();
        let upper = UserId::parse("0190A6C2-7E8F-7A30-9C4E-2F1B6D5A8E01").unwrap();
        assert_eq!(lower, upper);
    }

    #[test]
    fn other_forms_and_the_nil_and_max_uuid_are_refused() {
        for text in [
            "x",
            "0190a6c27e8f7a309c4e2f1b6d5a8e01",
            "{0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01}",
            "urn:uuid:0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01",
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
        ] {
            assert_eq!(
                PostId::parse(text).unwrap_err().reason,
                Reason::Malformed,
                "{text}"
            );
        }
        assert_eq!(PostId::parse("").unwrap_err().reason, Reason::Required);
    }
}
