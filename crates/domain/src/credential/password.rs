//! Passwords as they are typed.

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::common::is_common;
use crate::error::{Invalid, Reason};
use crate::user::User;

/// A password that somebody typed, to be compared with what is kept: at most
/// [`Self::MAX_BYTES`]. Wiped from memory when it is dropped, and never shown.
#[derive(Clone, Debug)]
pub struct Password {
    given: SecretString,
    prepared: SecretString,
}

impl Password {
    /// The limit, in bytes of UTF-8 after [preparation](Self::prepared).
    pub const MAX_BYTES: usize = 1_024;

    /// No preparation makes a text shorter than a third of it: what is longer is refused
    /// without the work.
    const MAX_GIVEN_BYTES: usize = 3 * Self::MAX_BYTES;

    /// Takes what was typed; refuses nothing at all and too much.
    pub fn parse(text: impl Into<SecretString>) -> Result<Self, Invalid> {
        let given: SecretString = text.into();
        let length = given.expose_secret().len();
        if length == 0 {
            return Err(Invalid::required());
        }
        if length > Self::MAX_GIVEN_BYTES {
            return Err(too_long());
        }
        let prepared = prepare(&given);
        if prepared.expose_secret().len() > Self::MAX_BYTES {
            return Err(too_long());
        }
        Ok(Self { given, prepared })
    }

    /// What was typed, byte for byte: what others hashed.
    pub fn given(&self) -> &str {
        self.given.expose_secret()
    }

    /// What was typed in the form in which passwords are compared, whatever keyboard they come
    /// from (RFC 8265, OpaqueString): every space an ASCII one, and in NFC.
    pub fn prepared(&self) -> &str {
        self.prepared.expose_secret()
    }
}

fn too_long() -> Invalid {
    let most = Password::MAX_BYTES;
    Invalid::new(
        Reason::TooLong,
        format!("must be at most {most} bytes long"),
    )
}

fn prepare(given: &SecretString) -> SecretString {
    let text = given.expose_secret();
    if text.is_ascii() || (is_nfc(text) && !text.contains(is_other_space)) {
        return given.clone();
    }
    let spaced = text
        .chars()
        .map(|c| if is_other_space(c) { ' ' } else { c });
    // Long enough from the start, so that no part of it is left behind by growing.
    let mut prepared = String::with_capacity(3 * text.len());
    prepared.extend(spaced.nfc());
    prepared.into()
}

