//! Columns that are added or changed, and tables that are written anew.

use squawk_syntax::ast::{AstNode, Vacuum};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::Site;
use crate::migrate::lint::Rule;
use crate::migrate::lint::names::{column_name, type_of};
use crate::migrate::lint::tree::{Name, child, find, has, has_child, named, said};

const ANEW: &str = "writes all of it anew, with its indexes, under an ACCESS EXCLUSIVE lock: nobody reads or \
                    writes it meanwhile";

pub(super) fn columns(site: &mut Site<'_>) {
    let Some(table) = site.used_table() else {
        return;
    };
    for action in site.actions() {
        match action.kind() {
            SyntaxKind::ADD_COLUMN => {
                added_not_null(site, &table, &action);
                added_rewrite(site, &table, &action);
            }
            SyntaxKind::ALTER_COLUMN => {
                set_not_null(site, &table, &action);
                set_type(site, &table, &action);
                altered_rewrite(site, &table, &action);
            }
            _ => {}
        }
    }
}

fn added_not_null(site: &mut Site<'_>, table: &Name, action: &SyntaxNode) {
    let is_filled = type_of(action).is_some_and(|kind| kind.is_serial())
        || has_child(action, SyntaxKind::DEFAULT_CONSTRAINT)
        || has_child(action, SyntaxKind::GENERATED_CONSTRAINT);
    let is_needed = has_child(action, SyntaxKind::NOT_NULL_CONSTRAINT)
        || has_child(action, SyntaxKind::PRIMARY_KEY_CONSTRAINT);
    let Some(column) = column_name(action).filter(|_| is_needed && !is_filled) else {
        return;
    };
    site.find(
        Rule::NotNull,
        action,
        format!(
            "fails if {table} has a row, and programs before this migration insert rows without {column}"
        ),
        format!(
            "a constant default, which costs nothing: not null default …; or add {column} without NOT NULL, fill \
             it, and when every program writes it: {}",
            checked(table, &column)
        ),
    );
}

/// How a column of a table in use becomes not null.
pub(super) fn checked(table: &Name, column: &Name) -> String {
    let check = format!("{}_{}_check", table.plain(), column.plain());
    format!(
        "alter table {table} add constraint {check} check ({column} is not null) not valid; and in the next \
         migration: alter table {table} validate constraint {check}; alter table {table} alter column {column} \
         set not null; alter table {table} drop constraint {check};"
    )
}

fn set_not_null(site: &mut Site<'_>, table: &Name, action: &SyntaxNode) {
    let column = named(action, SyntaxKind::COLUMN_NAME_REF);
    let Some(column) = column.filter(|_| has_child(action, SyntaxKind::SET_NOT_NULL)) else {
        return;
    };
    if site.known.is_not_null(table, &column) {
        return;
    }
    site.find(
        Rule::NotNull,
        action,
        format!(
            "reads all of {table} under an ACCESS EXCLUSIVE lock, since no valid check says that {column} is not \
             null: nobody reads or writes it meanwhile"
        ),
        checked(table, &column),
    );
}

fn added_rewrite(site: &mut Site<'_>, table: &Name, action: &SyntaxNode) {
    let Some(column) = column_name(action) else {
        return;
    };
    let slowly = format!(
        "add {column} without it; then: alter table {table} alter column {column} set default …; and fill the \
         rows that are there in batches"
    );
    let kind = type_of(action);
    let is_serial = kind.is_some_and(|kind| kind.is_serial());
    if is_serial || has(action, SyntaxKind::GENERATED_IDENTITY) {
        site.find(
            Rule::Rewrite,
            action,
            format!("numbers every row of {table}: {ANEW}"),
            format!("a plain column with a sequence: {slowly}"),
        );
    }
    if has(action, SyntaxKind::STORED) {
        site.find(
            Rule::Rewrite,
            action,
            format!("computes {column} for every row of {table}: {ANEW}"),
            format!(
                "a plain column that a trigger computes, filled in batches; or an index on the expression, built \
                 concurrently, in place of {column}"
            ),
        );
    }
    let default = child(action, SyntaxKind::DEFAULT_CONSTRAINT);
    if let Some(function) = default.and_then(|default| volatile_call(site, &default)) {
        site.find(
            Rule::Rewrite,
            action,
            format!(
                "{function}() may answer each row of {table} anew, as functions do that neither PostgreSQL nor a \
                 migration here is known to make STABLE or IMMUTABLE: {ANEW}"
            ),
            slowly,
        );
    }
    let domain = child(action, SyntaxKind::PATH_TYPE).and_then(|kind| Name::of(&kind));
    if let Some(domain) = domain.filter(|domain| site.known.is_checked_domain(domain)) {
        site.find(
            Rule::Rewrite,
            action,
            format!("PostgreSQL checks the domain {domain} for every row of {table}, and {ANEW}"),
            format!(
                "the type that {domain} is made of, and its check as a constraint of {table} that is NOT VALID \
                 at first"
            ),
        );
    }
}

