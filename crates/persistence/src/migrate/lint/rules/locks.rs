//! Locks that are held for long, or waited for.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::{Site, columns, settings};
use crate::migrate::lint::Rule;
use crate::migrate::lint::names::dropped;
use crate::migrate::lint::tree::{Name, child, has, has_child, literal, named, words};

/// The longest that a migration may have others queue behind it, in milliseconds.
const LONGEST_MILLIS: u64 = 5_000;

pub(super) fn locks(site: &mut Site<'_>) {
    columns::rewrites(site);
    truncate(site);
    lock_table(site);
    lock_timeout(site);
    endless_for_others(site);
}

fn truncate(site: &mut Site<'_>) {
    if site.kind() != SyntaxKind::TRUNCATE {
        return;
    }
    let tables: Vec<Name> = tables(site.tree, SyntaxKind::TABLE_RELATION_NAME)
        .filter(|table| !site.known.is_new(table))
        .collect();
    if let Some(table) = tables.first() {
        site.find_here(
            Rule::Truncate,
            format!(
                "empties {table} under an ACCESS EXCLUSIVE lock, also for whoever reads an older snapshot; no down \
                 brings the rows back"
            ),
            format!(
                "delete in batches what is not needed, in a -- no-transaction migration; or drop {table} in a \
                 migration contract_… once no program uses it"
            ),
        );
    }
}

fn tables(node: &SyntaxNode, kind: SyntaxKind) -> impl Iterator<Item = Name> {
    node.descendants()
        .filter(move |node| node.kind() == kind)
        .filter_map(|node| Name::of(&node))
}

fn lock_table(site: &mut Site<'_>) {
    if site.kind() != SyntaxKind::LOCK {
        return;
    }
    let is_weak = child(site.tree, SyntaxKind::LOCK_MODE_CLAUSE).is_some_and(|mode| {
        [
            SyntaxKind::ACCESS_SHARE,
            SyntaxKind::ROW_SHARE,
            SyntaxKind::ROW_EXCLUSIVE,
        ]
        .iter()
        .any(|weak| has_child(&mode, *weak))
    });
    let table =
        tables(site.tree, SyntaxKind::RELATION_NAME).find(|table| !site.known.is_new(table));
    if let Some(table) = table.filter(|_| !is_weak) {
        site.find_here(
            Rule::LockWithoutTimeout,
            format!("{table} is locked from here until the migration ends, however long the rest of it takes"),
            "leave it out: each statement takes the locks that it needs, and the runner waits a second for them \
             and tries again",
        );
    }
}

fn lock_timeout(site: &mut Site<'_>) {
    let words = words(site.tree);
    let is_about = words
        .iter()
        .any(|word| word.trim_matches(['\'', '"']) == "lock_timeout");
    let is_long = match site.kind() {
        SyntaxKind::RESET => is_about || has_child(site.tree, SyntaxKind::ALL),
        SyntaxKind::SET if is_about => {
            let millis = child(site.tree, SyntaxKind::SET_CONFIG).and_then(|set| set_millis(&set));
            !millis.is_some_and(|millis| (1..=LONGEST_MILLIS).contains(&millis))
        }
        SyntaxKind::SELECT => is_about && words.iter().any(|word| word == "set_config"),
        _ => false,
    };
    if is_long {
        site.find_here(
            Rule::LockWithoutTimeout,
            "a statement that waits for a lock has everybody who comes later wait behind it; the runner lets each \
             wait a second, and tries again"
                .to_owned(),
            "leave it out; or, where a second is too short: set lock_timeout = '5s', and no more",
        );
    }
}

/// A role or a database whose programs wait for locks without end from then on.
fn endless_for_others(site: &mut Site<'_>) {
    let set = settings::of_programs(site).filter(|(set, parameter)| {
        parameter.plain() == "lock_timeout" && set_millis(set) == Some(0)
    });
    if set.is_some() {
        site.find_here(
            Rule::LockWithoutTimeout,
            "whoever connects so from then on waits for locks without end, and has everybody who comes later wait \
             behind it"
                .to_owned(),
            "leave it out, or set a time",
        );
    }
}

/// What a SET of a time says, if it says a time.
fn set_millis(set: &SyntaxNode) -> Option<u64> {
    let value = child(set, SyntaxKind::TO_CONFIG_VALUE)?;
    millis(&literal(&value)?)
}