/// The spaces (Zs) beside the one of ASCII.
fn is_other_space(c: char) -> bool {
    matches!(
        c,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// A password that may be set (OWASP ASVS 6.2): long enough, of any characters but controls,
/// and none of those that are guessed first.
#[derive(Clone, Debug)]
pub struct NewPassword(Password);

impl NewPassword {
    /// The least length, in bytes of UTF-8 after preparation.
    pub const MIN_BYTES: usize = 8;

    /// Takes what is to become a password.
    pub fn parse(text: impl Into<SecretString>) -> Result<Self, Invalid> {
        let password = Password::parse(text)?;
        let prepared = password.prepared();
        if prepared.contains(char::is_control) {
            let message = "must not hold control characters";
            return Err(Invalid::new(Reason::ForbiddenCharacter, message));
        }
        if prepared.len() < Self::MIN_BYTES {
            let message = format!("must be at least {} bytes long", Self::MIN_BYTES);
            return Err(Invalid::new(Reason::TooShort, message));
        }
        if is_common(fold(prepared).expose_secret()) {
            let message = "is one of the most common passwords";
            return Err(Invalid::new(Reason::CommonPassword, message));
        }
        Ok(Self(password))
    }

    /// The password.
    pub const fn as_password(&self) -> &Password {
        &self.0
    }

    /// Whether it is the user's address, the part of it before the `@`, or the user's name, in
    /// any letter case.
    pub fn is_of(&self, user: &User) -> bool {
        let password = fold(self.0.prepared());
        let password = password.expose_secret();
        let email = user.email.folded();
        let local = email.split('@').next().unwrap_or_default();
        let name = user.name.as_ref().map(|name| name.as_str().to_lowercase());
        password == email || password == local || name.is_some_and(|name| password == name)
    }
}

fn fold(text: &str) -> SecretString {
    text.to_lowercase().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixtures::{email, user};
    use crate::user::UserName;

    fn refusal(text: &str) -> Reason {
        NewPassword::parse(text).unwrap_err().reason
    }

    #[test]
    fn a_length_is_counted_in_bytes_after_preparation() {
        assert_eq!(refusal(""), Reason::Required);
        assert_eq!(refusal("seven b"), Reason::TooShort);
        assert!(NewPassword::parse("eight by").is_ok());
        // Four letters of two bytes, which come as three.
        assert!(NewPassword::parse("e\u{301}".repeat(4)).is_ok());
        assert_eq!(refusal(&"e\u{301}".repeat(3)), Reason::TooShort);
        assert!(NewPassword::parse("x".repeat(1_024)).is_ok());
        assert!(NewPassword::parse("e\u{301}".repeat(512)).is_ok());
        assert_eq!(refusal(&"x".repeat(1_025)), Reason::TooLong);
        assert_eq!(refusal(&"e\u{301}".repeat(513)), Reason::TooLong);
        assert_eq!(refusal(&"x".repeat(1 << 22)), Reason::TooLong);
    }

    #[test]
    fn a_preparation_makes_no_more_room_than_was_made_for_it() {
        // U+0390 is three code points in NFD, and U+1D15E grows in NFC.
        for text in [
            "\u{1d15e}".repeat(50),
            "ΐ".repeat(50),
            "\u{fb2c}".repeat(50),
        ] {
            let password = Password::parse(text.as_str()).unwrap();
            assert!(password.prepared().len() <= 3 * text.len());
            assert!(text.len() <= 3 * password.prepared().len());
        }
    }

    #[test]
    fn the_same_characters_are_the_same_password() {
        let prepared = |text: &str| Password::parse(text).unwrap().prepared().to_owned();
        assert_eq!(prepared("cafe\u{301} au\u{a0}lait"), "café au lait");
        assert_eq!(prepared("one\u{3000}two"), "one two");
        // Nothing else is mapped.
        assert_eq!(prepared("Ａ ﬁ ß"), "Ａ ﬁ ß");
        let password = Password::parse("cafe\u{301}").unwrap();
        assert_eq!(password.given(), "cafe\u{301}");
    }

    #[test]
    fn any_characters_will_do_but_controls() {
        for text in ["        ", "пароль дня", "🦀🦀", "'; drop table users --"] {
            assert!(NewPassword::parse(text).is_ok(), "{text}");
        }
        for text in ["a tab\tin it", "nul\0 in it", "\u{85} next line"] {
            assert_eq!(refusal(text), Reason::ForbiddenCharacter);
            // Elsewhere they may have been allowed.
            assert!(Password::parse(text).is_ok());
        }
    }

    #[test]
    fn a_common_password_is_refused_in_any_letter_case() {
        for text in ["password", "PassWord", "QWERTYUIOP", "1234567890"] {
            assert_eq!(refusal(text), Reason::CommonPassword, "{text}");
        }
        assert!(NewPassword::parse("password of mine").is_ok());
    }

    #[test]
    fn what_everybody_knows_of_a_user_is_told() {
        let user = User {
            email: email("Ada.Lovelace@example.com"),
            name: Some(UserName::parse("Ada Lovelace").unwrap()),
            ..user(1)
        };
        let is_of = |text: &str| NewPassword::parse(text).unwrap().is_of(&user);
        for text in ["ada.lovelace@EXAMPLE.com", "ada.lovelace", "ADA LOVELACE"] {
            assert!(is_of(text), "{text}");
        }
        assert!(!is_of("Ada Lovelace wrote it"));
        let nameless = User { name: None, ..user };
        assert!(!NewPassword::parse("Ada Lovelace").unwrap().is_of(&nameless));
    }

    #[test]
    fn a_password_is_not_shown() {
        let password = NewPassword::parse("correct horse").unwrap();
        let shown = format!("{password:?}");
        assert!(!shown.contains("horse"), "{shown}");
    }
}
