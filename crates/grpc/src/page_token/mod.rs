//! Page tokens: a place in a list, sealed so that only this program can read or
//! make one, and bound to the caller and the list that it was given out for.

pub(crate) mod contents;
mod key;
mod list;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use byline_domain::clock::Clock;
use byline_domain::error::{Invalid, Reason};
use byline_domain::page::Cursor;
use chacha20poly1305::XNonce;
use chacha20poly1305::aead::{Aead, Generate, Payload};
use chrono::{DateTime, TimeDelta, Utc};

use contents::Contents;
use key::{ID_BYTES, Key};

pub(crate) use key::Keys;
pub(crate) use list::List;

/// The form of what is sealed, and of the seal: the first byte of a token.
const VERSION: u8 = 1;

/// The version, the key's id and the nonce, which stand before what is sealed.
const HEADER_BYTES: usize = 1 + ID_BYTES;
const NONCE_BYTES: usize = 24;

/// The longest text that is looked at. Nine sealed texts of 256 characters, four
/// bytes each, are below it; no row is ordered by more.
const MAX_BYTES: usize = 16 * 1024;

/// How long a token is good for.
const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// How far the clock of another replica may be ahead of this one's.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// What a token remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The row after which the next page starts. Times are kept to the microsecond.
    pub(crate) cursor: Cursor,
    /// The time that durations in the filter count from, to the microsecond: that
    /// of the first page, so that all pages are of one list.
    pub(crate) since: DateTime<Utc>,
}

/// Seals places into tokens and opens them again. Clones share their keys.
#[derive(Clone)]
pub(crate) struct PageTokens {
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
}

impl PageTokens {
    /// Tokens of these keys, the first of which seals, and whose age `clock` tells.
    pub(crate) fn new(keys: Keys, clock: Arc<dyn Clock>) -> Self {
        Self {
            keys: Arc::new(keys),
            clock,
        }
    }

    /// The token of the page of `list` that starts at `place`, for `caller` alone;
    /// empty where no page follows.
    ///
    /// # Panics
    /// If the operating system has no random numbers to give.
    pub(crate) fn seal(&self, caller: &str, list: &List, place: Option<&Place>) -> String {
        let Some(place) = place else {
            return String::new();
        };
        let key = self.keys.sealing();
        let contents = contents::write(list, place, self.clock.now());
        let header = header(key);
        let nonce = XNonce::generate();
        let sealed = key
            .cipher()
            .encrypt(
                &nonce,
                Payload {
                    msg: &contents,
                    aad: &authenticated(header, caller),
                },
            )
            .expect("a place is far below what the cipher takes, 256 GiB");
        URL_SAFE_NO_PAD.encode([header.as_slice(), nonce.as_slice(), &sealed].concat())
    }

    /// The place that a token names; `None` for an empty one. Whether it is a place
    /// in a list of that order is for the caller to check. Refused are a text that
    /// is no token of these keys or was given to another caller, a token of another
    /// list, where that is known, and one older than 24 hours.
    pub(crate) fn open(
        &self,
        caller: &str,
        list: Option<&List>,
        text: &str,
    ) -> Result<Option<Place>, Invalid> {
        if text.is_empty() {
            return Ok(None);
        }
        let contents = self.unseal(caller, text).ok_or_else(not_a_token)?;
        // A token that is used for another list tells of a defect of the caller,
        // however old it is.
        if list.is_some_and(|list| !contents.is_of(list)) {
            return Err(of_another_list());
        }
        let age = self.clock.now() - contents.issued;
        if age > LIFETIME {
            return Err(expired());
        }
        if age < -CLOCK_SKEW {
            return Err(not_a_token());
        }
        Ok(Some(contents.place))
    }

    fn unseal(&self, caller: &str, text: &str) -> Option<Contents> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (found, rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>()?;
        self.keys
            .all()
            .filter(|key| header(key) == *found)
            .find_map(|key| {
                let payload = Payload {
                    msg: sealed,
                    aad: &authenticated(*found, caller),
                };
                key.cipher().decrypt(&XNonce::from(*nonce), payload).ok()
            })
            .and_then(|bytes| contents::read(&bytes))
    }
}

fn header(key: &Key) -> [u8; HEADER_BYTES] {
    let mut header = [VERSION; HEADER_BYTES];
    header[1..].copy_from_slice(key.id());
    header
}

/// What the seal holds together with the contents without hiding it. The header's
/// length is fixed, so that no other header and caller come to the same bytes.
fn authenticated(header: [u8; HEADER_BYTES], caller: &str) -> Vec<u8> {
    [header.as_slice(), caller.as_bytes()].concat()
}

fn not_a_token() -> Invalid {
    Invalid::new(
        Reason::PageTokenInvalid,
        "is not a token that a page was answered with, or its key is used no more",
    )
}

fn of_another_list() -> Invalid {
    Invalid::new(
        Reason::PageTokenMismatch,
        "belongs to a request with other parameters: what it has of filter, order_by, query and \
         show_deleted stays the same from page to page",
    )
}

fn expired() -> Invalid {
    Invalid::new(
        Reason::PageTokenExpired,
        "is older than 24 hours: start again from the first page",
    )
}
