//! What a migration changes of what programs before it may see and do, though nothing goes.

use squawk_syntax::ast::AstNode;
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::Site;
use crate::migrate::lint::Rule;
use crate::migrate::lint::names::{of_table, owner, table as table_of};
use crate::migrate::lint::objects::Space;
use crate::migrate::lint::tree::{Name, child, find, has, has_child, named, said, words};

pub(super) fn rights(site: &mut Site<'_>) {
    match site.kind() {
        SyntaxKind::REVOKE => revoke(site),
        SyntaxKind::CREATE_RULE => rule(site),
        SyntaxKind::ALTER_POLICY => policy(site),
        SyntaxKind::ALTER_TABLE => {
            let Some(table) = site.used_table() else {
                return;
            };
            for action in site.actions() {
                row_level_security(site, &table, &action);
                disabled(site, &table, &action);
                always_generated(site, &table, &action);
            }
        }
        _ => {}
    }
}

pub(super) fn later(sql: &str) -> String {
    format!("in a migration whose name begins with contract_: {sql};")
}

fn revoke(site: &mut Site<'_>) {
    if let Some(objects) = child(site.tree, SyntaxKind::ON_PRIVILEGE_OBJECTS_CLAUSE) {
        let (space, names) = objects_of(&objects);
        if !names.is_empty() && names.iter().all(|name| site.known.is_new_in(&space, name)) {
            return;
        }
    }
    let what = said(site.tree);
    site.find_here(
        Rule::DropInUse,
        format!("{what}: programs before this migration may do what they are not allowed then"),
        format!(
            "release a program that does not; and then, {}",
            later(&what)
        ),
    );
}

/// What an ON of a REVOKE names.
fn objects_of(objects: &SyntaxNode) -> (Space, Vec<Name>) {
    let routine = [
        SyntaxKind::PRIVILEGE_FUNCTION,
        SyntaxKind::PRIVILEGE_PROCEDURE,
        SyntaxKind::PRIVILEGE_ROUTINE,
    ];
    let kind = objects.first_child().map(|objects| objects.kind());
    let (space, label) = match kind {
        Some(kind) if routine.contains(&kind) => (Space::Routine, SyntaxKind::FUNCTION_SIG),
        Some(SyntaxKind::PRIVILEGE_DEFAULT | SyntaxKind::PRIVILEGE_TABLE) => {
            (Space::Relation, SyntaxKind::RELATION_NAME_REF)
        }
        _ => {
            let is_schema = words(objects).iter().any(|word| word == "schema");
            let space = if is_schema { "schema" } else { "" };
            (Space::Other(space.to_owned()), SyntaxKind::SCHEMA_REF)
        }
    };
    let names = objects.descendants().filter(|node| node.kind() == label);
    (space, names.filter_map(|node| Name::of(&node)).collect())
}

fn rule(site: &mut Site<'_>) {
    let on = child(site.tree, SyntaxKind::RULE_ON);
    let table = on.and_then(|on| named(&on, SyntaxKind::RELATION_NAME_REF));
    if let Some(table) = table.filter(|table| !site.known.is_new(table)) {
        site.find_here(
            Rule::DropInUse,
            format!(
                "what programs before this migration do to {table} is done in another way, or not, and is answered \
                 with other counts of rows"
            ),
            "a trigger, which adds to what is done and changes no count; or a view that has the rule, which a program \
             uses from its next release on",
        );
    }
}

fn row_level_security(site: &mut Site<'_>, table: &Name, action: &SyntaxNode) {
    if !matches!(
        action.kind(),
        SyntaxKind::ENABLE_RLS | SyntaxKind::FORCE_RLS
    ) {
        return;
    }
    let what = said(action);
    site.find(
        Rule::DropInUse,
        action,
        format!(
            "{what}: programs before this migration find no row of {table} any more, and write none, but those that a \
             policy gives them"
        ),
        format!(
            "create the policies, have programs run as roles that they are made for, and then, {}",
            later(&format!("alter table {table} {what}"))
        ),
    );
}

