//! What is kept of a password, as its columns hold it.

use byline_domain::credential::{Credential, Origin, PasswordHash, PepperVersion};
use byline_domain::error::Corrupt;
use uuid::Uuid;

use crate::row::corrupt;

const TABLE: &str = "credentials";

/// The columns of `credentials` beside those of its user.
pub(super) struct Kept {
    pub(super) hash: String,
    pub(super) pepper_version: Option<i32>,
    pub(super) is_imported: bool,
}

impl Kept {
    pub(super) fn of(credential: &Credential) -> (&str, Option<i32>, bool) {
        let hash = credential.hash.as_text();
        match credential.origin {
            Origin::Here(pepper) => (hash, pepper.map(|pepper| pepper.get().into()), false),
            Origin::Elsewhere => (hash, None, true),
        }
    }

    pub(super) fn credential(self, user: Uuid) -> Result<Credential, Corrupt> {
        let hash = PasswordHash::parse(self.hash).map_err(|_| corrupt(TABLE, "hash", user))?;
        let origin = if self.is_imported {
            Origin::Elsewhere
        } else {
            let version = |number: i32| {
                let version = u16::try_from(number).ok().and_then(PepperVersion::new);
                version.ok_or_else(|| corrupt(TABLE, "pepper_version", user))
            };
            Origin::Here(self.pepper_version.map(version).transpose()?)
        };
        Ok(Credential { hash, origin })
    }
}
