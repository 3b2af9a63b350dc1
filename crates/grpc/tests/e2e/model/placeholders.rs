//! The ids of the cases, and what stands in a request for what only the service knows.

use prost_types::Timestamp;

use crate::model::letters::ADDRESSES;
use crate::model::state::{Chosen, Id, Model, Stamps, known_id, timestamp};

/// The id of nothing.
pub(crate) const NOBODY: &str = "0190a6c2-7e8f-7a30-9c4e-000000000000";

const LIVING: &str = "living ";
const TRASHED: &str = "trashed ";
const ADDRESS: &str = "address of ";
/// In microseconds since 1970.
const IN_2017: i64 = 1_500_000_000_000_000;
const RIGHT: &str = "right";
const STALE: &str = "stale";

pub(crate) fn user_id(number: usize) -> String {
    format!("0190a6c2-7e8f-7a30-9c4e-0000000000a{number:x}")
}

pub(crate) fn post_id(number: usize) -> String {
    format!("0190a6c2-7e8f-7a30-9c4e-0000000000b{number:x}")
}

/// The id of something outside the trash. In capitals, so is the id.
pub(crate) fn living(number: usize) -> String {
    format!("{LIVING}{number}")
}

/// The id of something in the trash.
pub(crate) fn trashed(number: usize) -> String {
    format!("{TRASHED}{number}")
}

/// The address of a user outside the trash.
pub(crate) fn address_of(number: usize) -> String {
    format!("{ADDRESS}{number}")
}

/// The etag of what the request names.
pub(crate) fn right_etag() -> String {
    RIGHT.to_owned()
}

/// An etag that it had before.
pub(crate) fn stale_etag() -> String {
    STALE.to_owned()
}

/// When the author of the post went into the trash.
pub(crate) const fn of_author() -> Timestamp {
    Timestamp {
        seconds: i64::MIN,
        nanos: 0,
    }
}

impl Model {
    /// Puts in when an author went into the trash; another time if that never was.
    pub(crate) fn fill_time(&self, time: &mut Option<Timestamp>, author: &str) {
        if *time == Some(of_author()) {
            let author = self.users.get(&known_id(author));
            let known = match author.and_then(|author| author.stamps.deleted_at.as_ref()) {
                Some(Chosen::Known(time)) => *time,
                Some(Chosen::Open(_)) | None => IN_2017,
            };
            *time = Some(timestamp(known));
        }
    }

    /// Puts in the id and the etag of a user.
    pub(crate) fn fill_user(&self, id: &mut String, etag: &mut String) {
        fill_id(id, self.users.iter().map(|(id, user)| (id, &user.stamps)));
        let stamps = self.users.get(&known_id(id)).map(|user| &user.stamps);
        self.fill_etag(id, etag, stamps);
    }

    /// Puts in the address of a user.
    pub(crate) fn fill_address(&self, email: &mut String) {
        let Some(number) = email.strip_prefix(ADDRESS) else {
            return;
        };
        let number: usize = number.parse().unwrap();
        let users = self.users.values();
        let living: Vec<_> = users
            .filter(|user| user.stamps.deleted_at.is_none())
            .collect();
        let nth = number.checked_rem(living.len());
        let found = nth.map_or(ADDRESSES[0], |nth| &living[nth].email);
        found.clone_into(email);
    }

    /// Puts in the id and the etag of a post.
    pub(crate) fn fill_post(&self, id: &mut String, etag: &mut String) {
        fill_id(id, self.posts.iter().map(|(id, post)| (id, &post.stamps)));
        let stamps = self.posts.get(&known_id(id)).map(|post| &post.stamps);
        self.fill_etag(id, etag, stamps);
    }

    fn fill_etag(&self, id: &str, etag: &mut String, stamps: Option<&Stamps>) {
        if etag == RIGHT
            && let Some(Chosen::Known(right)) = stamps.map(|stamps| &stamps.etag)
        {
            etag.clone_from(right);
        } else if etag == STALE
            && let Some(seen) = self.etags.get(&id.to_lowercase())
            && let Some(stale) = seen
                .iter()
                .find(|seen| !stamps.is_some_and(|stamps| stamps.has_etag(seen)))
        {
            etag.clone_from(stale);
        }
    }
}

fn fill_id<'m>(id: &mut String, known: impl Iterator<Item = (&'m Id, &'m Stamps)>) {
    let lower = id.to_lowercase();
    let (number, is_trashed) = match (lower.strip_prefix(LIVING), lower.strip_prefix(TRASHED)) {
        (Some(number), _) => (number, false),
        (None, Some(number)) => (number, true),
        (None, None) => return,
    };
    let number: usize = number.parse().unwrap();
    let known: Vec<_> = known
        .filter(|(_, stamps)| stamps.deleted_at.is_some() == is_trashed)
        .filter_map(|(id, _)| match id {
            Chosen::Known(id) => Some(id.as_str()),
            Chosen::Open(_) => None,
        })
        .collect();
    let nth = number.checked_rem(known.len());
    let found = nth.map_or(NOBODY, |nth| known[nth]);
    *id = if *id == lower {
        found.to_owned()
    } else {
        found.to_uppercase()
    };
}