fn volatile_call(site: &Site<'_>, default: &SyntaxNode) -> Option<Name> {
    let calls = default
        .descendants()
        .filter(|node| node.kind() == SyntaxKind::CALL_EXPR);
    let mut names = calls
        .filter_map(|call| call.first_child())
        .filter_map(|function| {
            // `schema.function`.
            let mut parts = function
                .descendants()
                .filter(|node| node.kind() == SyntaxKind::NAME_REF)
                .filter_map(|part| Name::of(&part));
            let first = parts.next()?;
            Some(match parts.last() {
                Some(name) => name.within(first.plain()),
                None => first,
            })
        });
    names.find(|name| site.known.may_be_volatile(name))
}

fn set_type(site: &mut Site<'_>, table: &Name, action: &SyntaxNode) {
    let Some(set) = child(action, SyntaxKind::SET_TYPE) else {
        return;
    };
    let (Some(column), Some(new)) = (named(action, SyntaxKind::COLUMN_NAME_REF), type_of(&set))
    else {
        return;
    };
    let old = site.known.column(table, &column).map(|column| &column.kind);
    let is_plain =
        !has_child(&set, SyntaxKind::USING_EXPR) && !has_child(&set, SyntaxKind::COLLATE);
    if is_plain && old.is_some_and(|old| old.widens_to(&new)) {
        if let Some(redone) = site.known.redone(table, &column) {
            site.find(
                Rule::Rewrite,
                action,
                format!(
                    "{redone} under an ACCESS EXCLUSIVE lock, while all of {table} is read: nobody reads or \
                     writes it meanwhile"
                ),
                "drop it in the same migration, before this; and make it again after it, the check NOT VALID and \
                 validated in the next migration, the index CONCURRENTLY in one of its own",
            );
        }
        return;
    }
    let unknown = match old {
        None => " unless its type now, which no migration here says, is a narrower one of the kind",
        Some(_) => "",
    };
    site.find(
        Rule::Rewrite,
        action,
        format!("another type for {column} of {table}: {ANEW}{unknown}"),
        format!(
            "a second column of the new type that a trigger keeps equal, filled in batches; a release that uses \
             it; then a migration contract_… that drops {column}"
        ),
    );
}

fn altered_rewrite(site: &mut Site<'_>, table: &Name, action: &SyntaxNode) {
    if has_child(action, SyntaxKind::SET_EXPRESSION) {
        site.find(
            Rule::Rewrite,
            action,
            format!("computes the column for every row of {table}: {ANEW}"),
            "a second column with the new expression, in the way of a plain column that a trigger computes",
        );
    }
}

/// Whether a node is an action that writes a whole table anew, whatever its columns.
fn writes_anew(action: &SyntaxNode) -> bool {
    matches!(
        action.kind(),
        SyntaxKind::SET_LOGGED
            | SyntaxKind::SET_UNLOGGED
            | SyntaxKind::SET_TABLESPACE
            | SyntaxKind::SET_ACCESS_METHOD
            | SyntaxKind::ALL_IN_TABLESPACE
    )
}

/// Statements that write whole tables anew.
pub(super) fn rewrites(site: &mut Site<'_>) {
    let target = find(site.tree, SyntaxKind::TABLE_NAME_REF)
        .or_else(|| find(site.tree, SyntaxKind::VIEW_REF))
        .or_else(|| find(site.tree, SyntaxKind::INDEX_REF))
        .and_then(|node| Name::of(&node));
    if target
        .as_ref()
        .is_some_and(|target| site.known.is_new(target))
    {
        return;
    }
    let target = target.map_or_else(
        || "every table of the kind".to_owned(),
        |name| name.to_string(),
    );
    let vacuum = Vacuum::cast(site.tree.clone());
    let is_full = vacuum.is_some_and(|vacuum| vacuum.is_full());
    let (node, instead) = match site.kind() {
        SyntaxKind::CLUSTER => (site.tree.clone(), "pg_repack, outside of migrations"),
        SyntaxKind::VACUUM if is_full => (
            site.tree.clone(),
            "plain vacuum, which gives the space to rows to come; pg_repack to give it back to the disk",
        ),
        SyntaxKind::REFRESH if !has_child(site.tree, SyntaxKind::CONCURRENTLY_KW) => (
            site.tree.clone(),
            "refresh materialized view concurrently, which needs a unique index on it",
        ),
        SyntaxKind::ALTER_TABLE | SyntaxKind::ALTER_INDEX | SyntaxKind::ALTER_MATERIALIZED_VIEW => {
            let Some(action) = site.tree.children().find(writes_anew) else {
                return;
            };
            (
                action,
                "in hours without traffic, allowed with that for a reason; or a new table that is filled in \
                 batches, and takes the place of the old one",
            )
        }
        _ => return,
    };
    let what = said(&node);
    site.find(
        Rule::Rewrite,
        &node,
        format!("{target}: {what} {ANEW}"),
        instead,
    );
}