/// A time as PostgreSQL reads it, in milliseconds unless it says a unit.
fn millis(value: &str) -> Option<u64> {
    let value = value.trim();
    let end = value
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(value.len());
    let number: u64 = value[..end].parse().ok()?;
    let unit = match value[end..].trim() {
        "" | "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// The table in use that a statement locks so that others wait.
pub(in crate::migrate::lint) fn locked(site: &Site<'_>) -> Option<Name> {
    let name = match site.kind() {
        SyntaxKind::ALTER_TABLE => {
            let is_strong = site.actions().iter().any(|action| !is_weak(action));
            site.used_table().filter(|_| is_strong)
        }
        SyntaxKind::DROP_TABLE => dropped(site.tree).into_iter().next(),
        SyntaxKind::DROP_INDEX if !site.statement.is_concurrent() => {
            let index = dropped(site.tree).into_iter().next();
            index.and_then(|index| site.known.table_of(&index).cloned())
        }
        SyntaxKind::TRUNCATE => named(site.tree, SyntaxKind::TABLE_RELATION_NAME),
        SyntaxKind::CREATE_INDEX if !site.statement.is_concurrent() => site.used_table(),
        SyntaxKind::CREATE_TRIGGER | SyntaxKind::DROP_TRIGGER => {
            named(site.tree, SyntaxKind::RELATION_NAME_REF)
        }
        SyntaxKind::LOCK => named(site.tree, SyntaxKind::RELATION_NAME),
        _ => None,
    };
    name.filter(|name| !site.known.is_new(name))
}

/// Whether an action of an ALTER TABLE lets others read and write the table.
fn is_weak(action: &SyntaxNode) -> bool {
    match action.kind() {
        SyntaxKind::IF_EXISTS
        | SyntaxKind::TABLE_RELATION_NAME
        | SyntaxKind::VALIDATE_CONSTRAINT
        | SyntaxKind::SET_OPTIONS
        | SyntaxKind::RESET_OPTIONS
        | SyntaxKind::CLUSTER_ON
        | SyntaxKind::SET_WITHOUT_CLUSTER
        | SyntaxKind::ATTACH_PARTITION => true,
        SyntaxKind::ALTER_COLUMN => {
            has_child(action, SyntaxKind::SET_STATISTICS)
                || has_child(action, SyntaxKind::SET_OPTIONS)
        }
        SyntaxKind::DETACH_PARTITION => has_child(action, SyntaxKind::DETACH_CONCURRENTLY),
        _ => false,
    }
}

pub(super) fn many_locks(site: &mut Site<'_>) {
    let Some((table, line)) = site.known.locked.clone() else {
        return;
    };
    let is_slow = match site.kind() {
        SyntaxKind::CREATE_INDEX => {
            site.used_table().is_some() && !super::indexes::is_of_parent_alone(site)
        }
        SyntaxKind::INSERT => has(site.tree, SyntaxKind::SELECT),
        SyntaxKind::ALTER_TABLE => is_slow_change(site),
        SyntaxKind::REINDEX
        | SyntaxKind::CREATE_TABLE_AS
        | SyntaxKind::SELECT_INTO
        | SyntaxKind::CREATE_MATERIALIZED_VIEW => true,
        _ => false,
    };
    let other =
        locked(site).filter(|other| site.kind() == SyntaxKind::ALTER_TABLE && !other.is(&table));
    let message = match other {
        _ if is_slow => format!(
            "{table} is locked since line {line}, and stays so until this, which can take long, is done"
        ),
        Some(other) => format!(
            "{table} is locked since line {line}, and stays so while this waits for {other}: who uses both in the \
             other order meanwhile is in a deadlock with the migration"
        ),
        None => return,
    };
    site.find_here(
        Rule::ManyLocks,
        message,
        "a migration of its own for this one, so that the lock is given back before it",
    );
}

/// Whether an ALTER TABLE reads a table in use; there is nothing to read in a partitioned table alone.
fn is_slow_change(site: &Site<'_>) -> bool {
    let of_parent_alone = child(site.tree, SyntaxKind::TABLE_RELATION_NAME)
        .is_some_and(|table| has_child(&table, SyntaxKind::ONLY_KW))
        && site
            .used_table()
            .is_some_and(|table| site.known.is_partitioned(&table) == Some(true));
    let mut actions = site.actions().into_iter();
    site.used_table().is_some()
        && !of_parent_alone
        && actions.any(|one| one.kind() == SyntaxKind::VALIDATE_CONSTRAINT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_postgres_reads_them() {
        assert_eq!(millis("250"), Some(250));
        assert_eq!(millis("5s"), Some(5_000));
        assert_eq!(millis("2 min"), Some(120_000));
        assert_eq!(millis("0"), Some(0));
        assert_eq!(millis("1d"), None);
        assert_eq!(millis("soon"), None);
    }
}
