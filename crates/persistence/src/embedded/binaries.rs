//! Finds the binaries of a PostgreSQL that fits: 15 or newer, with `pg_trgm`.

use std::env::{split_paths, var_os};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::fetch::{self, cache_dir};
use super::{EmbeddedError, EmbeddedOptions};

/// The oldest major version that Byline runs on.
const OLDEST: u32 = 15;

/// A folder of binaries, and the major version that they are of.
#[derive(Clone, Debug)]
pub(super) struct Binaries {
    pub(super) dir: PathBuf,
    pub(super) major: u32,
}

impl Binaries {
    /// Those that the options name, else the first installed ones that fit, else
    /// brought ones. With `major`, only those of that version fit.
    pub(super) fn find(
        options: &EmbeddedOptions,
        major: Option<u32>,
    ) -> Result<Self, EmbeddedError> {
        if let Some(dir) = &options.bindir {
            let found = Self::check(dir).map_err(|reason| {
                EmbeddedError::Binaries(format!("{} cannot be used: {reason}", dir.display()))
            })?;
            return match major {
                Some(major) if major != found.major => Err(wrong_major(options, major)),
                _ => Ok(found),
            };
        }
        let fits = |found: &Self| major.is_none_or(|major| major == found.major);
        if let Some(found) = candidates()
            .iter()
            .filter_map(|dir| Self::check(dir).ok())
            .find(fits)
        {
            return Ok(found);
        }
        if let Some(major) = major.filter(|major| *major != fetch::MAJOR) {
            return Err(wrong_major(options, major));
        }
        if !options.fetch {
            return Err(EmbeddedError::Binaries(format!(
                "no PostgreSQL {OLDEST} or newer was found, and --no-fetch keeps one from being \
                 brought: install it, or name its folder of binaries in BYLINE_PG_BINDIR"
            )));
        }
        let dir = fetch::fetch(options.notice)?;
        Self::check(&dir).map_err(|reason| {
            EmbeddedError::Binaries(format!("the PostgreSQL that was brought: {reason}"))
        })
    }

    /// Whether the folder holds what is needed, and if not, why.
    fn check(dir: &Path) -> Result<Self, String> {
        for program in ["initdb", "postgres", "pg_ctl"] {
            if !dir.join(program).is_file() {
                return Err(format!("it holds no {program}"));
            }
        }
        let output = Command::new(dir.join("postgres"))
            .arg("--version")
            .output()
            .map_err(|error| format!("its postgres does not run: {error}"))?;
        let version = String::from_utf8_lossy(&output.stdout);
        let major = major_of(&version)
            .ok_or_else(|| format!("its postgres says no version: {}", version.trim()))?;
        if major < OLDEST {
            return Err(format!(
                "it is version {major}, and {OLDEST} is the oldest that will do"
            ));
        }
        if !has_trigrams(dir) {
            return Err("it lacks the extension pg_trgm (install PostgreSQL's contrib)".to_owned());
        }
        Ok(Self {
            dir: dir.to_owned(),
            major,
        })
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

fn wrong_major(options: &EmbeddedOptions, major: u32) -> EmbeddedError {
    EmbeddedError::Binaries(format!(
        "{} holds data of PostgreSQL {major}, which was not found: install that version, name \
         its folder of binaries in BYLINE_PG_BINDIR, or delete the folder to start anew",
        options.data_dir.display()
    ))
}

/// The folders where binaries may be, the likeliest first.
fn candidates() -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        dirs.push(PathBuf::from(
            String::from_utf8_lossy(&output.stdout).trim(),
        ));
    }
    dirs.extend(split_paths(&var_os("PATH").unwrap_or_default()));
    dirs.extend(versioned("/usr/lib/postgresql", "bin"));
    for root in ["/usr", "/opt/homebrew/opt", "/usr/local/opt"] {
        dirs.extend(versioned(root, "bin").into_iter().filter(|dir| {
            dir.to_string_lossy().contains("/postgresql@")
                || dir.starts_with("/usr/pgsql")
                || dir.to_string_lossy().contains("/pgsql-")
        }));
    }
    dirs.extend(cache_dir().map(|cache| fetch::bindir(&cache)));
    dirs
}

/// `root/*/leaf`, the highest name first: a newer version comes before an older.
fn versioned(root: &str, leaf: &str) -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> = std::fs::read_dir(root)
        .map(|entries| {
            entries
                .flatten()
                .map(|entry| entry.path().join(leaf))
                .collect()
        })
        .unwrap_or_default();
    dirs.sort();
    dirs.reverse();
    dirs
}

/// The major version in `postgres (PostgreSQL) 15.4 (Debian 15.4-1)`.
fn major_of(version: &str) -> Option<u32> {
    let (_, number) = version.split_once("(PostgreSQL) ")?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn has_trigrams(dir: &Path) -> bool {
    let control = "extension/pg_trgm.control";
    let told = Command::new(dir.join("pg_config"))
        .arg("--sharedir")
        .output();
    if let Ok(output) = told {
        let share = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        return Path::new(&share).join(control).is_file();
    }
    // Some packages leave pg_config out. Where the usual places do not tell
    // either, the first migration will.
    let beside = dir.join("../share");
    !beside.is_dir()
        || beside.join(control).is_file()
        || beside.join("postgresql").join(control).is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read() {
        assert_eq!(
            major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"),
            Some(15)
        );
        assert_eq!(major_of("postgres (PostgreSQL) 19beta1"), Some(19));
        assert_eq!(major_of("hello"), None);
    }

    #[test]
    fn a_folder_without_the_programs_is_refused_with_a_reason() {
        let reason = Binaries::check(Path::new("/")).unwrap_err();
        assert_eq!(reason, "it holds no initdb");
    }
}
