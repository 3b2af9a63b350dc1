//! What a migration takes away from programs that ran before it.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::Site;
use crate::migrate::lint::Rule;
use crate::migrate::lint::known::Kind;
use crate::migrate::lint::names::{constraint_name, dropped, of_table, owner, table};
use crate::migrate::lint::objects::Space;
use crate::migrate::lint::tree::{Name, child, has_child, named, said, words};

/// What no program names in its statements, or what changes none of its answers.
const UNUSED: &[SyntaxKind] = &[
    SyntaxKind::DROP_ACCESS_METHOD,
    SyntaxKind::DROP_DATABASE,
    SyntaxKind::DROP_EVENT_TRIGGER,
    SyntaxKind::DROP_GROUP,
    SyntaxKind::DROP_PUBLICATION,
    SyntaxKind::DROP_ROLE,
    SyntaxKind::DROP_STATISTICS,
    SyntaxKind::DROP_SUBSCRIPTION,
    SyntaxKind::DROP_TABLESPACE,
    SyntaxKind::DROP_USER,
    SyntaxKind::DROP_USER_MAPPING,
];

/// What programs name, and would not find by another name or in another schema.
const NAMED: &[SyntaxKind] = &[
    SyntaxKind::ALTER_AGGREGATE,
    SyntaxKind::ALTER_COLLATION,
    SyntaxKind::ALTER_DOMAIN,
    SyntaxKind::ALTER_EXTENSION,
    SyntaxKind::ALTER_FOREIGN_TABLE,
    SyntaxKind::ALTER_FUNCTION,
    SyntaxKind::ALTER_MATERIALIZED_VIEW,
    SyntaxKind::ALTER_OPERATOR,
    SyntaxKind::ALTER_PROCEDURE,
    SyntaxKind::ALTER_ROUTINE,
    SyntaxKind::ALTER_SCHEMA,
    SyntaxKind::ALTER_SEQUENCE,
    SyntaxKind::ALTER_TABLE,
    SyntaxKind::ALTER_TEXT_SEARCH_CONFIGURATION,
    SyntaxKind::ALTER_TYPE,
    SyntaxKind::ALTER_VIEW,
];

pub(super) fn drops(site: &mut Site<'_>, is_contract: bool) {
    let is_drop = words(site.tree).first().is_some_and(|verb| verb == "drop");
    let names = if is_drop {
        dropped(site.tree)
    } else {
        table(site.tree).into_iter().collect()
    };
    let space = Space::of(site.tree);
    let is_new = |name: &Name| site.known.is_new_in(&space, name);
    let is_of_new = of_table(site.tree).is_some()
        && owner(site.tree).is_some_and(|table| site.known.is_new(&table));
    if is_of_new || !names.is_empty() && names.iter().all(is_new) {
        return;
    }
    cascade(site, is_drop);
    if is_contract {
        return;
    }
    if is_drop {
        dropped_in_use(site, &names);
    }
    if NAMED.contains(&site.kind()) {
        renamed(site, &names);
    }
    if let Some(renamed) = child(site.tree, SyntaxKind::INDEX_RENAME_TO) {
        renamed_index(site, &renamed);
    }
    for action in site.tree.children() {
        if let Some(message) = taken(site, &action) {
            in_use(site, &action, message);
        }
    }
}

fn dropped_in_use(site: &mut Site<'_>, names: &[Name]) {
    let is_again = names.iter().all(|name| site.is_made_again(name));
    // No program names a trigger.
    let is_replaced = site.kind() == SyntaxKind::DROP_TRIGGER && is_again;
    let space = Space::of(site.tree);
    let is_own = site.kind() != SyntaxKind::DROP_TABLE
        && names
            .iter()
            .all(|name| is_own(site, site.tree, &space, name));
    if is_replaced || is_own || UNUSED.contains(&site.kind()) {
        return;
    }
    let (what, tree) = (said(site.tree), site.tree);
    if site.kind() == SyntaxKind::DROP_INDEX {
        if names.iter().any(|name| site.known.is_unique_index(name)) {
            in_use(
                site,
                tree,
                format!(
                    "{what}: programs before this migration may count on what it refuses, and name its columns in \
                     ON CONFLICT, which fails without it"
                ),
            );
        }
    } else if is_again {
        site.find_here(
            Rule::DropInUse,
            format!("{what}: what is made again by that name may not be what programs before this migration use"),
            "create or replace it, where PostgreSQL takes that; or, if they find in it all that they know, allow this \
             and say so; or a migration whose name begins with contract_",
        );
    } else {
        let why = if site.kind() == SyntaxKind::DROP_POLICY {
            "programs before this migration find other rows then, and may write others"
        } else {
            "programs before this migration may use it"
        };
        in_use(site, tree, format!("{what}: {why}"));
    }
}

/// Whether it is dropped if it is there, so that the script can run again that makes it: nothing before
/// made it.
fn is_own(site: &Site<'_>, node: &SyntaxNode, space: &Space, name: &Name) -> bool {
    has_child(node, SyntaxKind::IF_EXISTS)
        && site.is_made_again(name)
        && !site.known.was_made(space, name)
}

fn in_use(site: &mut Site<'_>, node: &SyntaxNode, message: String) {
    let sql = said(node);
    let sql = sql.strip_suffix(" cascade").unwrap_or(&sql).to_owned();
    let sql = if node.kind() == site.kind() {
        sql
    } else {
        table(site.tree).map_or_else(|| sql.clone(), |table| format!("alter table {table} {sql}"))
    };
    site.find(
        Rule::DropInUse,
        node,
        message,
        format!(
            "stop using it, release that, and then, in a migration whose name begins with contract_: {sql};"
        ),
    );
}

