//! What requests are filled with.

use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::marks::{ASKED, CONTENT, DIGEST, EMAIL, NAME, PASSWORD, SALT, STORED, TITLE, TOKEN};
use super::messages::Place;

static NEXT: AtomicU32 = AtomicU32::new(1);

fn next() -> u32 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// An id that there is not yet.
pub(super) fn fresh_id() -> String {
    format!("00000000-0000-4000-8000-{:012}", next())
}

/// Whom and what requests are about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// What is not there, and can be made.
    Nothing,
    /// What others have stored.
    Living,
    /// The same in the trash.
    Trash,
}

impl About {
    /// The ids of its user and its post; the test stores them.
    pub(super) fn ids(self) -> [String; 2] {
        match self {
            Self::Nothing => [fresh_id(), fresh_id()],
            Self::Living => {
                ["1", "2"].map(|kind| format!("{kind}0000000-0000-4000-9000-000000000001"))
            }
            Self::Trash => {
                ["1", "2"].map(|kind| format!("{kind}0000000-0000-4000-9000-000000000002"))
            }
        }
    }
}

/// A request that is well made, and marked wherever it says something.
pub(super) fn well_made(about: About) -> impl Fn(&Place, bool) -> Option<Vec<u8>> {
    let [user, post] = about.ids();
    move |place, is_own| {
        let is_of_post = place.message.contains("Post");
        let text = match (place.message.as_str(), place.field.as_str()) {
            (_, "request_id") if is_own || place.message == "ImportSettings" => fresh_id(),
            ("User", "email") if about == About::Trash => format!("{STORED}@example.com"),
            ("User", "email") => format!("{EMAIL}{}@example.com", next()),
            ("User", "name") => NAME.to_owned(),
            ("User", "role") => "editor".to_owned(),
            ("Post", "title") => TITLE.to_owned(),
            ("Post", "content") => CONTENT.to_owned(),
            (_, "email" | "emails") if about == About::Living => format!("{ASKED}@example.com"),
            (_, "email" | "emails") => format!("no.{ASKED}@example.com"),
            ("User", "id") | (_, "user_id" | "author_id" | "from_author_id") => user.clone(),
            (_, "to_author_id") => "30000000-0000-4000-9000-000000000001".to_owned(),
            (_, "id" | "ids") if is_of_post => post.clone(),
            (_, "id" | "ids") => user.clone(),
            (_, "new_password" | "password" | "current_password") => PASSWORD.to_owned(),
            (_, "hash") => hash(),
            ("ListAuditEventsRequest", "filter") => format!("caller : \"{ASKED}\""),
            (_, "filter") if is_of_post => format!("title = \"{ASKED}\" OR published = false"),
            (_, "filter") => format!("name = \"{ASKED}\" OR is_active = true"),
            (_, "query") => ASKED.to_owned(),
            _ => return None,
        };
        Some(text.into_bytes())
    }
}

/// A hash as it is imported.
pub(crate) fn hash() -> String {
    let [salt, digest] = [SALT, DIGEST].map(|text| STANDARD_NO_PAD.encode(text));
    format!("$argon2id$v=19$m=19456,t=2,p=1${salt}${digest}")
}

/// The mark of what belongs into a field, whatever it is filled with.
pub(super) fn mark(place: &Place) -> &'static str {
    match (place.message.as_str(), place.field.as_str()) {
        (_, "new_password" | "password" | "current_password" | "hash") => PASSWORD,
        (_, "page_token") => TOKEN,
        ("User", "email") => EMAIL,
        ("User", "name" | "role") => NAME,
        ("Post", "title") => TITLE,
        ("Post", "content") => CONTENT,
        _ => ASKED,
    }
}
