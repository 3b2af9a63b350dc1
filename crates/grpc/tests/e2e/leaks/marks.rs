//! What was sent, and how it is found again in whatever form it comes out.

use std::fmt::Write;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// What may become of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bound {
    /// It is told to whoever asked by it, and in no log.
    Asked,
    /// It is told to whoever may read it, never in an error, and in no log.
    Personal,
    /// It is told to nobody.
    Secret,
}

/// A text that stands nowhere else.
pub(super) struct Mark {
    pub(super) text: &'static str,
    pub(super) bound: Bound,
}

pub(crate) const PASSWORD: &str = "pwzkqv81mtxb5rgh";
/// The salt of a hash, of its digest the same: both are base64 where they are sent.
pub(super) const SALT: &str = "hszkqv82mtxb5rgh";
pub(super) const DIGEST: &str = "hdzkqv83mtxb5rghhdzkqv83mtxb5rgh";
/// A token, of whatever kind.
pub(super) const TOKEN: &str = "tkzkqv84mtxb5rgh";
/// The bytes of the secret of an API key.
pub(crate) const KEY: &str = "akzkqv94mtxb5rghakzkqv94mtxb5rgh";
pub(super) const PEPPER: &str = "ppzkqv85mtxb5rghppzkqv85mtxb5rgh";
pub(super) const PAGE_KEY: &str = "kkzkqv86mtxb5rghkkzkqv86mtxb5rgh";
/// The password of a database.
pub(super) const DATABASE: &str = "dbzkqv87mtxb5rgh";
pub(super) const EMAIL: &str = "emzkqv88mtxb5rgh";
pub(super) const NAME: &str = "nmzkqv89mtxb5rgh";
pub(super) const TITLE: &str = "ttzkqv90mtxb5rgh";
pub(super) const CONTENT: &str = "ctzkqv91mtxb5rgh";
/// What others had stored before: addresses, names, titles, contents.
pub(super) const STORED: &str = "stzkqv92mtxb5rgh";
/// What is asked by: ids, filters, masks, etags.
pub(super) const ASKED: &str = "aszkqv93mtxb5rgh";

/// What a token calls its owner, and a caller its call: in the line of that call, and nowhere else.
pub(super) const CALLER: &str = "clzkqv95mtxb5rgh";

const ALL: [Mark; 15] = [
    secret(PASSWORD),
    secret(SALT),
    secret(DIGEST),
    secret(TOKEN),
    secret(KEY),
    secret(PEPPER),
    secret(PAGE_KEY),
    secret(DATABASE),
    personal(EMAIL),
    personal(NAME),
    personal(TITLE),
    personal(CONTENT),
    personal(STORED),
    Mark {
        text: ASKED,
        bound: Bound::Asked,
    },
    Mark {
        text: CALLER,
        bound: Bound::Asked,
    },
];

const fn secret(text: &'static str) -> Mark {
    let bound = Bound::Secret;
    Mark { text, bound }
}

const fn personal(text: &'static str) -> Mark {
    let bound = Bound::Personal;
    Mark { text, bound }
}

/// The bytes of a text, in hex.
pub(super) fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The forms that a mark may come out in, of which the first half is looked for: some things are
/// shown by their beginnings.
struct Forms {
    mark: &'static Mark,
    /// In small letters: as it is, and percent-encoded.
    folded: Vec<String>,
    /// The same without what stands between: in hex, escaped, as a list of numbers.
    squeezed: Vec<String>,
    /// To the letter: base64, wherever in what is encoded it begins.
    exact: Vec<String>,
}

static FORMS: LazyLock<Vec<Forms>> = LazyLock::new(|| ALL.iter().map(Forms::of).collect());

