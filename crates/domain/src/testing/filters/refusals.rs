//! What every refusal of a filter keeps to.

use crate::error::{Invalid, Reason};
use crate::filter::MAX_CHARS;

/// The longest message of a refusal, in code points: a line of a log.
const MAX_MESSAGE: usize = 400;

/// Holds a refusal of that text to what is promised: it is short, on one line, and
/// names a column that the text has, or the one behind its end.
pub fn assert_precise(refusal: &Invalid, text: &str) {
    let Invalid { reason, message } = refusal;
    assert!(
        !message.contains(char::is_control) && message.chars().count() < MAX_MESSAGE,
        "{message:?} is not fit to be shown"
    );
    let length = text.chars().count();
    match reason {
        Reason::TooLong => assert!(length > MAX_CHARS, "{length} are not too many"),
        Reason::Malformed | Reason::Unknown | Reason::OutOfRange => {
            let column = message.strip_prefix("at column ");
            let column = column.and_then(|rest| rest.split_once(": "));
            let column = column.and_then(|(column, _)| column.parse().ok());
            assert!(
                column.is_some_and(|column| (1..=length + 1).contains(&column)),
                "{message:?} is not within {length} characters"
            );
        }
        Reason::Required
        | Reason::TooShort
        | Reason::ForbiddenCharacter
        | Reason::CommonPassword
        | Reason::ReadOnly
        | Reason::PageTokenInvalid
        | Reason::PageTokenMismatch
        | Reason::PageTokenExpired => panic!("{reason:?} is no reason to refuse a filter"),
    }
}
