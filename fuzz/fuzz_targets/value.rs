//! Holds the types of what is kept to what they promise of any text.
#![no_main]

use byline_domain::access::{CallerName, KeyId, Scopes};
use byline_domain::credential::Password;
use byline_domain::error::{Invalid, Reason};
use byline_domain::ids::{PostId, UserId};
use byline_domain::post::{Content, Title};
use byline_domain::search::SearchQuery;
use byline_domain::user::{Email, Role, UserName};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Corpus::Reject;
    };
    check(text, 256, |text| Ok(Email::parse(text)?.into_string()));
    check(text, 100, |text| Ok(UserName::parse(text)?.into_string()));
    check(text, 50, |text| Ok(Role::parse(text)?.into_string()));
    check(text, 200, |text| Ok(Title::parse(text)?.into_string()));
    check(
        text,
        256,
        |text| Ok(SearchQuery::parse(text)?.into_string()),
    );
    check(text, 256, |text| Ok(CallerName::parse(text)?.into_string()));
    check(text, 36, |text| Ok(UserId::parse(text)?.to_string()));
    check(text, 36, |text| Ok(PostId::parse(text)?.to_string()));
    check(text, 16, |text| Ok(KeyId::parse(text)?.to_string()));
    check(text, 200, |text| Ok(Scopes::parse(text)?.to_string()));
    check_content(text);
    check_password(text);
    Corpus::Keep
});

/// What was taken is on one line, not too long, and is taken as it is.
fn check(text: &str, most: usize, parse: impl Fn(&str) -> Result<String, Invalid>) {
    match parse(text) {
        Ok(value) => {
            assert!((1..=most).contains(&value.chars().count()), "{value:?}");
            assert!(!value.contains(char::is_control), "{value:?}");
            assert_eq!(parse(&value).as_ref(), Ok(&value));
        }
        Err(refusal) => check_refusal(&refusal),
    }
}

fn check_content(text: &str) {
    match Content::parse(text) {
        Ok(content) => {
            let content = content.as_str();
            let forbidden = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
            assert!(!content.contains(forbidden), "{content:?}");
            let again = Content::parse(content).expect("it was taken");
            assert_eq!(again.as_str(), content);
        }
        Err(refusal) => check_refusal(&refusal),
    }
}

/// A password is kept as it was typed, is the same however its letters are composed, and is never
/// repeated.
fn check_password(text: &str) {
    match Password::parse(text) {
        Ok(password) => {
            assert_eq!(password.given(), text);
            let prepared = password.prepared();
            assert!((1..=Password::MAX_BYTES).contains(&prepared.len()));
            let again = Password::parse(prepared).expect("it was taken");
            assert_eq!(again.prepared(), prepared);
            assert!(text.len() < 16 || !format!("{password:?}").contains(text));
        }
        Err(refusal) => {
            check_refusal(&refusal);
            assert!(text.len() < 16 || !refusal.message.contains(text));
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
