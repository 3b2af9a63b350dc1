//! Rows that are changed, and values of enums that are used too early.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::{Site, batches, keys};
use crate::migrate::lint::Rule;
use crate::migrate::lint::tree::{Name, child, has, literal, words};

pub(super) fn data(site: &mut Site<'_>) {
    big_update(site);
    enum_values(site);
}

/// Where a statement changes or removes rows, also inside of its WITH, and of which table.
fn changed(statement: &SyntaxNode) -> impl Iterator<Item = (SyntaxNode, Name)> {
    // What a function or a rule will do is not done yet.
    let is_made = words(statement)
        .first()
        .is_some_and(|verb| verb == "create");
    statement
        .descendants()
        .filter(move |_| !is_made)
        .filter_map(|node| {
            let table = match node.kind() {
                SyntaxKind::UPDATE | SyntaxKind::DELETE => child(&node, SyntaxKind::RELATION_NAME),
                SyntaxKind::MERGE => child(&node, SyntaxKind::TABLE_RELATION_NAME),
                _ => None,
            };
            let name = table.and_then(|table| Name::of(&table))?;
            Some((node, name))
        })
}

fn big_update(site: &mut Site<'_>) {
    let many = changed(site.tree).find(|(change, table)| {
        let is_batch = !site.is_transaction && batches::is_batch(site.tree, change, table);
        let is_few = is_batch || keys::names_its_rows(site.known, change, table);
        !site.known.is_new(table) && !is_few
    });
    let Some((_, table)) = many else {
        return;
    };
    let change = if has(site.tree, SyntaxKind::DELETE) {
        format!("delete from {table}")
    } else {
        format!("update {table} set …")
    };
    site.find_here(
        Rule::BigUpdate,
        format!(
            "locks every row of {table} that it changes until the migration ends, and leaves as many dead ones behind \
             at once"
        ),
        format!(
            "in batches, in a migration of its own:\n\
             -- no-transaction\n\
             do $$ begin\n\
             \x20   loop\n\
             \x20       {change} where ctid = any (array(\n\
             \x20           select ctid from {table} where … limit 1000 for update));\n\
             \x20       exit when not found;\n\
             \x20       commit;\n\
             \x20   end loop;\n\
             end $$;"
        ),
    );
}

fn enum_values(site: &mut Site<'_>) {
    if !site.is_transaction || site.kind() == SyntaxKind::ALTER_TYPE {
        return;
    }
    let used = site
        .tree
        .descendants()
        .filter(|node| node.kind() == SyntaxKind::LITERAL)
        .find(|node| literal(node).is_some_and(|value| site.known.is_new_value(&value)));
    if let Some(used) = used {
        site.find(
            Rule::EnumValueInUse,
            &used,
            "PostgreSQL refuses a value of an enum in the transaction that adds it".to_owned(),
            "add the value in one migration, and use it in the next",
        );
    }
}
