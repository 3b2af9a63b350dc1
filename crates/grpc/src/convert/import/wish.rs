//! What an import wants, and by what it is known again.

use byline_app::import::ImportSettings;
use byline_app::{Atomicity, Intent};
use byline_domain::access::Caller;
use byline_domain::error::{Invalid, Reason, ValidationError, Violations};
use byline_domain::ids::RequestId;
use byline_domain::import::OnConflict;
use byline_domain::request::{Digest, Request};
use prost::Message;
use sha2::{Digest as _, Sha256};

use crate::convert::batch::read_atomicity;
use crate::convert::intent::request_id;
use crate::convert::optional_id;
use crate::pb;

/// What an import wants beside its rows, as its first message says it.
pub(crate) struct Wish {
    /// How it is made.
    pub(crate) settings: ImportSettings,
    id: Option<RequestId>,
    validate_only: bool,
}

impl Wish {
    /// Reads the settings; as they are if left out.
    pub(crate) fn read(
        settings: Option<pb::ImportSettings>,
        caller: &Caller,
    ) -> Result<Self, ValidationError> {
        let settings = settings.unwrap_or_default();
        let mut violations = Violations::new();
        let on_conflict = read_on_conflict(settings.on_conflict);
        let on_conflict = violations.check("settings.on_conflict", on_conflict);
        let atomicity = read_atomicity(settings.atomicity);
        let atomicity = violations.check("settings.atomicity", atomicity);
        let id = optional_id(&settings.request_id, |id| request_id(id, caller));
        let id = violations.check("settings.request_id", id);
        violations.finish_with((|| {
            Some(Self {
                settings: ImportSettings {
                    on_conflict: on_conflict?,
                    atomicity: atomicity?,
                },
                id: id?,
                validate_only: settings.validate_only,
            })
        })())
    }

    /// Refuses what only the first message may hold.
    pub(crate) fn refuse_later(
        settings: Option<&pb::ImportSettings>,
    ) -> Result<(), ValidationError> {
        if settings.is_none() {
            return Ok(());
        }
        let message = "must be left out of all messages but the first";
        Err(Invalid::new(Reason::Malformed, message)
            .at("settings")
            .into())
    }
}

fn read_on_conflict(number: i32) -> Result<OnConflict, Invalid> {
    match pb::OnConflict::try_from(number) {
        Ok(pb::OnConflict::Unspecified | pb::OnConflict::Fail) => Ok(OnConflict::Fail),
        Ok(pb::OnConflict::Skip) => Ok(OnConflict::Skip),
        Ok(pb::OnConflict::Update) => Ok(OnConflict::Update),
        Err(_) => Err(Invalid::new(
            Reason::Unknown,
            "must be ON_CONFLICT_FAIL, ON_CONFLICT_SKIP or ON_CONFLICT_UPDATE",
        )),
    }
}

/// Tells an import from others by its settings and rows, however these are divided into
/// messages. Computed only where the import has an id.
pub(crate) struct Fingerprint {
    hash: Option<Sha256>,
    encoded: Vec<u8>,
}

impl Fingerprint {
    /// Of the settings, to begin with.
    pub(crate) fn of(wish: &Wish) -> Self {
        let ImportSettings {
            on_conflict,
            atomicity,
        } = wish.settings;
        let settings = [
            match on_conflict {
                OnConflict::Fail => 1,
                OnConflict::Skip => 2,
                OnConflict::Update => 3,
            },
            match atomicity {
                Atomicity::All => 1,
                Atomicity::Each => 2,
            },
        ];
        Self {
            hash: wish.id.map(|_| Sha256::new().chain_update(settings)),
            encoded: Vec::new(),
        }
    }

    /// Adds rows.
    pub(crate) fn add(&mut self, rows: &[impl Message]) {
        let Some(hash) = &mut self.hash else {
            return;
        };
        for row in rows {
            self.encoded.clear();
            hash.update(u64::to_be_bytes(row.encoded_len() as u64));
            // A vector grows as it has to.
            if row.encode(&mut self.encoded).is_ok() {
                hash.update(&self.encoded);
            }
        }
    }

    /// What the import of those rows intends.
    pub(crate) fn intent(self, method: &'static str, wish: &Wish) -> Intent {
        let identified = wish.id.zip(self.hash);
        Intent {
            request: identified.map(|(id, hash)| Request {
                id,
                method,
                digest: Digest(hash.finalize().into()),
            }),
            validate_only: wish.validate_only,
            ..Intent::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01";

    fn user() -> pb::User {
        pb::User {
            email: "ada@example.com".into(),
            ..pb::User::default()
        }
    }

    fn digest(settings: pb::ImportSettings, messages: &[&[pb::User]]) -> Option<Request> {
        let wish = Wish::read(Some(settings), &Caller::anybody()).unwrap();
        let mut print = Fingerprint::of(&wish);
        for rows in messages {
            print.add(rows);
        }
        print.intent("TransferService/ImportUsers", &wish).request
    }

    #[test]
    fn an_import_is_the_same_however_its_rows_are_divided() {
        let settings = || pb::ImportSettings {
            request_id: ID.into(),
            ..pb::ImportSettings::default()
        };
        let (ada, alan) = (user(), pb::User::default());
        let whole = digest(settings(), &[&[ada.clone(), alan.clone()]]);
        let parts: [&[pb::User]; 3] =
            [std::slice::from_ref(&ada), &[], std::slice::from_ref(&alan)];
        assert!(whole.is_some());
        assert_eq!(digest(settings(), &parts), whole);
        let tried = pb::ImportSettings {
            validate_only: true,
            // As if it were left out.
            on_conflict: pb::OnConflict::Fail.into(),
            ..settings()
        };
        assert_eq!(digest(tried, &parts), whole);

        let swapped = [alan.clone(), ada.clone()];
        assert_ne!(digest(settings(), &[&swapped]), whole);
        let skipping = pb::ImportSettings {
            on_conflict: pb::OnConflict::Skip.into(),
            ..settings()
        };
        assert_ne!(digest(skipping, &parts), whole);
    }

    #[test]
    fn every_setting_that_is_wrong_is_named() {
        let wrong = pb::ImportSettings {
            on_conflict: 9,
            atomicity: 9,
            request_id: "again".into(),
            ..pb::ImportSettings::default()
        };
        let Err(error) = Wish::read(Some(wrong), &Caller::anybody()) else {
            panic!("they are wrong");
        };
        let fields: Vec<_> = error
            .violations()
            .iter()
            .map(|v| v.field.as_str())
            .collect();
        assert_eq!(
            fields,
            [
                "settings.on_conflict",
                "settings.atomicity",
                "settings.request_id"
            ]
        );
    }
}
