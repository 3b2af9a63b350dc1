//! New migrations as files.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::source::{Migrations, SourceError};

/// The longest name, in bytes: what file systems take, less the number, the endings, and what
/// `revision` says of a migration's part and table.
const NAME_MAX: usize = 150;

/// Text that becomes a file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its name, without the folder.
    pub name: String,
    /// What it will hold.
    pub text: String,
}

/// Why there is no new migration.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// No name that a file can have.
    #[error(
        "a migration's name has letters from a to z, digits and underscores, and up to {NAME_MAX} of them: {0:?}"
    )]
    Name(String),
    /// The file cannot be written; none of the others was kept.
    #[error("{}: {error}", path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Somebody else has put migrations into the folder since those were numbered.
    #[error(
        "{} has got {newest} meanwhile, so that nothing is written: run it again, over that one too",
        dir.display()
    )]
    Outrun {
        /// The folder.
        dir: PathBuf,
        /// The newest that is there now.
        newest: String,
    },
    /// The folder cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// What `name` is called in a file's name: `Add a nickname` is `add_a_nickname`.
pub fn slug(name: &str) -> Result<String, WriteError> {
    let words = name.split(|c: char| c == '_' || c == '-' || c.is_whitespace());
    let slug: Vec<_> = words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let slug = slug.join("_");
    let is_plain = slug
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if slug.is_empty() || !is_plain || slug.len() > NAME_MAX {
        return Err(WriteError::Name(name.to_owned()));
    }
    Ok(slug)
}

/// The numbers after the newest, one after the other, as wide as those before them.
pub fn numbers(migrations: &Migrations) -> impl Iterator<Item = String> + use<> {
    let newest = migrations.all().last();
    let width = newest
        .and_then(|migration| migration.up.file.find('_'))
        .unwrap_or(4);
    let head = migrations.head();
    (1..).map(move |n| format!("{:0width$}", head + n))
}

/// The files of a pair that somebody is to fill in.
pub fn empty_pair(migrations: &Migrations, name: &str) -> Result<[NewFile; 2], WriteError> {
    let slug = slug(name)?;
    let number = numbers(migrations).next().unwrap_or_default();
    Ok([
        NewFile {
            name: format!("{number}_{slug}.up.sql"),
            text: "-- What it is for. Its statements are one transaction; a first line \
                   `-- no-transaction` makes each\n-- one for itself, which CONCURRENTLY and \
                   changes in batches need.\n"
                .to_owned(),
        },
        NewFile {
            name: format!("{number}_{slug}.down.sql"),
            text: "-- Takes it back.\n".to_owned(),
        },
    ])
}

/// Writes the files of a pair that somebody is to fill in, numbered on from what is there by then.
pub fn write_empty_pair(dir: &Path, name: &str) -> Result<[NewFile; 2], WriteError> {
    let _lock = lock(dir)?;
    let files = empty_pair(&Migrations::read(dir)?, name)?;
    write_all(dir, &files)?;
    Ok(files)
}

/// Writes the files of migrations, all or none. What is there already is left as it is, and
/// refused; so are numbers that are not after all others any more.
pub fn write(dir: &Path, files: &[NewFile]) -> Result<(), WriteError> {
    let _lock = lock(dir)?;
    let there = Migrations::read(dir)?;
    let first = files
        .iter()
        .filter_map(|file| file.name.split('_').next()?.parse::<i64>().ok())
        .min();
    match (first, there.all().last()) {
        (Some(first), Some(newest)) if first <= newest.version => Err(WriteError::Outrun {
            dir: dir.to_owned(),
            newest: newest.up.file.clone(),
        }),
        _ => write_all(dir, files),
    }
}

/// Keeps others from writing there until it is dropped, and leaves nothing in the folder.
fn lock(dir: &Path) -> Result<File, WriteError> {
    let folder = File::open(dir).map_err(|error| WriteError::Unwritable {
        path: dir.to_owned(),
        error,
    })?;
    // Some network file systems have no locks of folders: there two can take one number,
    // which every verb tells of.
    if let Err(error) = folder.lock() {
        tracing::debug!(%error, "the folder cannot be locked");
    }
    Ok(folder)
}

fn write_all(dir: &Path, files: &[NewFile]) -> Result<(), WriteError> {
    let mut written: Vec<PathBuf> = Vec::new();
    for file in files {
        let path = dir.join(&file.name);
        let result = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .and_then(|mut open| {
                written.push(path.clone());
                open.write_all(file.text.as_bytes())?;
                open.sync_all()
            });
        if let Err(error) = result {
            for path in written {
                let _ = std::fs::remove_file(path);
            }
            return Err(WriteError::Unwritable { path, error });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_one_of_a_file() {
        for (name, expected) in [
            ("nickname", "nickname"),
            ("Add a nickname", "add_a_nickname"),
            ("  two--words__here ", "two_words_here"),
        ] {
            assert_eq!(slug(name).unwrap(), expected);
        }
        for name in ["", " - ", "../up", "naïve", "a.up.sql", &"x".repeat(201)] {
            assert!(slug(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_pair_is_numbered_on_and_written_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("007_first.up.sql"), "").unwrap();
        let pair = empty_pair(&Migrations::read(dir.path()).unwrap(), "Second one").unwrap();
        assert_eq!(pair[0].name, "008_second_one.up.sql");
        assert_eq!(pair[1].name, "008_second_one.down.sql");

        let in_the_way = dir.path().join(&pair[1].name);
        std::fs::create_dir(&in_the_way).unwrap();
        let refused = write(dir.path(), &pair);
        assert!(matches!(refused, Err(WriteError::Unwritable { path, .. }) if path == in_the_way));
        assert!(!dir.path().join(&pair[0].name).exists());
        assert!(in_the_way.is_dir());

        std::fs::remove_dir(&in_the_way).unwrap();
        write(dir.path(), &pair).unwrap();
        let read = Migrations::read(dir.path()).unwrap();
        assert_eq!(
            read.find(8).unwrap().down.as_ref().unwrap().sql,
            pair[1].text
        );
    }

    #[test]
    fn many_at_once_get_a_number_each_and_what_was_numbered_before_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let stale = empty_pair(&Migrations::read(dir).unwrap(), "stale").unwrap();
        std::thread::scope(|scope| {
            for n in 0..20 {
                scope.spawn(move || write_empty_pair(dir, &format!("n {n}")).unwrap());
            }
        });
        assert_eq!(Migrations::read(dir).unwrap().all().len(), 20);
        let refused = write(dir, &stale);
        assert!(
            matches!(&refused, Err(WriteError::Outrun { newest, .. }) if newest.starts_with("0020_")),
            "{refused:?}"
        );
        assert_eq!(std::fs::read_dir(dir).unwrap().count(), 40);
    }

    #[test]
    fn the_first_of_a_folder_is_number_one() {
        let dir = tempfile::tempdir().unwrap();
        let pair = empty_pair(&Migrations::read(dir.path()).unwrap(), "first").unwrap();
        assert_eq!(pair[0].name, "0001_first.up.sql");
    }
}