impl Forms {
    fn of(mark: &'static Mark) -> Self {
        let half = &mark.text[..mark.text.len().min(16) / 2];
        let bytes = half.as_bytes();
        let each = |form: fn(&u8) -> String, between| {
            let parts: Vec<_> = bytes.iter().map(form).collect();
            parts.join(between)
        };
        let folded = vec![half.to_owned(), each(|byte| format!("%{byte:02x}"), "")];
        let squeezed = vec![
            half.to_owned(),
            each(|byte| format!("{byte:02x}"), ""),
            each(|byte| format!("0x{byte:02x}"), ","),
            each(|byte| format!("x{byte:02x}"), ""),
            each(|byte| format!("u00{byte:02x}"), ""),
            each(u8::to_string, ","),
        ];
        let mut exact = Vec::new();
        for before in 0..3_usize {
            let shifted = [&b"\0\0"[..before], bytes].concat();
            // The characters that hold nothing but bits of the mark.
            let first = (before * 8).div_ceil(6);
            let last = shifted.len() * 8 / 6;
            for alphabet in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                exact.push(alphabet.encode(&shifted)[first..last].to_owned());
            }
        }
        Self {
            mark,
            folded,
            squeezed,
            exact,
        }
    }
}

/// A mark that stands in `said` and may not: all do that are of `least` or more. Answers which,
/// and what stands around it.
pub(crate) fn found(said: &[u8], least: Bound) -> Option<(&'static str, String)> {
    let said = String::from_utf8_lossy(said);
    let folded = said.to_ascii_lowercase();
    let squeezed = squeezed(&folded);
    FORMS
        .iter()
        .filter(|forms| forms.mark.bound >= least)
        .find_map(|forms| {
            let of_folded = forms.folded.iter().find_map(|form| folded.find(form));
            let of_exact = || forms.exact.iter().find_map(|form| said.find(form));
            if let Some(at) = of_folded.or_else(of_exact) {
                let before = said[..at].rfind('\n').map_or(0, |end| end + 1);
                let line = said[before..].lines().next().unwrap_or_default();
                return Some((forms.mark.text, line.to_owned()));
            }
            let form = forms.squeezed.iter().find(|form| squeezed.contains(*form));
            form.map(|form| (forms.mark.text, form.clone()))
        })
}

/// Without what may stand between the bytes of a text: white space, escaped or not, and signs.
fn squeezed(text: &str) -> String {
    let text = text.replace("\\n", "");
    let is_between = |char: char| char.is_whitespace() || r"\:-_;{}".contains(char);
    text.chars().filter(|char| !is_between(*char)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_in_each_form() {
        let said = |text: &str| found(text.as_bytes(), Bound::Secret).map(|(mark, _)| mark);
        for before in ["", "a", "ab", "abc"] {
            let held = format!("{before}{PASSWORD}xy");
            for text in [
                held.clone(),
                held.to_uppercase(),
                hex(&held),
                hex(&held).to_uppercase(),
                format!("{:?}", held.as_bytes()),
                format!("{:#?}", held.as_bytes()),
                serde_json::to_string(&format!("{:#?}", held.as_bytes())).unwrap(),
                hex(&held)
                    .as_bytes()
                    .chunks(2)
                    .fold(String::new(), |all, pair| {
                        format!("{all}{}:", String::from_utf8_lossy(pair))
                    }),
                held.bytes()
                    .fold(String::new(), |all, byte| format!("{all}\\u{byte:04X}")),
                held.bytes()
                    .fold(String::new(), |all, byte| format!("{all}\\\\x{byte:02x}")),
                format!("{}…", &held[..before.len() + 8]),
                serde_json::to_string(held.as_bytes()).unwrap(),
                held.bytes()
                    .fold(String::new(), |all, byte| format!("{all}%{byte:02X}")),
                STANDARD_NO_PAD.encode(&held),
                URL_SAFE_NO_PAD.encode(&held),
                STANDARD_NO_PAD.encode(format!("{before}{PASSWORD}")),
            ] {
                assert_eq!(said(&format!("said {text}")), Some(PASSWORD), "{text}");
            }
        }
        assert_eq!(said(&PASSWORD[1..]), None);
        assert_eq!(said(NAME), None);
        let (mark, line) = found(format!("a\nb {NAME} c\nd").as_bytes(), Bound::Personal).unwrap();
        assert_eq!((mark, &*line), (NAME, &*format!("b {NAME} c")));
    }
}
