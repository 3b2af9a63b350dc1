//! Migrations as files: those that are embedded in the binary, or those of a folder.

pub mod statements;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use sqlx::migrate::{Migration as Embedded, MigrationType, Migrator};
use sqlx::{Postgres, QueryBuilder};

static EMBEDDED: Migrator = sqlx::migrate!("../../migrations");
const EMBEDDED_SCHEMA: &str = include_str!("../../../../../migrations/schema.sql");
const EMBEDDED_ALLOW: &str = include_str!("../../../../../migrations/lint.allow");

/// The file beside the migrations that holds the schema at head, to read.
pub const SCHEMA_FILE: &str = "schema.sql";

/// The file beside the migrations that says what the lint is to excuse in those that were applied, and so
/// must not change.
pub const ALLOW_FILE: &str = "lint.allow";

/// Migrations in the order in which they are applied, each with a version of its own.
#[derive(Clone, Debug)]
pub struct Migrations {
    dir: Option<PathBuf>,
    all: Vec<Migration>,
    schema: Option<String>,
    lint_allow: Option<String>,
}

/// A change of the schema, and how it is taken back.
#[derive(Clone, Debug)]
pub struct Migration {
    /// Its number, which orders the migrations; at least 1.
    pub version: i64,
    /// What it does, as in its file's name, such as `users` of `0001_users.up.sql`.
    pub name: String,
    /// Applies it.
    pub up: Script,
    /// Takes it back; absent if nobody wrote how.
    pub down: Option<Script>,
}

/// One direction of a migration.
#[derive(Clone, Debug)]
pub struct Script {
    /// The name of its file, without a folder.
    pub file: String,
    /// What the file holds.
    pub sql: String,
    /// Whether each of its statements is for itself, because the file begins with
    /// `-- no-transaction`, instead of all of them being one transaction.
    pub no_transaction: bool,
    /// The SHA-384 of the file.
    pub checksum: Vec<u8>,
}

/// Why a folder's migrations could not be read: everything that is wrong with them.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file or the folder cannot be read.
    #[error("{}: {error}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Names of files that do not make up migrations.
    #[error("{}: {}", dir.display(), problems.join("; "))]
    Wrong {
        /// The folder.
        dir: PathBuf,
        /// Each mistake.
        problems: Vec<String>,
    },
}

impl Migration {
    /// As the ledger has it: the name with spaces.
    pub fn description(&self) -> String {
        self.name.replace('_', " ")
    }
}

impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04} {}", self.version, self.name)
    }
}

impl Migrations {
    /// Those that this program was built with.
    pub fn embedded() -> Self {
        let mut problems = Vec::new();
        let files = EMBEDDED.iter().map(|migration| {
            let name = migration.description.replace(' ', "_");
            let suffix = migration.migration_type.suffix();
            let file = format!("{:04}_{name}{suffix}", migration.version);
            File {
                version: migration.version,
                name,
                kind: migration.migration_type,
                script: Script::of(file, migration.sql.as_str().to_owned()),
            }
        });
        let all = pair(files.collect(), &mut problems);
        assert!(problems.is_empty(), "the embedded migrations: {problems:?}");
        Self {
            dir: None,
            all,
            schema: Some(EMBEDDED_SCHEMA.to_owned()),
            lint_allow: Some(EMBEDDED_ALLOW.to_owned()),
        }
    }

    /// Those of a folder: `NNNN_name.up.sql` with `NNNN_name.down.sql`, or `NNNN_name.sql`,
    /// which cannot be taken back. Other files are left alone.
    pub fn read(dir: &Path) -> Result<Self, SourceError> {
        let mut problems = Vec::new();
        let mut files = Vec::new();
        for entry in fs::read_dir(dir).map_err(at(dir))? {
            let path = entry.map_err(at(dir))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() || !looks_like_one(&name) {
                continue;
            }
            let text = || fs::read_to_string(&path).map_err(at(&path));
            files.extend(file_of(&name, text, &mut problems)?);
        }
        let all = pair(files, &mut problems);
        if !problems.is_empty() {
            problems.sort();
            return Err(SourceError::Wrong {
                dir: dir.to_owned(),
                problems,
            });
        }
        Ok(Self {
            dir: Some(dir.to_owned()),
            all,
            schema: read_if_there(&dir.join(SCHEMA_FILE))?,
            lint_allow: read_if_there(&dir.join(ALLOW_FILE))?,
        })
    }

