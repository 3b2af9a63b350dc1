//! The rule for text, in one place: NFC, a length in code points, and no
//! characters that would let one text pass for another or break a log line.

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::error::{Invalid, Reason};

/// Whether line breaks and tabs may stand in a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    One,
    Many,
}

/// Brings `text` into NFC and refuses it when it is empty, longer than
/// `max_chars` code points, or holds a control character (NUL among them).
pub(crate) fn clean(text: String, max_chars: usize, lines: Lines) -> Result<String, Invalid> {
    // Most texts are such that a look at each byte tells everything.
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_plain && (1..=max_chars).contains(&text.len()) {
        return Ok(text);
    }
    // NFC never makes a text shorter than a third of its code points, so that a
    // hostile length is refused before the work of normalising it.
    if text.len() > max_chars.saturating_mul(4 * 3) {
        return Err(too_long(max_chars));
    }
    let text = normalise(text);
    if text.is_empty() {
        return Err(Invalid::required());
    }
    if text.chars().count() > max_chars {
        return Err(too_long(max_chars));
    }
    forbid_control(&text, lines)?;
    Ok(text)
}

/// `text` in Unicode normalization form C.
pub(crate) fn normalise(text: String) -> String {
    if text.is_ascii() || is_nfc(&text) {
        text
    } else {
        text.nfc().collect()
    }
}

pub(crate) fn forbid_control(text: &str, lines: Lines) -> Result<(), Invalid> {
    // Bytes are looked at many at a time. The controls from U+0080 on begin with 0xC2.
    let is_suspect = |byte: u8| {
        let welcome = lines == Lines::Many && matches!(byte, b'\t' | b'\n' | b'\r');
        (byte < b' ' && !welcome) || matches!(byte, 0x7f | 0xc2)
    };
    if !text.bytes().any(is_suspect) {
        return Ok(());
    }
    let forbidden =
        |c: &char| c.is_control() && !(lines == Lines::Many && matches!(c, '\t' | '\n' | '\r'));
    match text.chars().find(forbidden) {
        None => Ok(()),
        Some(c) => Err(Invalid::new(
            Reason::ForbiddenCharacter,
            format!("must not hold the control character U+{:04X}", u32::from(c)),
        )),
    }
}

/// The most that is quoted of what was found, in code points.
pub(crate) const QUOTED_CHARS: usize = 40;

/// `found` in quotes, on one line and not too long; "the end" where it is empty.
pub(crate) fn quote(found: &str) -> String {
    if found.is_empty() {
        return "the end".to_owned();
    }
    let mut chars = found.chars();
    let mut shown: String = chars
        .by_ref()
        .take(QUOTED_CHARS)
        .map(|c| if is_plain(c) { c } else { '\u{fffd}' })
        .collect();
    if chars.next().is_some() {
        shown.pop();
        shown.push('…');
    }
    let mark = if shown.contains('"') { '\'' } else { '"' };
    format!("{mark}{shown}{mark}")
}

/// Refuses characters that show nothing and change how those around them are shown or divided
/// into lines, and white space at an end: with them one text looks like another.
pub(crate) fn forbid_deceptive(text: &str) -> Result<(), Invalid> {
    let refuse = |message| Err(Invalid::new(Reason::ForbiddenCharacter, message));
    if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        return refuse("must not begin or end with white space".to_owned());
    }
    match text.chars().find(|&c| !is_plain(c)) {
        None => Ok(()),
        Some(c) => refuse(format!(
            "must not hold the character U+{:04X}, which is not seen",
            u32::from(c)
        )),
    }
}

/// Whether a character shows itself, and does nothing to those around it: it is none of the
/// general categories Cc, Cf, Zl and Zp.
fn is_plain(c: char) -> bool {
    let does_something = matches!(c, '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}'
        | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}'
        | '\u{e0020}'..='\u{e007f}');
    !c.is_control() && !does_something
}

fn too_long(max_chars: usize) -> Invalid {
    Invalid::new(
        Reason::TooLong,
        format!("must be at most {max_chars} characters long"),
    )
}

/// A text on one line of 1 to `$max` code points, as a type of its own; `$check` may refuse more.
macro_rules! line {
    ($(#[$doc:meta])* $name:ident, $max:literal $(, $check:path)?) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The limit, in Unicode code points after NFC.
            pub const MAX_CHARS: usize = $max;

            /// Brings `text` into NFC; refuses it when it is empty, too long or
            /// holds a control character, or is none by what the type says.
            pub fn parse(text: impl Into<String>) -> Result<Self, crate::error::Invalid> {
                let lines = crate::text::Lines::One;
                let text = crate::text::clean(text.into(), Self::MAX_CHARS, lines)?;
                $($check(&text)?;)?
                Ok(Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, without a copy.
            pub fn into_string(self) -> String {
                self.0
            }
        }
    };
}
pub(crate) use line;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_code_points_after_normalisation() {
        // "e" and a combining acute accent are one code point after NFC.
        let decomposed = "e\u{301}".repeat(5);
        assert_eq!(clean(decomposed, 5, Lines::One).unwrap(), "é".repeat(5));
        assert_eq!(
            clean("é".repeat(6), 5, Lines::One).unwrap_err().reason,
            Reason::TooLong
        );
    }

    #[test]
    fn control_characters_are_refused_and_line_breaks_only_where_allowed() {
        for text in ["a\0b", "a\u{7f}", "\u{85}"] {
            assert_eq!(
                clean(text.into(), 9, Lines::Many).unwrap_err().reason,
                Reason::ForbiddenCharacter
            );
        }
        assert!(clean("a\tb\r\nc".into(), 9, Lines::Many).is_ok());
        assert!(clean("a\nb".into(), 9, Lines::One).is_err());
    }

    #[test]
    fn a_hostile_length_is_refused_without_normalising_it() {
        assert_eq!(
            clean("e\u{301}".repeat(1 << 20), 5, Lines::One)
                .unwrap_err()
                .reason,
            Reason::TooLong
        );
    }
}
