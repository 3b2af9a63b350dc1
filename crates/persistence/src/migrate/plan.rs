//! Which migrations are to run, to get a database from where it is to where it shall be.

use super::error::MigrateError;
use super::ledger::Entries;
use super::source::Migration;
use super::source::Migrations;
use super::state::{Line, Standing, lines};

/// How far down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Down {
    /// So many migrations, the newest first. It is an error if there are not so many, but for a
    /// single one where there is none.
    Steps(usize),
    /// All that are newer than that one, which stays. 0 takes back all.
    To(i64),
}

/// The migrations that are missing up to `to`, oldest first. Refuses where it cannot be said
/// what the database is.
pub(super) fn up<'a>(
    migrations: &'a Migrations,
    ledger: &Entries,
    to: Option<i64>,
    out_of_order: bool,
) -> Result<Vec<&'a Migration>, MigrateError> {
    let target = known(migrations, to.unwrap_or_else(|| migrations.head()))?;
    let lines = lines(migrations, ledger);
    refuse_changed(&lines)?;
    let missing = |line: &&Line<'_>| {
        let standing = &line.standing;
        let is_missing =
            [Standing::Pending, Standing::HalfWay, Standing::HalfBack].contains(standing);
        is_missing && line.version <= target
    };
    let missing: Vec<_> = lines.iter().filter(missing).collect();
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    // What is missing may have been made otherwise by what is not known.
    refuse_unknown(&lines)?;
    let newest = lines.iter().rev().find(|line| line.entry.is_some());
    let newest = newest.map_or(0, |line| line.version);
    let mut planned = Vec::new();
    for line in missing {
        let Some(migration) = line.migration else {
            continue;
        };
        if line.standing == Standing::HalfBack && !migration.up.no_transaction {
            return Err(MigrateError::HalfBack(migration.to_string()));
        }
        if line.standing == Standing::Pending && line.version < newest && !out_of_order {
            return Err(MigrateError::OutOfOrder {
                late: migration.to_string(),
                newest,
            });
        }
        planned.push(migration);
    }
    Ok(planned)
}

/// The migrations that are to be taken back, newest first. Refuses those that nobody wrote how
/// to take back, or that are not known.
pub(super) fn down<'a>(
    migrations: &'a Migrations,
    ledger: &Entries,
    target: Down,
) -> Result<Vec<&'a Migration>, MigrateError> {
    let lines = lines(migrations, ledger);
    let applied = lines.iter().rev().filter(|line| line.entry.is_some());
    let undone: Vec<_> = match target {
        Down::Steps(asked) => {
            let applied: Vec<_> = applied.collect();
            // Taking back the last one twice is no mistake.
            if asked > applied.len().max(1) {
                return Err(MigrateError::TooFew {
                    applied: applied.len(),
                    asked,
                });
            }
            applied.into_iter().take(asked).collect()
        }
        Down::To(version) => {
            known(migrations, version)?;
            if version != 0 && !ledger.contains_key(&version) {
                return Err(MigrateError::NotApplied(version));
            }
            applied.take_while(|line| line.version > version).collect()
        }
    };
    let mut planned = Vec::new();
    for line in undone {
        let Some(migration) = line.migration else {
            return Err(MigrateError::Unknown {
                version: line.version,
                name: line.name(),
            });
        };
        if line.standing == Standing::Changed {
            return Err(MigrateError::Changed(vec![migration.up.file.clone()]));
        }
        if migration.down.is_none() {
            return Err(MigrateError::NoWayBack(migration.to_string()));
        }
        planned.push(migration);
    }
    Ok(planned)
}

/// What a stamp says and what it takes back, each oldest first.
#[derive(Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Said to be applied from now on.
    pub added: Vec<i64>,
    /// No longer said to be applied.
    pub removed: Vec<i64>,
}

/// How the ledger has to change so that it says `to` and all before it, as they are.
pub(super) fn stamp(
    migrations: &Migrations,
    ledger: &Entries,
    to: i64,
) -> Result<Stamp, MigrateError> {
    known(migrations, to)?;
    let lines = lines(migrations, ledger);
    refuse_unknown(&lines)?;
    let (upto, above): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.version <= to);
    Ok(Stamp {
        added: upto
            .into_iter()
            .filter(|line| line.standing != Standing::Applied)
            .map(|line| line.version)
            .collect(),
        removed: above
            .into_iter()
            .filter(|line| line.entry.is_some())
            .map(|line| line.version)
            .collect(),
    })
}

fn known(migrations: &Migrations, version: i64) -> Result<i64, MigrateError> {
    if version == 0 || migrations.find(version).is_some() {
        return Ok(version);
    }
    Err(MigrateError::NoSuchVersion(version))
}

fn refuse_unknown(lines: &[Line<'_>]) -> Result<(), MigrateError> {
    match lines.iter().find(|line| line.standing == Standing::Unknown) {
        None => Ok(()),
        Some(line) => Err(MigrateError::Unknown {
            version: line.version,
            name: line.name(),
        }),
    }
}

fn refuse_changed(lines: &[Line<'_>]) -> Result<(), MigrateError> {
    let changed: Vec<_> = lines
        .iter()
        .filter(|line| line.standing == Standing::Changed)
        .filter_map(|line| line.migration)
        .map(|migration| migration.up.file.clone())
        .collect();
    if changed.is_empty() {
        Ok(())
    } else {
        Err(MigrateError::Changed(changed))
    }
}
