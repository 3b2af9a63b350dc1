//! What cannot be run, wherever it stands.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::{Site, indexes};
use crate::migrate::lint::Rule;
use crate::migrate::lint::names::table;
use crate::migrate::lint::tree::{has, has_child, words};

pub(super) fn unfit(site: &mut Site<'_>) {
    match site.kind() {
        SyntaxKind::COPY => copy(site),
        SyntaxKind::DISCARD if has_child(site.tree, SyntaxKind::DISCARD_ALL) => site.find_here(
            Rule::Unfit,
            "PostgreSQL refuses it inside a transaction; outside of one it gives up the lock by which the runner \
             keeps others out"
                .to_owned(),
            "leave it out: the runner resets what a migration sets; discard plans, sequences or temp by name",
        ),
        SyntaxKind::CREATE_INDEX if site.statement.is_concurrent() => partitioned(site),
        _ => {}
    }
    if unlocks(site.tree) {
        site.find_here(
            Rule::Unfit,
            "can give up the lock by which the runner keeps others out".to_owned(),
            "pg_advisory_xact_lock, which ends with the transaction by itself",
        );
    }
}

fn copy(site: &mut Site<'_>) {
    let (message, instead) = if has(site.tree, SyntaxKind::COPY_STDIN) {
        ("nobody sends the rows", "insert … values …")
    } else if has(site.tree, SyntaxKind::COPY_STDOUT) {
        ("nobody takes the rows", "leave it out")
    } else {
        return;
    };
    site.find_here(
        Rule::Unfit,
        format!("{message}: the runner refuses it"),
        instead,
    );
}

fn partitioned(site: &mut Site<'_>) {
    let table = table(site.tree);
    let table = table.filter(|table| site.known.is_partitioned(table) == Some(true));
    if let Some(table) = table.filter(|_| !indexes::is_of_parent_alone(site)) {
        site.find_here(
            Rule::Unfit,
            format!("PostgreSQL refuses to build an index of {table} concurrently, since it is partitioned"),
            format!("in a migration that is a transaction: {}", indexes::one_by_one(&table)),
        );
    }
}

/// Whether a statement calls one of `pg_advisory_unlock…`; what a function will do is not done yet.
fn unlocks(tree: &SyntaxNode) -> bool {
    let is_made =
        tree.kind() == SyntaxKind::CREATE_FUNCTION || tree.kind() == SyntaxKind::CREATE_PROCEDURE;
    let calls = tree
        .descendants()
        .filter(|node| node.kind() == SyntaxKind::CALL_EXPR);
    let mut names = calls.filter_map(|call| words(&call.first_child()?).pop());
    !is_made && names.any(|name| name.trim_matches('"').starts_with("pg_advisory_unlock"))
}
