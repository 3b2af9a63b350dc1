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

/// Whether it looks like the name of a file. What is long is one if it has an extension, or if it
/// or a folder of it is there: base64 has none of these.
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
    text.len() <= LONGEST
        || (1..=8).contains(&extension)
        || path
            .ancestors()
            .any(|it| it.file_name().is_some() && it.exists())
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
        ] {
            assert_eq!(shown(plain), plain);
        }
        for other in [
            "postgres://u:hunter2@h/db",
            "hunter 2",
            "{}",
            "MC4CAQAwBQYDK2VwBCIEIJ1H",
            &"0123456789abcdef".repeat(2),
            &"ab-".repeat(22),
        ] {
            let is_short = other.len() == LONGEST_WORD;
            assert_eq!(shown(other) == NOT_SHOWN, !is_short, "{other}");
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
            &format!("eyJhbGciOiJFUzI1NiJ9.{long}.{long}"),
            &format!("{}.pem", "a".repeat(300)),
        ] {
            assert!(!is_file_name(Path::new(held)), "{held}");
        }
    }
}
