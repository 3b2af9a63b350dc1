//! What posts say.

use crate::error::{Invalid, Reason};
use crate::text::{Lines, forbid_control, normalise};

/// The text of a post: at most 1 MiB of UTF-8; tabs and line breaks are welcome,
/// other control characters are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content(String);

impl Content {
    /// The limit, in bytes of UTF-8 after NFC.
    pub const MAX_BYTES: usize = 1024 * 1024;

    /// Brings `text` into NFC; refuses it when it is too long or holds a
    /// forbidden control character. An empty text is a text.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = normalise(text.into());
        if text.len() > Self::MAX_BYTES {
            return Err(Invalid::new(
                Reason::TooLong,
                format!("must be at most {} bytes long", Self::MAX_BYTES),
            ));
        }
        forbid_control(&text, Lines::Many)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_one_mebibyte_to_the_byte() {
        assert!(Content::parse("a".repeat(Content::MAX_BYTES)).is_ok());
        let error = Content::parse("a".repeat(Content::MAX_BYTES + 1)).unwrap_err();
        assert_eq!(error.reason, Reason::TooLong);
    }
}
