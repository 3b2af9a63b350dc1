//! Statements outside of a transaction: what stopped among them is run again from the first, so that each must be
//! one that can run twice.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::Site;
use crate::migrate::lint::Rule;
use crate::migrate::lint::names::{constraint_name, created};
use crate::migrate::lint::tree::{child, has, has_child, said, words};

pub(super) fn not_rerunnable(site: &mut Site<'_>) {
    let tree = site.tree;
    let verb = words(tree).into_iter().next();
    match verb.as_deref() {
        Some("create") => create(site),
        Some("drop")
            if !has_child(tree, SyntaxKind::IF_EXISTS) && tree.kind() != SyntaxKind::DROP_OWNED =>
        {
            fails(
                site,
                tree,
                "what is gone cannot be dropped",
                "drop … if exists …",
            );
        }
        Some("alter") => {
            for action in tree.descendants() {
                if let Some((why, instead)) = altered(site, &action) {
                    fails(site, &action, why, instead);
                }
            }
        }
        _ if has(tree, SyntaxKind::INSERT) => insert(site),
        _ => {}
    }
}

fn fails(site: &mut Site<'_>, node: &SyntaxNode, why: &str, instead: &str) {
    let what = said(node);
    site.find(
        Rule::NotRerunnable,
        node,
        format!("when a later statement fails, all of them are run again, and this one fails then: {why} ({what})"),
        instead,
    );
}

fn create(site: &mut Site<'_>) {
    let tree = site.tree;
    let is_safe =
        has_child(tree, SyntaxKind::IF_NOT_EXISTS) || has_child(tree, SyntaxKind::OR_REPLACE);
    // Dropped first, if it was there.
    let is_made_anew = created(tree).is_some_and(|name| site.known.is_dropped(&name));
    if is_safe || is_made_anew {
        return;
    }
    fails(
        site,
        tree,
        "what is there cannot be created",
        "create … if not exists … or create or replace …; drop … if exists … right before it; or, if it can be in \
         a transaction, a migration without the line -- no-transaction",
    );
}

fn altered(site: &Site<'_>, action: &SyntaxNode) -> Option<(&'static str, &'static str)> {
    let apart =
        "a migration without the line -- no-transaction, which is done or undone as a whole";
    let if_exists = has_child(action, SyntaxKind::IF_EXISTS);
    let if_not_exists = has_child(action, SyntaxKind::IF_NOT_EXISTS);
    match action.kind() {
        SyntaxKind::ADD_COLUMN if !if_not_exists => Some((
            "what is there cannot be added",
            "add column if not exists …",
        )),
        SyntaxKind::ADD_VALUE if !if_not_exists => {
            Some(("what is there cannot be added", "add value if not exists …"))
        }
        SyntaxKind::ADD_CONSTRAINT => {
            let name = action
                .descendants()
                .find_map(|node| child(&node, SyntaxKind::CONSTRAINT_NAME_CLAUSE))
                .and_then(|name| constraint_name(&name));
            let is_made_anew = name.is_some_and(|name| site.known.is_dropped(&name));
            (!is_made_anew).then_some((
                "what is there cannot be added",
                "alter table … drop constraint if exists … as a statement right before it; or a migration without \
                 the line -- no-transaction",
            ))
        }
        SyntaxKind::DROP_COLUMN
        | SyntaxKind::DROP_CONSTRAINT
        | SyntaxKind::DROP_IDENTITY
        | SyntaxKind::DROP_EXPRESSION
        | SyntaxKind::DROP_ATTRIBUTE
            if !if_exists =>
        {
            Some(("what is gone cannot be dropped", "drop … if exists …"))
        }
        SyntaxKind::ADD_GENERATED | SyntaxKind::ADD_ATTRIBUTE => {
            Some(("what is there cannot be added", apart))
        }
        SyntaxKind::DETACH_PARTITION if has_child(action, SyntaxKind::DETACH_CONCURRENTLY) => {
            Some((
                "it is detached already, or half so",
                "there is no form of it that can run twice: let it be the only statement of its migration, and allow it \
             with that for a reason; what was interrupted is ended by: alter table … detach partition … finalize",
            ))
        }
        SyntaxKind::ATTACH_PARTITION
        | SyntaxKind::DETACH_PARTITION
        | SyntaxKind::INHERIT_TABLE
        | SyntaxKind::NO_INHERIT_TABLE => Some(("it is attached or detached already", apart)),
        _ if has_child(action, SyntaxKind::RENAME_KW) => {
            Some(("nothing of the old name is left", apart))
        }
        _ => None,
    }
}

fn insert(site: &mut Site<'_>) {
    let tree = site.tree;
    let looks_first = words(tree).windows(2).any(|pair| pair == ["not", "exists"]);
    let inserts = tree
        .descendants()
        .filter(|node| node.kind() == SyntaxKind::INSERT);
    let mut bare = inserts.filter(|insert| !has_child(insert, SyntaxKind::ON_CONFLICT_CLAUSE));
    if bare.next().is_some() && !looks_first {
        site.find_here(
            Rule::NotRerunnable,
            "when a later statement fails, all of them are run again, and this one inserts its rows twice or fails \
             then"
                .to_owned(),
            "insert … on conflict do nothing; or insert … select … where not exists (…)",
        );
    }
}
