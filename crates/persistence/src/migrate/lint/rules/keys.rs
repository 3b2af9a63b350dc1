//! Whether a statement changes rows that it names one by one.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::batches::{MOST, conjuncts};
use crate::migrate::lint::known::Known;
use crate::migrate::lint::tree::{Name, child, has_child, literal};

/// Whether an UPDATE or a DELETE of a table is of a batch of rows at most, each chosen by a literal that no other row
/// has in its column.
pub(super) fn names_its_rows(known: &Known, change: &SyntaxNode, table: &Name) -> bool {
    let alias = child(change, SyntaxKind::OPTIONAL_AS_ALIAS)
        .and_then(|alias| child(&alias, SyntaxKind::TABLE_ALIAS))
        .and_then(|alias| Name::of(&alias));
    let called = alias.as_ref().unwrap_or(table);
    let condition = child(change, SyntaxKind::WHERE_CLAUSE);
    let all = condition.iter().flat_map(SyntaxNode::children);
    all.flat_map(|all| conjuncts(&all)).any(|condition| {
        chosen(&condition).is_some_and(|(column, count)| {
            count <= MOST
                && column_of(&column, called).is_some_and(|column| known.is_unique(table, &column))
        })
    })
}

/// The two sides of `column = literal`, `column in (literals)` and `column = any (literals)`: what may be a column,
/// and the number of literals.
fn chosen(condition: &SyntaxNode) -> Option<(SyntaxNode, u64)> {
    if condition.kind() != SyntaxKind::BIN_EXPR {
        return None;
    }
    let (left, right) = (condition.first_child()?, condition.last_child()?);
    if has_child(condition, SyntaxKind::IN_KW) {
        return Some((left, literals(&right)?));
    }
    if !has_child(condition, SyntaxKind::EQ) {
        return None;
    }
    let any = child(&right, SyntaxKind::ANY_FN).or_else(|| child(&right, SyntaxKind::SOME_FN));
    if let Some(any) = any {
        return Some((left, elements(&any.first_child()?)?));
    }
    match literals(&right) {
        Some(count) => Some((left, count)),
        None => Some((right, literals(&left)?)),
    }
}

/// The column of the table that an expression is, if it is one.
fn column_of(expression: &SyntaxNode, table: &Name) -> Option<Name> {
    match expression.kind() {
        SyntaxKind::NAME_REF => Name::of(expression),
        SyntaxKind::PAREN_EXPR => column_of(&expression.first_child()?, table),
        SyntaxKind::FIELD_EXPR => {
            let of = expression.first_child()?;
            let of = if of.kind() == SyntaxKind::FIELD_EXPR {
                of.last_child()?
            } else {
                of
            };
            let is_it = of.kind() == SyntaxKind::NAME_REF
                && Name::of(&of).is_some_and(|of| of.plain() == table.plain());
            let column = expression.last_child().filter(|_| is_it);
            column.and_then(|column| Name::of(&column))
        }
        _ => None,
    }
}

/// How many literals an expression consists of, if there is nothing else in it.
fn literals(node: &SyntaxNode) -> Option<u64> {
    match node.kind() {
        SyntaxKind::LITERAL => Some(1),
        SyntaxKind::PREFIX_EXPR | SyntaxKind::PAREN_EXPR => literals(&node.first_child()?),
        // Beside the type, which is none.
        SyntaxKind::CAST_EXPR => node.children().find_map(|part| literals(&part)),
        SyntaxKind::TUPLE_EXPR | SyntaxKind::ARRAY_EXPR => {
            node.children().map(|part| literals(&part)).sum()
        }
        _ => None,
    }
}

/// How many elements an array has that consists of literals.
fn elements(node: &SyntaxNode) -> Option<u64> {
    match node.kind() {
        SyntaxKind::LITERAL => {
            let commas = literal(node)?.matches(',').count();
            u64::try_from(commas).ok()?.checked_add(1)
        }
        SyntaxKind::PAREN_EXPR => elements(&node.first_child()?),
        SyntaxKind::CAST_EXPR => node.children().find_map(|part| elements(&part)),
        _ => literals(node),
    }
}
