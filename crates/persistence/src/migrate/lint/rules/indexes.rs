//! Indexes of tables in use, and what must be outside of a transaction.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::Site;
use crate::migrate::lint::Rule;
use crate::migrate::lint::names::dropped;
use crate::migrate::lint::tree::{Name, child, find, has, has_child, named, said};

pub(super) const ALONE: &str = "in a migration of its own that begins with -- no-transaction: ";

pub(super) fn concurrent_in_transaction(site: &mut Site<'_>) {
    let whole_database = [
        SyntaxKind::REINDEX_TARGET_DATABASE,
        SyntaxKind::REINDEX_TARGET_SCHEMA,
        SyntaxKind::REINDEX_TARGET_SYSTEM,
    ];
    let refused = site.statement.is_concurrent()
        || match site.kind() {
            SyntaxKind::VACUUM
            | SyntaxKind::ALTER_SYSTEM
            | SyntaxKind::CREATE_DATABASE
            | SyntaxKind::DROP_DATABASE
            | SyntaxKind::CREATE_TABLESPACE
            | SyntaxKind::DROP_TABLESPACE => true,
            SyntaxKind::CLUSTER => !has(site.tree, SyntaxKind::TABLE_NAME_REF),
            SyntaxKind::REINDEX => whole_database.iter().any(|kind| has(site.tree, *kind)),
            _ => false,
        };
    if refused && site.is_transaction {
        site.find_here(
            Rule::ConcurrentInTransaction,
            "PostgreSQL refuses this inside a transaction, which a migration is".to_owned(),
            "put it into a migration of its own that begins with the line -- no-transaction",
        );
    }
}

/// Whether a CREATE INDEX is on a partitioned table alone, so that there is nothing to read; its partitions'
/// indexes come one by one.
pub(super) fn is_of_parent_alone(site: &Site<'_>) -> bool {
    let table = child(site.tree, SyntaxKind::TABLE_RELATION_NAME);
    table.is_some_and(|table| {
        let partitioned = Name::of(&table).and_then(|name| site.known.is_partitioned(&name));
        has_child(&table, SyntaxKind::ONLY_KW) && partitioned != Some(false)
    })
}

pub(super) fn not_concurrent(site: &mut Site<'_>) {
    if site.statement.is_concurrent() {
        return;
    }
    match site.kind() {
        SyntaxKind::CREATE_INDEX => create(site),
        SyntaxKind::DROP_INDEX => drop(site),
        SyntaxKind::REINDEX => reindex(site),
        _ => {}
    }
}

fn create(site: &mut Site<'_>) {
    let Some(table) = site.used_table() else {
        return;
    };
    if is_of_parent_alone(site) {
        return;
    }
    let instead = if site.known.is_partitioned(&table) == Some(true) {
        one_by_one(&table)
    } else {
        format!("{ALONE}{}", concurrently(site.tree))
    };
    site.find_here(
        Rule::IndexNotConcurrent,
        format!(
            "reads all of {table} under a SHARE lock: nobody writes to it from then until the migration ends"
        ),
        instead,
    );
}

/// How a partitioned table gets an index.
pub(super) fn one_by_one(table: &Name) -> String {
    format!(
        "create index … on only {table} …; then, {ALONE}create index concurrently on each partition, and alter \
         index … attach partition for each"
    )
}

/// The same index, built concurrently.
fn concurrently(create: &SyntaxNode) -> String {
    let unique = if has_child(create, SyntaxKind::UNIQUE_KW) {
        "unique "
    } else {
        ""
    };
    let name = named(create, SyntaxKind::INDEX);
    let name = name.map_or_else(|| "…".to_owned(), |name| name.to_string());
    let from = create
        .children_with_tokens()
        .find(|element| element.kind() == SyntaxKind::ON_KW)
        .map_or(0, |on| {
            usize::from(on.text_range().start() - create.text_range().start())
        });
    let text = create.text().to_string();
    let rest = text[from..].trim_end().trim_end_matches(';');
    let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("create {unique}index concurrently if not exists {name} {rest};")
}

fn drop(site: &mut Site<'_>) {
    for index in dropped(site.tree) {
        let table = site.known.table_of(&index);
        if table.is_some_and(|table| site.known.is_new(table)) {
            continue;
        }
        let table = table.map_or_else(|| "its table".to_owned(), Name::to_string);
        site.find_here(
            Rule::IndexNotConcurrent,
            format!(
                "takes an ACCESS EXCLUSIVE lock on {table}: waits for everyone who reads it, and then \
                 nobody does until the migration ends"
            ),
            format!("{ALONE}drop index concurrently if exists {index};"),
        );
    }
}

fn reindex(site: &mut Site<'_>) {
    let table = named(site.tree, SyntaxKind::TABLE_NAME_REF);
    let table = table.or_else(|| {
        let index = named(site.tree, SyntaxKind::INDEX_REF)?;
        site.known.table_of(&index).cloned()
    });
    if table.is_some_and(|table| site.known.is_new(&table)) {
        return;
    }
    let target = [
        SyntaxKind::REINDEX_TARGET_INDEX,
        SyntaxKind::REINDEX_TARGET_TABLE,
    ];
    let target = target.iter().find_map(|kind| find(site.tree, *kind));
    let instead = target.map_or_else(
        || "one index or table after the other, concurrently".to_owned(),
        |target| {
            let (what, name) = (said(&target), Name::of(&target));
            let what = what.split_whitespace().next().unwrap_or("index").to_owned();
            let name = name.map_or_else(String::new, |name| name.to_string());
            format!("{ALONE}reindex {what} concurrently {name};")
        },
    );
    site.find_here(
        Rule::IndexNotConcurrent,
        "while an index is rebuilt, nobody writes to its table, and nobody reads by the index"
            .to_owned(),
        instead,
    );
}
