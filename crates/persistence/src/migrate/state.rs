//! How a database compares with the migrations that a program knows.

use byline_domain::error::RepositoryError;

use super::ledger::{Entries, Entry, Found};
use super::source::{Migration, Migrations};
use crate::pool::Database;

/// How a database's schema compares with the one that this program knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// All migrations are applied and none other.
    Current,
    /// These migrations are missing.
    Behind(Vec<i64>),
    /// These migrations are applied and not known to this program, which is older
    /// than the schema. They only add, so that replicas can be replaced one by one.
    Ahead(Vec<i64>),
    /// This migration is not known to this program, and took away what programs before it use.
    Outgrown(i64),
    /// These migrations were changed after they were applied.
    Changed(Vec<i64>),
    /// This migration is being applied or taken back, or was stopped half way.
    HalfWay(i64),
}

impl SchemaState {
    /// Why this program must not serve such a database, and the way to mend that; none if
    /// it may.
    pub fn refusal(&self) -> Option<String> {
        Some(match self {
            Self::Current | Self::Ahead(_) => return None,
            Self::Behind(missing) => format!(
                "the database lacks migrations {missing:?}: apply them with `byline migrate up`, or \
                 start with --migrate; if another tool made its tables, say which migration they \
                 are at with `byline migrate stamp`"
            ),
            Self::Outgrown(version) => format!(
                "migration {version} of the database took away what this program uses: start the \
                 program that it was migrated by, or a newer one (`byline migrate history` lists \
                 what it has)"
            ),
            Self::Changed(versions) => format!(
                "migrations {versions:?} of the database differ from this program's: see \
                 `byline migrate verify`"
            ),
            Self::HalfWay(version) => format!(
                "migration {version} is being applied or taken back, or was stopped half way: \
                 `byline migrate current` says which, and how to go on"
            ),
        })
    }
}

/// What becomes of a migration in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not applied.
    Pending,
    /// Applied as it is.
    Applied,
    /// Applied, and its file was changed since.
    Changed,
    /// Being applied, or stopped half way.
    HalfWay,
    /// Being taken back, or stopped half way.
    HalfBack,
    /// Applied, and not among the migrations.
    Unknown,
}

/// A migration as the migrations and a database know it; one of both is there.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// Its number.
    pub version: i64,
    /// As the migrations have it.
    pub migration: Option<&'a Migration>,
    /// As the database has it.
    pub entry: Option<Entry>,
    /// What both together mean.
    pub standing: Standing,
}

impl Line<'_> {
    /// Its name, from the file or else from the ledger.
    pub fn name(&self) -> String {
        match (&self.migration, &self.entry) {
            (Some(migration), _) => migration.name.clone(),
            (None, Some(entry)) => entry.description.replace(' ', "_"),
            (None, None) => String::new(),
        }
    }
}

/// Begins the names of migrations that take away what programs before them use. Of a
/// migration that it does not know, a program sees nothing but the name.
pub const CONTRACT: &str = "contract";

/// Every migration that the migrations or the ledger know, oldest first.
pub(super) fn lines<'a>(migrations: &'a Migrations, ledger: &Entries) -> Vec<Line<'a>> {
    let known = migrations.all().iter().map(|migration| {
        let entry = ledger.get(&migration.version);
        Line {
            version: migration.version,
            migration: Some(migration),
            entry: entry.cloned(),
            standing: match entry {
                None => Standing::Pending,
                Some(entry) if entry.going_down => Standing::HalfBack,
                Some(entry) if !entry.success => Standing::HalfWay,
                Some(entry) if entry.checksum != migration.up.checksum => Standing::Changed,
                Some(_) => Standing::Applied,
            },
        }
    });
    let unknown = ledger
        .iter()
        .filter(|(version, _)| migrations.find(**version).is_none())
        .map(|(version, entry)| Line {
            version: *version,
            migration: None,
            entry: Some(entry.clone()),
            standing: Standing::Unknown,
        });
    let mut lines: Vec<_> = known.chain(unknown).collect();
    lines.sort_by_key(|line| line.version);
    lines
}