    /// These, and the pairs that those files would be.
    pub(crate) fn followed_by<'a>(&self, files: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut problems = Vec::new();
        let files = files.filter_map(|(name, text)| {
            file_of(name, || Ok(text.to_owned()), &mut Vec::new()).ok()?
        });
        let mut all = self.all.clone();
        all.extend(pair(files.collect(), &mut problems));
        Self {
            all,
            ..self.clone()
        }
    }

    /// The schema at head as the one migration that makes it.
    pub(crate) fn schema_alone(&self) -> Option<Self> {
        let migration = Migration {
            version: 1,
            name: "schema".to_owned(),
            up: Script::of(SCHEMA_FILE.to_owned(), unrestricted(self.schema()?)),
            down: None,
        };
        Some(Self {
            all: vec![migration],
            ..self.clone()
        })
    }

    /// The folder that they were read from; none of those in the binary.
    pub fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// All of them, oldest first.
    pub fn all(&self) -> &[Migration] {
        &self.all
    }

    /// The schema at head as its own file says it, if there is one.
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// What the lint is to excuse, if there is such a file.
    pub fn lint_allow(&self) -> Option<&str> {
        self.lint_allow.as_deref()
    }

    /// The version of the newest, or 0 if there is none.
    pub fn head(&self) -> i64 {
        self.all.last().map_or(0, |migration| migration.version)
    }

    /// The migration of that version.
    pub fn find(&self, version: i64) -> Option<&Migration> {
        let place = self
            .all
            .binary_search_by_key(&version, |migration| migration.version);
        place.ok().map(|place| &self.all[place])
    }
}

impl Script {
    fn of(file: String, sql: String) -> Self {
        let text = QueryBuilder::<Postgres>::new(sql.as_str()).into_sql();
        let checksum = Embedded::new(1, "".into(), MigrationType::Simple, text, false)
            .checksum
            .into_owned();
        Self {
            no_transaction: sql.starts_with("-- no-transaction"),
            file,
            sql,
            checksum,
        }
    }
}

/// A dump without the lines by which `pg_dump` keeps psql from commands in it. Other lines
/// stay where they are.
fn unrestricted(dump: &str) -> String {
    let is_psqls = |line: &str| {
        let mut words = line.split_whitespace();
        let is_command = matches!(words.next(), Some("\\restrict" | "\\unrestrict"));
        let is_token = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_command
            && line.starts_with('\\')
            && words.next().is_some_and(is_token)
            && words.next().is_none()
    };
    let lines = dump.split('\n');
    let lines = lines.map(|line| if is_psqls(line) { "" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether somebody seems to have meant it as a migration: left alone, it would be missed.
fn looks_like_one(file: &str) -> bool {
    let is_sql = Path::new(file)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("sql"));
    is_sql
        && file != SCHEMA_FILE
        && (file.contains('_') || file.starts_with(|c: char| c.is_ascii_digit()))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

struct File {
    version: i64,
    name: String,
    kind: MigrationType,
    script: Script,
}

/// The file of that name; none, and a problem, if a migration is not named so.
fn file_of(
    file: &str,
    text: impl FnOnce() -> Result<String, SourceError>,
    problems: &mut Vec<String>,
) -> Result<Option<File>, SourceError> {
    let parts = file
        .split_once('_')
        .filter(|(number, rest)| is_number(number) && rest.strip_suffix(".sql").is_some());
    let version = parts.and_then(|(number, _)| number.parse().ok());
    let (Some((_, rest)), Some(version @ 1..)) = (parts, version) else {
        problems.push(format!(
            "{file} is not named as a migration is: NNNN_name.up.sql, NNNN_name.down.sql \
             or NNNN_name.sql, with a number from 1 on"
        ));
        return Ok(None);
    };
    let kind = MigrationType::from_filename(rest);
    Ok(Some(File {
        version,
        name: rest.trim_end_matches(kind.suffix()).to_owned(),
        kind,
        script: Script::of(file.to_owned(), text()?),
    }))
}

/// Brings both directions of each migration together.
fn pair(files: Vec<File>, problems: &mut Vec<String>) -> Vec<Migration> {
    let mut ups: BTreeMap<i64, Migration> = BTreeMap::new();
    let mut downs = Vec::new();
    for file in files {
        if file.kind == MigrationType::ReversibleDown {
            downs.push(file);
            continue;
        }
        let migration = Migration {
            version: file.version,
            name: file.name,
            up: file.script,
            down: None,
        };
        if let Some(other) = ups.get(&migration.version) {
            let mut both = [other.up.file.as_str(), &migration.up.file];
            both.sort_unstable();
            problems.push(format!(
                "{} and {} have one number: give the later one a new one",
                both[0], both[1]
            ));
            continue;
        }
        ups.insert(migration.version, migration);
    }
    for down in downs {
        match ups.get_mut(&down.version) {
            Some(up) if up.name == down.name && up.down.is_none() => up.down = Some(down.script),
            _ => problems.push(format!(
                "{} takes back nothing that there is",
                down.script.file
            )),
        }
    }
    ups.into_values().collect()
}

fn read_if_there(path: &Path) -> Result<Option<String>, SourceError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(path)(error)),
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> SourceError {
    let path = path.to_owned();
    move |error| SourceError::Unreadable {
        path: path.clone(),
        error,
    }
}

#[cfg(test)]
mod tests;
