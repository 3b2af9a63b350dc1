//! Finds the binaries of a PostgreSQL that fits: 15 or newer, with `pg_trgm`.

use std::env::{split_paths, var_os};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::account::Account;
use super::fetch;
use super::{EmbeddedError, EmbeddedOptions};

/// The oldest major version that Byline runs on.
const OLDEST: u32 = 15;

/// A folder of binaries, and the version that they are of.
#[derive(Clone, Debug)]
pub(super) struct Binaries {
    dir: PathBuf,
    pub(super) major: u32,
    /// Such as `15.4`.
    pub(super) version: String,
}

impl Binaries {
    /// Those that the options name, else the first installed ones that fit, else
    /// brought ones. With `major`, only those of that version fit.
    pub(super) fn find(
        options: &EmbeddedOptions,
        account: Account,
        major: Option<u32>,
    ) -> Result<Self, EmbeddedError> {
        if let Some(dir) = &options.bindir {
            // Also found by those that run it from another folder.
            let dir = dir.canonicalize().unwrap_or_else(|_| dir.clone());
            let found = Self::check(&dir, account).map_err(|reason| {
                EmbeddedError::Binaries(format!("{} cannot be used: {reason}", dir.display()))
            })?;
            return match major {
                Some(major) if major != found.major => {
                    Err(wrong_major(options, major, Some(&found)))
                }
                _ => Ok(found),
            };
        }
        let cache = fetch::cache_dir(account)?;
        let mut passed_over = String::new();
        for dir in candidates(cache.as_deref()) {
            match Self::check(&dir, account) {
                Ok(found) if major.is_none_or(|major| major == found.major) => return Ok(found),
                Ok(_) => {}
                Err(reason) => {
                    let _ = write!(passed_over, " ({} does not do: {reason})", dir.display());
                }
            }
        }
        if let Some(major) = major.filter(|major| *major != fetch::MAJOR) {
            return Err(wrong_major(options, major, None));
        }
        if !options.fetch {
            return Err(EmbeddedError::Binaries(format!(
                "no PostgreSQL {OLDEST} or newer was found{passed_over}, and --no-fetch keeps one \
                 from being brought: install it, or name its folder of binaries in \
                 BYLINE_PG_BINDIR"
            )));
        }
        let Some(cache) = cache else {
            return Err(EmbeddedError::Binaries(format!(
                "no PostgreSQL {OLDEST} or newer was found{passed_over}, and there is no HOME to \
                 keep a brought one in: install it, or set XDG_CACHE_HOME"
            )));
        };
        let dir = fetch::fetch(&cache, options.notice)?;
        Self::check(&dir, account).map_err(|reason| {
            EmbeddedError::Binaries(format!(
                "the PostgreSQL that was brought to {} cannot be used: {reason}; install \
                 PostgreSQL {OLDEST} or newer with its contrib instead",
                dir.display()
            ))
        })
    }