fn cascade(site: &mut Site<'_>, is_drop: bool) {
    let node = site.tree.descendants().find(|node| {
        let above = node.parent().map(|above| above.kind());
        node.kind() == SyntaxKind::CASCADE
            && (is_drop && above == Some(site.kind())
                || matches!(
                    above,
                    Some(
                        SyntaxKind::DROP_COLUMN
                            | SyntaxKind::DROP_CONSTRAINT
                            | SyntaxKind::DROP_ATTRIBUTE
                    )
                ))
    });
    if let Some(node) = node {
        site.find(
            Rule::DropCascade,
            &node,
            "takes along whatever depends on it, which nobody who reads this can see, and which can differ \
             between databases"
                .to_owned(),
            "leave CASCADE out, and drop what PostgreSQL then names in statements of its own",
        );
    }
}

fn renamed(site: &mut Site<'_>, names: &[Name]) {
    let of_whole = site.tree.children().find(|node| {
        node.kind() == SyntaxKind::SET_SCHEMA || has_child(node, SyntaxKind::RENAME_KW)
    });
    let Some(node) = of_whole else {
        return;
    };
    let object = names.first().cloned().or_else(|| {
        let child = site.tree.children().next()?;
        Name::of(&child)
    });
    let space = Space::of(site.tree);
    if object.is_some_and(|object| site.known.is_new_in(&space, &object)) {
        return;
    }
    not_found(site, &node);
}

/// An index is renamed, which programs do not name but by its constraint; or a table, by way of ALTER INDEX.
fn renamed_index(site: &mut Site<'_>, renamed: &SyntaxNode) {
    let Some(index) = named(site.tree, SyntaxKind::INDEX_REF) else {
        return;
    };
    if site.known.is_table(&index) {
        if !site.known.is_new(&index) {
            not_found(site, renamed);
        }
        return;
    }
    let constraint = site.known.constraint_of(&index);
    if constraint.is_none_or(|constraint| constraint.added_here) {
        return;
    }
    let sql = said(site.tree);
    site.find_here(
        Rule::DropInUse,
        format!(
            "renames the constraint {index} too, which programs before this migration may name in ON CONFLICT ON \
             CONSTRAINT, and in what they make of errors"
        ),
        format!(
            "keep the name; or have programs name columns in ON CONFLICT, release that, and then, in a migration \
             whose name begins with contract_: {sql};"
        ),
    );
}

fn not_found(site: &mut Site<'_>, renamed: &SyntaxNode) {
    let what = said(renamed);
    site.find_here(
        Rule::DropInUse,
        format!("{what}: programs before this migration do not find it any more, and those after it not before"),
        "add what is new beside it (a column that a trigger keeps equal, a view of the other name), release a \
         program that uses that, and take the old one away in a migration whose name begins with contract_",
    );
}

/// What programs lose with a constraint; what it is may not be known.
fn counted_on(kind: Option<Kind>) -> Option<&'static str> {
    match kind {
        // Without it, programs write what they wrote.
        Some(Kind::Check) => None,
        Some(Kind::Unique | Kind::Exclude) => Some(
            "programs before this migration may count on what it refuses, and name it or its columns in ON CONFLICT, \
             which fails without it",
        ),
        Some(Kind::ForeignKey) => Some(
            "programs before this migration may count on what it refuses, and on the rows that go or change with \
             others",
        ),
        Some(Kind::Other) => Some("programs before this migration may count on what it refuses"),
        None => Some(
            "no migration here says what it is: programs before this migration may count on what it refuses or \
             deletes, or name it in ON CONFLICT",
        ),
    }
}

/// What an action of an ALTER TABLE or an ALTER TYPE takes away.
fn taken(site: &Site<'_>, action: &SyntaxNode) -> Option<String> {
    let column = named(action, SyntaxKind::COLUMN_NAME_REF);
    let column = column.map_or_else(|| "it".to_owned(), |column| column.to_string());
    match action.kind() {
        SyntaxKind::DROP_COLUMN => Some(format!(
            "programs before this migration may read or write {column}, and fail"
        )),
        SyntaxKind::DROP_CONSTRAINT => {
            let name = constraint_name(action)?;
            let known = site.known.constraint(&table(site.tree)?, &name);
            let is_own = has_child(action, SyntaxKind::IF_EXISTS) && site.is_made_again(&name);
            if known.map_or(is_own, |known| known.added_here) {
                return None;
            }
            counted_on(known.map(|known| known.kind)).map(ToOwned::to_owned)
        }
        SyntaxKind::ALTER_COLUMN => {
            let gone = [
                SyntaxKind::DROP_DEFAULT,
                SyntaxKind::DROP_EXPRESSION,
                SyntaxKind::DROP_IDENTITY,
            ];
            gone.iter()
                .any(|kind| has_child(action, *kind))
                .then(|| format!("programs before this migration may insert rows without {column}"))
        }
        SyntaxKind::DETACH_PARTITION => {
            Some("programs before this migration do not find its rows any more".to_owned())
        }
        SyntaxKind::ALTER_TYPE_ATTRIBUTE_ACTION_LIST => action
            .children()
            .any(|node| node.kind() == SyntaxKind::DROP_ATTRIBUTE)
            .then(|| "programs before this migration may read the attribute".to_owned()),
        _ => None,
    }
}
