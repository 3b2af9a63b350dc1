//! What of the arguments is repeated where something is wrong with them. A value may stand in a
//! place that is not its own, such as the URL of a database, password included, whose option was
//! left out; or what a file holds in the place of its name.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};

const NOT_SHOWN: &str = "(not shown)";
/// The longest value that is repeated, and the longest word of one: keys and tokens are longer.
const LONGEST: usize = 64;
const LONGEST_WORD: usize = 24;

/// What is wrong with the arguments, with as much of them as can be no secret. The messages of
/// those who read values never repeat any of it.
pub(super) fn without_secrets(mut error: clap::Error) -> clap::Error {
    hide(&mut error, ContextKind::InvalidValue, is_plain);
    // No value is to be there at all, and so not even a plain one is repeated.
    hide(&mut error, ContextKind::InvalidSubcommand, is_word);
    if error.kind() == ErrorKind::UnknownArgument {
        hide(&mut error, ContextKind::InvalidArg, |given| {
            given.starts_with('-') && is_word(given.trim_start_matches('-'))
        });
    }
    error
}

fn hide(error: &mut clap::Error, place: ContextKind, is_shown: fn(&str) -> bool) {
    let is_hidden = match error.get(place) {
        // Without anything, clap says that nothing was given.
        Some(ContextValue::String(given)) => !given.is_empty() && !is_shown(given),
        Some(_) | None => false,
    };
    if is_hidden {
        error.insert(place, ContextValue::String(NOT_SHOWN.to_owned()));
        // It says how to give that value.
        error.remove(ContextKind::Suggested);
    }
}

/// The text, if it is plain.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        text.into()
    } else {
        NOT_SHOWN.into()
    }
}

/// Whether it is short and made of short words, such as a number, an address or a list of names.
fn is_plain(text: &str) -> bool {
    let is_of_word = |char: char| char.is_ascii_alphanumeric();
    text.len() <= LONGEST
        && text
            .chars()
            .all(|char| is_of_word(char) || "_.:,/-".contains(char))
        && text
            .split(|char| !is_of_word(char))
            .all(|word| word.len() <= LONGEST_WORD)
}

/// Whether it may be the name of a command or an option, mistyped.
fn is_word(text: &str) -> bool {
    text.len() <= 40 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
}

/// Reads the name of a file or folder, and not what it holds: names of files that are not there
/// are repeated.
pub(super) fn file_name() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| {
        if is_file_name(&path) {
            Ok(path)
        } else {
            Err(NO_FILE_NAME)
        }
    })
}

pub(super) const NO_FILE_NAME: &str = "expected the name of a file, and not what it holds";

/// Whether it looks like the name of a file. What is long, or looks like a key, is one if it has an
/// extension, or if it or a folder of it is there: base64 has none of these.
pub(super) fn is_file_name(path: &Path) -> bool {
    const LONGEST_NAME: usize = 255;
    let text = path.as_os_str().to_string_lossy();
    let is_odd = text.contains(['{', '}', '"'])
        || text.contains(char::is_control)
        || text.contains("://")
        || text.contains("-----");
    let has_long_name = path
        .components()
        .any(|it| it.as_os_str().len() > LONGEST_NAME);
    if is_odd || has_long_name {
        return false;
    }
    let extension = path.extension().unwrap_or_default().len();
    (text.len() <= LONGEST && !looks_like_a_key(&text))
        || (1..=8).contains(&extension)
        || path
            .ancestors()
            .any(|it| it.file_name().is_some() && it.exists())
}

/// Whether it is nothing but base64 or hex, and so much of it that it may be a key of 128 bits: a
/// name that people give is seldom of both small letters, capitals and digits.
fn looks_like_a_key(text: &str) -> bool {
    const SHORTEST: usize = 22;
    let is_of_base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=_-".contains(&b);
    let has = |of: fn(&u8) -> bool| text.bytes().any(|b| of(&b));
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let is_mixed = is_mixed && has(u8::is_ascii_digit);
    let is_hex = text.len() >= 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    text.len() >= SHORTEST && text.bytes().all(is_of_base64) && (is_mixed || is_hex)
}

/// Reads what something is called in the database. It is repeated where there is no such thing.
pub(super) fn name_in_database(text: &str) -> Result<String, &'static str> {
    let is_odd = |char: char| char.is_control() || "/{}".contains(char);
    if text.is_empty() || text.len() > 63 || text.contains(is_odd) {
        return Err("expected a name as PostgreSQL has them, of at most 63 bytes");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_and_made_of_words_is_repeated() {
        for plain in [
            "kyes",
            "70000",
            "127.0.0.1:99999",
            "users.read,posts.red",
            "/etc/byline/x.pem",
            "MC4CAQAwBQYDK2VwBCIEIJ1H",
        ] {
            assert_eq!(shown(plain), plain);
        }
        for other in [
            "postgres://u:hunter2@h/db",
            "hunter 2",
            "{}",
            "MC4CAQAwBQYDK2VwBCIEIJ1Hd",
            &"0123456789abcdef".repeat(2),
            &"ab-".repeat(22),
        ] {
            assert_eq!(shown(other), NOT_SHOWN, "{other}");
        }
    }

    #[test]
    fn what_a_file_holds_is_not_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let long = "a".repeat(70);
        let there = folder.path().join(&long);
        for name in [
            "server.pem",
            "-",
            ".byline",
            "a/b c",
            "/no/such/file",
            "/run/secrets/byline-page-token-key",
            "Keys-Of-2026/server",
            &format!("/no/such/{long}.pem"),
            &format!("no-such/{long}/f.jsonl"),
            there.to_str().unwrap(),
        ] {
            assert!(is_file_name(Path::new(name)), "{name}");
        }
        let base64 = format!("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw/{long}==");
        for held in [
            r#"{"keys":[{"d":"hunter2"}]}"#,
            "-----BEGIN PRIVATE KEY-----",
            "a\nb",
            "postgres://u:hunter2@h/db",
            &base64,
            &format!("/{base64}"),
            "MC4CAQAwBQYDK2VwBCIEIJ1HdyhiPlAvbzCyy0u5iQ4PQ0m/a1YkBq3uX+8cT2aV",
            "/MC4CAQAwBQYDK2VwBCIEIJ1HdyhiPlAvbzCyy0u5iQ4",
            "5f2b8c7d9e0a1b2c3d4e5f60718293a4b5c6d7e8f90123456789abcdef012345",
            "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ=",
            &format!("eyJhbGciOiJFUzI1NiJ9.{long}.{long}"),
            &format!("{}.pem", "a".repeat(300)),
        ] {
            assert!(!is_file_name(Path::new(held)), "{held}");
        }
    }
}
