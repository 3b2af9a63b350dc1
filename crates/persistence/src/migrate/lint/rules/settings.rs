//! Settings that change what statements do: those of the migration itself, and of programs.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::Site;
use super::rights::later;
use crate::migrate::lint::Rule;
use crate::migrate::lint::objects::Space;
use crate::migrate::lint::tree::{Name, child, literal, named, said, words};

const REPLICATION_ROLE: &str = "session_replication_role";

/// A migration whose rows no trigger and no foreign key sees.
pub(super) fn without_triggers(site: &mut Site<'_>) {
    let set = child(site.tree, SyntaxKind::SET_CONFIG).filter(|set| {
        let is_about = parameter(set).is_some_and(|name| name.plain() == REPLICATION_ROLE);
        site.kind() == SyntaxKind::SET && is_about && !fires(set)
    });
    if set.is_some() || calls_set_config(site.tree) {
        site.find_here(
            Rule::Unfit,
            "PostgreSQL lets almost no role do this; and then neither triggers fire nor are foreign keys checked, so \
             that what is written may be what can never be there"
                .to_owned(),
            "leave it out; a trigger that would be in the way is disabled by its name and enabled again in the same \
             migration, as long as that is a transaction",
        );
    }
}

/// Whether a replication role, as the last word says it, is one under which triggers fire.
fn fires(set: &SyntaxNode) -> bool {
    let value = words(set).pop().unwrap_or_default();
    matches!(
        value.trim_matches(['\'', '"']),
        "origin" | "local" | "default"
    )
}

/// Whether a statement calls `set_config` so; what a function will do is not done yet.
fn calls_set_config(tree: &SyntaxNode) -> bool {
    let is_made =
        tree.kind() == SyntaxKind::CREATE_FUNCTION || tree.kind() == SyntaxKind::CREATE_PROCEDURE;
    let calls = tree
        .descendants()
        .filter(|node| node.kind() == SyntaxKind::CALL_EXPR);
    let mut calls = calls.filter(|call| {
        let function = call.first_child().and_then(|name| words(&name).pop());
        function.is_some_and(|name| name.trim_matches('"') == "set_config")
    });
    let sets = |call: SyntaxNode| {
        let list = child(&call, SyntaxKind::ARG_LIST);
        let mut arguments = list.iter().flat_map(SyntaxNode::children);
        let parameter = arguments.next().and_then(|argument| literal(&argument));
        let is_about = parameter.is_some_and(|name| name.eq_ignore_ascii_case(REPLICATION_ROLE));
        is_about && !arguments.next().is_some_and(|value| fires(&value))
    };
    !is_made && calls.any(sets)
}

/// The parameter that a SET or a RESET is about.
fn parameter(set: &SyntaxNode) -> Option<Name> {
    named(set, SyntaxKind::CONFIG_PARAMETER_REF)
}

/// What a statement sets or resets for whoever connects from then on, and the parameter.
pub(super) fn of_programs(site: &Site<'_>) -> Option<(SyntaxNode, Name)> {
    if !matches!(
        site.kind(),
        SyntaxKind::ALTER_ROLE
            | SyntaxKind::ALTER_USER
            | SyntaxKind::ALTER_DATABASE
            | SyntaxKind::ALTER_SYSTEM
    ) {
        return None;
    }
    let set = site.tree.children().find(|node| {
        matches!(
            node.kind(),
            SyntaxKind::SET_CONFIG_PARAM | SyntaxKind::RESET_CONFIG_PARAM
        )
    })?;
    let parameter = parameter(&set)?;
    Some((set, parameter))
}

/// Roles and databases whose programs find other objects, or whose triggers do not fire any more.
pub(super) fn for_programs(site: &mut Site<'_>) {
    let Some((set, parameter)) = of_programs(site) else {
        return;
    };
    let what = match parameter.plain() {
        "search_path" => {
            "programs before this migration find other tables and functions by the names that they say, or none"
        }
        REPLICATION_ROLE if set.kind() == SyntaxKind::SET_CONFIG_PARAM && !fires(&set) => {
            "what programs write then fires no trigger, and no foreign key of it is checked"
        }
        _ => return,
    };
    let made = [
        (SyntaxKind::ROLE_NAME_REF, "role"),
        (SyntaxKind::ROLE_NAME_REF, "user"),
        (SyntaxKind::DATABASE_REF, "database"),
    ];
    // Nobody connects to a database that is new, nor as a role that is.
    let is_new = made.iter().any(|(kind, space)| {
        let name = named(site.tree, *kind);
        let space = Space::Other((*space).to_owned());
        name.is_some_and(|name| site.known.is_new_in(&space, &name))
    });
    if !is_new {
        let sql = said(site.tree);
        site.find_here(
            Rule::DropInUse,
            format!("{what}: for whoever connects from now on"),
            format!(
                "a role of its own for programs that are to have it so; or, when no program minds, {}",
                later(&sql)
            ),
        );
    }
}