    /// Whether the folder holds what is needed, and if not, why.
    pub(super) fn check(dir: &Path, account: Account) -> Result<Self, String> {
        for program in PROGRAMS {
            if !dir.join(program).is_file() {
                return Err(format!("it holds no {program}"));
            }
        }
        let output = Command::new(dir.join("postgres"))
            .arg("--version")
            .output()
            .map_err(|error| format!("its postgres does not run: {error}"))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let Some((version, major)) = version_of(&said) else {
            // Such as a shared library that is missing.
            let error = String::from_utf8_lossy(&output.stderr);
            return Err(format!("its postgres does not run: {}", error.trim()));
        };
        if major < OLDEST {
            return Err(format!(
                "it is version {version}, and {OLDEST} is the oldest that will do"
            ));
        }
        if !has_trigrams(dir, major) {
            return Err("it lacks the extension pg_trgm (install PostgreSQL's contrib)".to_owned());
        }
        let reached = account.reaches(&dir.join("postgres"));
        if !reached.map_err(|error| error.to_string())? {
            return Err(
                "PostgreSQL does not run as root, and the user it runs as cannot reach it"
                    .to_owned(),
            );
        }
        Ok(Self {
            dir: dir.to_owned(),
            major,
            version,
        })
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

const PROGRAMS: [&str; 2] = ["initdb", "postgres"];

fn wrong_major(options: &EmbeddedOptions, major: u32, found: Option<&Binaries>) -> EmbeddedError {
    let instead = found.map_or_else(
        || "was not found".to_owned(),
        |found| {
            let dir = found.dir.display();
            format!("{dir} is not (it is {})", found.version)
        },
    );
    EmbeddedError::Binaries(format!(
        "{} holds data of PostgreSQL {major}, which {instead}: install that version, name its \
         folder of binaries in BYLINE_PG_BINDIR, or delete the folder to start anew",
        options.data_dir.display()
    ))
}

/// The folders that hold the programs, the likeliest first.
fn candidates(cache: Option<&Path>) -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        dirs.push(PathBuf::from(
            String::from_utf8_lossy(&output.stdout).trim(),
        ));
    }
    dirs.extend(split_paths(&var_os("PATH").unwrap_or_default()));
    // Debian's, Red Hat's and Homebrew's.
    dirs.extend(versioned("/usr/lib/postgresql", ""));
    dirs.extend(versioned("/usr", "pgsql-"));
    dirs.extend(versioned("/opt/homebrew/opt", "postgresql@"));
    dirs.extend(versioned("/usr/local/opt", "postgresql@"));
    dirs.extend(cache.map(fetch::bindir));
    // A relative folder would depend on where byline is started.
    dirs.retain(|dir| dir.is_absolute() && PROGRAMS.iter().all(|name| dir.join(name).is_file()));
    dirs
}

/// The `bin` of the folders in `root` that are named by the prefix and a version,
/// the newest first.
fn versioned(root: &str, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = leading_number(name.to_str()?.strip_prefix(prefix)?)?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, dir)| dir).collect()
}

/// The version and its first number in `postgres (PostgreSQL) 15.4 (Debian 15.4-1)`.
fn version_of(said: &str) -> Option<(String, u32)> {
    let (_, version) = said.split_once("(PostgreSQL) ")?;
    let version = version.split_whitespace().next()?;
    Some((version.to_owned(), leading_number(version)?))
}

fn leading_number(text: &str) -> Option<u32> {
    let digits = text.find(|c: char| !c.is_ascii_digit());
    text[..digits.unwrap_or(text.len())].parse().ok()
}

fn has_trigrams(dir: &Path, major: u32) -> bool {
    let control = "extension/pg_trgm.control";
    let told = Command::new(dir.join("pg_config"))
        .arg("--sharedir")
        .output();
    if let Ok(output) = told
        && output.status.success()
    {
        let share = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        return Path::new(&share).join(control).is_file();
    }
    // Some packages leave pg_config out. Where the usual places do not tell
    // either, the first migration will.
    let shares = [
        dir.join("../share"),
        dir.join("../share/postgresql"),
        PathBuf::from(format!("/usr/share/postgresql/{major}")),
    ];
    let mut known = shares
        .iter()
        .filter(|share| share.join("extension").is_dir())
        .peekable();
    known.peek().is_none() || known.any(|share| share.join(control).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read() {
        assert_eq!(
            version_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(("15.18".to_owned(), 15))
        );
        assert_eq!(
            version_of("postgres (PostgreSQL) 19beta1\n"),
            Some(("19beta1".to_owned(), 19))
        );
        assert_eq!(version_of("hello"), None);
    }

    #[test]
    fn the_newest_of_installed_versions_comes_first() {
        let root = tempfile::tempdir().unwrap();
        for name in ["9.6", "15", "18", "common"] {
            std::fs::create_dir_all(root.path().join(name).join("bin")).unwrap();
        }
        let found = versioned(root.path().to_str().unwrap(), "");
        let expected = ["18/bin", "15/bin", "9.6/bin"].map(|name| root.path().join(name));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_folder_without_the_programs_is_refused_with_a_reason() {
        let reason = Binaries::check(Path::new("/"), Account::Own).unwrap_err();
        assert_eq!(reason, "it holds no initdb");
    }
}
