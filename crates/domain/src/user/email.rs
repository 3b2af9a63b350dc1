//! E-mail addresses.

use crate::error::{Invalid, Reason};
use crate::ids::UserId;
use crate::text::{Lines, clean};

/// An e-mail address of 1 to 256 characters, kept as it was written.
///
/// Only what every address has is checked: one `@` with something on both sides,
/// and no white space. Whether mail arrives there only a mail can tell.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// The limit, in Unicode code points after NFC.
    pub const MAX_CHARS: usize = 256;

    /// Brings `text` into NFC and checks its form.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = clean(text.into(), Self::MAX_CHARS, Lines::One)?;
        if text.contains(char::is_whitespace) {
            return Err(Invalid::new(
                Reason::ForbiddenCharacter,
                "must not hold white space",
            ));
        }
        match text.split_once('@') {
            Some((local, domain))
                if !local.is_empty() && !domain.is_empty() && !domain.contains('@') =>
            {
                Ok(Self(text))
            }
            Some(_) | None => Err(Invalid::new(
                Reason::Malformed,
                "must be an address such as name@example.com",
            )),
        }
    }

    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address, without a copy.
    pub fn into_string(self) -> String {
        self.0
    }

    /// The address in the letter case in which addresses are compared: two living
    /// users never share it. Where Unicode knows several ways to fold a letter
    /// (the dotted capital I, the final sigma), the adapter's word counts.
    pub fn folded(&self) -> String {
        self.as_str().to_lowercase()
    }
}

/// What an address is to those who look for one that is free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address as the adapter compares it: the same for all that no two living users
    /// may have.
    pub folded: String,
    /// The living user who has it.
    pub holder: Option<UserId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_as_written_and_compared_in_any_case() {
        let email = Email::parse("Ada@Example.COM").unwrap();
        assert_eq!(email.as_str(), "Ada@Example.COM");
        assert_eq!(email.folded(), "ada@example.com");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["a", "@b", "a@", "a@b@c", "@"] {
            assert_eq!(
                Email::parse(text).unwrap_err().reason,
                Reason::Malformed,
                "{text}"
            );
        }
        assert_eq!(Email::parse("").unwrap_err().reason, Reason::Required);
        assert_eq!(
            Email::parse("a b@c.d").unwrap_err().reason,
            Reason::ForbiddenCharacter
        );
        let long = format!("{}@b.c", "a".repeat(253));
        assert_eq!(Email::parse(long).unwrap_err().reason, Reason::TooLong);
    }
}