fn policy(site: &mut Site<'_>) {
    let space = Space::of(site.tree);
    let is_new = of_table(site.tree).is_some_and(|policy| site.known.is_new_in(&space, &policy));
    let table = owner(site.tree).filter(|table| !is_new && !site.known.is_new(table));
    let is_renamed = has_child(site.tree, SyntaxKind::POLICY_RENAME_TO);
    let Some(table) = table.filter(|_| !is_renamed) else {
        return;
    };
    let what = said(site.tree);
    site.find_here(
        Rule::DropInUse,
        format!(
            "programs before this migration find other rows of {table} then, and may write others"
        ),
        format!(
            "a second policy, which adds rows to those of the first, for a role that programs run as from their next \
             release on; and then, {}",
            later(&what)
        ),
    );
}

/// A trigger or a rule that does nothing any more for what programs do.
fn disabled(site: &mut Site<'_>, table: &Name, action: &SyntaxNode) {
    let (space, enabled) = match action.kind() {
        SyntaxKind::DISABLE_TRIGGER | SyntaxKind::ENABLE_REPLICA_TRIGGER => (
            "trigger",
            [
                SyntaxKind::ENABLE_TRIGGER,
                SyntaxKind::ENABLE_ALWAYS_TRIGGER,
            ],
        ),
        SyntaxKind::DISABLE_RULE | SyntaxKind::ENABLE_REPLICA_RULE => (
            "rule",
            [SyntaxKind::ENABLE_RULE, SyntaxKind::ENABLE_ALWAYS_RULE],
        ),
        _ => return,
    };
    let name = [SyntaxKind::TRIGGER_REF, SyntaxKind::RULE_REF]
        .iter()
        .find_map(|kind| named(action, *kind));
    let is_new = name.is_some_and(|name| {
        let name = name.within(&table.to_string());
        site.known.is_new_in(&Space::Other(space.to_owned()), &name)
    });
    // Whoever writes waits for the lock until it is enabled again.
    let is_again = site.is_transaction && is_enabled(site, table, action, enabled);
    if is_new || is_again {
        return;
    }
    let what = said(action);
    site.find(
        Rule::DropInUse,
        action,
        format!(
            "{what}: what programs before this migration do to {table} is done without it, while they may count on \
             what it adds, changes or refuses"
        ),
        format!(
            "if it is only in the way of this migration: enable it again in it, which is a transaction; or else, {}",
            later(&format!("alter table {table} {what}"))
        ),
    );
}

/// Whether a later statement enables what an action disables.
fn is_enabled(site: &Site<'_>, table: &Name, action: &SyntaxNode, kinds: [SyntaxKind; 2]) -> bool {
    let target = |action: &SyntaxNode| words(action).pop().unwrap_or_default();
    let disabled = target(action);
    let later = site.later.iter().map(|parsed| parsed.tree.syntax());
    let later = later.filter(|tree| table_of(tree).is_some_and(|own| own.is(table)));
    let mut actions = later.flat_map(SyntaxNode::children);
    actions.any(|action| {
        let enabled = target(&action);
        kinds.contains(&action.kind())
            && (enabled == disabled || enabled == "all" || enabled == "user" && disabled != "all")
    })
}

fn always_generated(site: &mut Site<'_>, table: &Name, action: &SyntaxNode) {
    let set =
        find(action, SyntaxKind::ADD_GENERATED).or_else(|| find(action, SyntaxKind::SET_GENERATED));
    if action.kind() != SyntaxKind::ALTER_COLUMN
        || !set.is_some_and(|set| has(&set, SyntaxKind::GENERATED_ALWAYS))
    {
        return;
    }
    let column = named(action, SyntaxKind::COLUMN_NAME_REF);
    let column = column.map_or_else(|| "it".to_owned(), |column| column.to_string());
    site.find(
        Rule::DropInUse,
        action,
        format!(
            "programs before this migration may insert rows of {table} with a value for {column}, which PostgreSQL \
             refuses then"
        ),
        format!(
            "generated by default as identity, which takes a value that is given; and when no program gives one, {}",
            later(&format!("alter table {table} alter column {column} set generated always"))
        ),
    );
}
