//! The addresses that the cases are about, and what the database takes for the same one.

use std::collections::BTreeMap;

use byline_persistence::testing::{TestDatabase, rows};

macro_rules! addresses {
    ($($address:literal,)*) => {
        /// Few, so that they collide: by letter case, by letters that have several forms in
        /// one case, and by normalization.
        pub(crate) const ADDRESSES: &[&str] = &[$($address,)*];

        const QUESTION: &str = concat!(
            "select address || ' ' || lower(address) from (select normalize(written, nfc) as address \
             from unnest(array[", $("'", $address, "',",)* "'@']) as given (written)) as known",
        );
    };
}

addresses! {
    "a@x.org",
    "A@X.org",
    "b@x.org",
    "c@x.org",
    "C@x.org",
    "é@x.org",
    "É@x.org",
    "e\u{301}@x.org",
    "ß@x.org",
    "ẞ@x.org",
    "ss@x.org",
    "ΟΣ@x.org",
    "οσ@x.org",
    "ος@x.org",
    "İ@x.org",
    "i@x.org",
}

/// Those that some take for the same.
pub(crate) const ALIKE: &[&[&str]] = &[
    &["a@x.org", "A@X.org", "b@x.org"],
    &["é@x.org", "É@x.org", "e\u{301}@x.org"],
    &["ß@x.org", "ẞ@x.org", "ss@x.org"],
    &["ΟΣ@x.org", "οσ@x.org", "ος@x.org"],
    &["İ@x.org", "i@x.org"],
];

/// How addresses are folded.
#[derive(Debug)]
pub(crate) struct Letters(BTreeMap<String, String>);

impl Letters {
    /// As the database does.
    pub(crate) async fn of(database: &TestDatabase) -> Self {
        let told = rows(&mut database.connection().await, QUESTION).await;
        let pairs = told.iter().map(|pair| pair.split_once(' ').unwrap());
        Self(
            pairs
                .map(|(address, folded)| (address.to_owned(), folded.to_owned()))
                .collect(),
        )
    }

    /// As Rust does, for want of a database.
    pub(crate) fn without_database() -> Self {
        let kept = ADDRESSES.iter().map(|address| nfc(address));
        Self(
            kept.map(|address| (address.clone(), address.to_lowercase()))
                .collect(),
        )
    }

    /// In the letter case in which addresses are compared.
    pub(crate) fn folded(&self, address: &str) -> &str {
        let folded = self.0.get(address);
        folded.unwrap_or_else(|| panic!("{address} is not among the addresses"))
    }
}

/// Normalization form C of the texts of these tests.
pub(crate) fn nfc(text: &str) -> String {
    text.replace("e\u{301}", "é")
}
