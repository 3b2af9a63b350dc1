//! Holds the types of what is kept to what they promise of any text.
#![no_main]

use byline_domain::access::{CallerName, KeyId, Scope, Scopes};
use byline_domain::credential::Password;
use byline_domain::error::{Invalid, Reason};
use byline_domain::ids::{PostId, UserId};
use byline_domain::post::{Content, Title};
use byline_domain::search::SearchQuery;
use byline_domain::user::{Email, Role, UserName};
use byline_fuzz::hold;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Corpus::Reject;
    };
    let check = |most, parse: Parse, is_one| check(text, most, parse, is_one);
    let is_user_id = check(36, |text| Ok(UserId::parse(text)?.to_string()), is_id);
    let is_post_id = check(36, |text| Ok(PostId::parse(text)?.to_string()), is_id);
    assert_eq!(is_user_id, is_post_id);
    let parts = [
        ("id", is_user_id),
        (
            "address",
            check(
                256,
                |text| Ok(Email::parse(text)?.into_string()),
                is_address,
            ),
        ),
        (
            "name",
            check(100, |text| Ok(UserName::parse(text)?.into_string()), any),
        ),
        (
            "role",
            check(50, |text| Ok(Role::parse(text)?.into_string()), any),
        ),
        (
            "title",
            check(200, |text| Ok(Title::parse(text)?.into_string()), any),
        ),
        (
            "query",
            check(256, |text| Ok(SearchQuery::parse(text)?.into_string()), any),
        ),
        (
            "caller",
            check(
                256,
                |text| Ok(CallerName::parse(text)?.into_string()),
                is_seen,
            ),
        ),
        (
            "key_id",
            check(16, |text| Ok(KeyId::parse(text)?.to_string()), is_key_id),
        ),
        (
            "scopes",
            check(200, |text| Ok(Scopes::parse(text)?.to_string()), are_scopes),
        ),
        ("content", check_content(text)),
        ("password", check_password(text)),
    ];
    hold(bytes, &parts);
    Corpus::Keep
});

type Parse = fn(&str) -> Result<String, Invalid>;

/// What was taken is on one line, not too long, what its type says, and is taken as it is.
fn check(text: &str, most: usize, parse: Parse, is_one: fn(&str) -> bool) -> bool {
    match parse(text) {
        Ok(value) => {
            assert!((1..=most).contains(&value.chars().count()), "{value:?}");
            assert!(!value.contains(char::is_control), "{value:?}");
            assert!(is_one(&value), "{value:?}");
            assert_eq!(parse(&value).as_ref(), Ok(&value));
            true
        }
        Err(refusal) => {
            check_refusal(&refusal);
            false
        }
    }
}

fn any(_: &str) -> bool {
    true
}

/// One `@` with something on both sides, and nothing between words.
fn is_address(value: &str) -> bool {
    let parts: Vec<_> = value.split('@').collect();
    parts.len() == 2 && !parts.contains(&"") && value.split_whitespace().eq([value])
}

/// Nothing in it changes what stands around it or is not seen: of what does either, the best known.
fn is_seen(value: &str) -> bool {
    let turns = |c| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_nothing = |c| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{e0020}'..='\u{e007f}');
    let breaks = |c| matches!(c, '\u{2028}' | '\u{2029}');
    let is_hidden = |c| turns(c) || is_nothing(c) || breaks(c);
    !value.contains(is_hidden) && value.trim() == value
}

/// In small letters, with four hyphens, and neither of the two that name nothing.
fn is_id(value: &str) -> bool {
    let digits: Vec<_> = value.split('-').collect();
    let is_digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    let all = digits.concat();
    digits.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && all.chars().all(is_digit)
        && all.contains(|c| c != '0')
        && all.contains(|c| c != 'f')
}

fn is_key_id(value: &str) -> bool {
    value.len() == 16 && value.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
}

fn are_scopes(value: &str) -> bool {
    let is_one = |name: &str| Scope::ALL.iter().any(|scope| scope.name() == name);
    value.split(", ").all(is_one)
}

/// Content keeps what it is, and is taken up to a mebibyte.
fn check_content(text: &str) -> bool {
    let content = match Content::parse(text) {
        Ok(content) => content.into_string(),
        Err(refusal) => {
            check_refusal(&refusal);
            return false;
        }
    };
    let forbidden = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    assert!(!content.contains(forbidden), "{content:?}");
    let again = Content::parse(&*content).expect("it was taken");
    assert_eq!(again.as_str(), content);
    // Long texts take long: one is enough.
    if content == "x\n" {
        let fill = |length: usize| content.clone() + &"x".repeat(length - content.len());
        assert!(Content::parse(fill(1024 * 1024)).is_ok());
        let refusal = Content::parse(fill(1024 * 1024 + 1)).expect_err("it is too long");
        assert_eq!(refusal.reason, Reason::TooLong);
    }
    true
}

/// A password is kept as it was typed, is the same however its letters are composed, and is never
/// repeated.
fn check_password(text: &str) -> bool {
    match Password::parse(text) {
        Ok(password) => {
            assert_eq!(password.given(), text);
            let prepared = password.prepared();
            assert!((1..=Password::MAX_BYTES).contains(&prepared.len()));
            let again = Password::parse(prepared).expect("it was taken");
            assert_eq!(again.prepared(), prepared);
            // What is shown may be what was typed, as long as it is always the same.
            let other = Password::parse("x").expect("a password");
            assert_eq!(format!("{password:?}"), format!("{other:?}"));
            true
        }
        Err(refusal) => {
            check_refusal(&refusal);
            assert!(text.len() < 16 || !refusal.message.contains(text));
            false
        }
    }
}

fn check_refusal(refusal: &Invalid) {
    let (reason, message) = (refusal.reason, &refusal.message);
    assert!(
        matches!(
            reason,
            Reason::Required
                | Reason::TooLong
                | Reason::ForbiddenCharacter
                | Reason::Malformed
                | Reason::Unknown
        ),
        "{reason:?} is no reason to refuse a text"
    );
    assert!(!message.contains(char::is_control), "{message:?}");
}