/// What a program that knows these migrations is to think of a database.
pub(super) fn compare(migrations: &Migrations, ledger: &Entries) -> SchemaState {
    let lines = lines(migrations, ledger);
    let versions = |standing: Standing| -> Vec<i64> {
        let alike = lines.iter().filter(|line| line.standing == standing);
        alike.map(|line| line.version).collect()
    };
    let outgrown = lines
        .iter()
        .find(|line| line.standing == Standing::Unknown && takes_away(&line.name()));
    if let Some(line) = outgrown {
        return SchemaState::Outgrown(line.version);
    }
    for half in [Standing::HalfWay, Standing::HalfBack] {
        if let Some(version) = versions(half).first() {
            return SchemaState::HalfWay(*version);
        }
    }
    let changed = versions(Standing::Changed);
    if !changed.is_empty() {
        return SchemaState::Changed(changed);
    }
    let missing = versions(Standing::Pending);
    if !missing.is_empty() {
        return SchemaState::Behind(missing);
    }
    let unknown = versions(Standing::Unknown);
    if unknown.is_empty() {
        SchemaState::Current
    } else {
        SchemaState::Ahead(unknown)
    }
}

/// Whether that is the name of a migration which takes away what programs before it use.
pub(crate) fn takes_away(name: &str) -> bool {
    name.split('_').next() == Some(CONTRACT)
}

impl Database {
    /// How the database's schema compares with the one that this program knows.
    pub async fn schema_state(&self) -> Result<SchemaState, RepositoryError> {
        let mut lease = self.lease().await?;
        let mut statement = lease.statement();
        let ledger = match Found::of(&mut statement).await {
            Ok(found) => found.entries(&mut statement).await,
            Err(error) => Err(error),
        };
        Ok(compare(super::embedded(), &statement.finish(ledger)?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::embedded;
    use super::*;

    fn entry(description: &str, checksum: &[u8]) -> Entry {
        Entry {
            description: description.to_owned(),
            installed_on: chrono::DateTime::UNIX_EPOCH,
            success: true,
            going_down: false,
            checksum: checksum.to_vec(),
            took: None,
        }
    }

    fn all_applied() -> Entries {
        let all = embedded().all().iter();
        all.map(|migration| {
            let entry = entry(&migration.description(), &migration.up.checksum);
            (migration.version, entry)
        })
        .collect()
    }

    fn state(change: impl FnOnce(&mut Entries)) -> SchemaState {
        let mut ledger = all_applied();
        change(&mut ledger);
        compare(embedded(), &ledger)
    }

    #[test]
    fn a_schema_is_current_behind_or_ahead() {
        let last = embedded().head();
        assert_eq!(state(|_| {}), SchemaState::Current);
        assert_eq!(
            state(|ledger| drop(ledger.remove(&last))),
            SchemaState::Behind(vec![last])
        );
        assert_eq!(
            state(|ledger| drop(ledger.insert(9_999, entry("contracts of users", b"")))),
            SchemaState::Ahead(vec![9_999])
        );
    }

    #[test]
    fn a_schema_that_took_away_what_this_program_uses_is_outgrown() {
        let outgrown = state(|ledger| {
            ledger.insert(9_998, entry("more", b""));
            ledger.insert(9_999, entry("contract names", b""));
        });
        assert_eq!(outgrown, SchemaState::Outgrown(9_999));
    }

    #[test]
    fn a_schema_of_changed_or_unfinished_migrations_is_told() {
        let changed = state(|ledger| {
            for version in [1, 2] {
                ledger.get_mut(&version).unwrap().checksum.push(0);
            }
        });
        assert_eq!(changed, SchemaState::Changed(vec![1, 2]));
        let half = state(|ledger| ledger.get_mut(&2).unwrap().success = false);
        assert_eq!(half, SchemaState::HalfWay(2));
        // What a newer program is at is no business of this one.
        let unknown = state(|ledger| {
            let mut later = entry("later", b"");
            later.success = false;
            ledger.insert(9_999, later);
        });
        assert_eq!(unknown, SchemaState::Ahead(vec![9_999]));
    }

    #[test]
    fn lines_tell_of_each_migration_once_and_in_order() {
        let mut ledger = all_applied();
        ledger.remove(&2);
        ledger.get_mut(&3).unwrap().success = false;
        ledger.get_mut(&4).unwrap().checksum.clear();
        ledger.insert(9_999, entry("of another branch", b""));
        let lines = lines(embedded(), &ledger);
        let told: Vec<_> = lines
            .iter()
            .map(|line| (line.version, line.standing.clone()))
            .collect();
        assert_eq!(
            told[..4],
            [
                (1, Standing::Applied),
                (2, Standing::Pending),
                (3, Standing::HalfWay),
                (4, Standing::Changed),
            ]
        );
        assert_eq!(told.last(), Some(&(9_999, Standing::Unknown)));
        assert_eq!(lines.last().unwrap().name(), "of_another_branch");
    }
}
