//! The names that PostgreSQL gives to constraints that are made without one.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::tree::{Name, child, find};

/// The bytes of a name, at most.
const LONGEST: usize = 63;

/// The name of a constraint of a table's columns, unless another one of the schema has it: PostgreSQL puts a number
/// behind it then. None if it is not known how constraints of the kind are named.
///
/// Those of a check are the columns that it is about, each once.
pub(super) fn default_name(table: &str, constraint: &SyntaxNode, columns: &[Name]) -> Option<Name> {
    let mut columns: Vec<Name> = columns.to_vec();
    let label = match constraint.kind() {
        SyntaxKind::CHECK_CONSTRAINT => {
            if columns.len() > 1 {
                columns.clear();
            }
            "check"
        }
        SyntaxKind::UNIQUE_CONSTRAINT => {
            let included = find(constraint, SyntaxKind::CONSTRAINT_INCLUDE_CLAUSE)
                .and_then(|clause| child(&clause, SyntaxKind::COLUMN_REF_LIST));
            let included = included.iter().flat_map(SyntaxNode::children);
            columns.extend(included.filter_map(|column| Name::of(&column)));
            "key"
        }
        SyntaxKind::PRIMARY_KEY_CONSTRAINT => {
            columns.clear();
            "pkey"
        }
        SyntaxKind::FOREIGN_KEY_CONSTRAINT | SyntaxKind::REFERENCES_CONSTRAINT => "fkey",
        _ => return None,
    };
    Some(Name::unqualified(&object_name(
        table,
        &joined(&columns),
        label,
    )))
}

/// As PostgreSQL's ChooseIndexNameAddition: what is too long anyway gets no longer.
fn joined(columns: &[Name]) -> String {
    let mut all = String::new();
    for column in columns {
        if all.len() > LONGEST {
            break;
        }
        if !all.is_empty() {
            all.push('_');
        }
        all.push_str(column.plain());
    }
    all
}

/// As PostgreSQL's makeObjectName: the longer part is cut, byte by byte, until all of it is short enough.
fn object_name(table: &str, columns: &str, label: &str) -> String {
    let between = if columns.is_empty() { "" } else { "_" };
    let room = LONGEST - label.len() - 1 - between.len();
    let (mut first, mut second) = (table.len(), columns.len());
    while first + second > room {
        if first > second {
            first -= 1;
        } else {
            second -= 1;
        }
    }
    let table = &table[..table.floor_char_boundary(first)];
    let columns = &columns[..columns.floor_char_boundary(second)];
    format!("{table}{between}{columns}_{label}")
}
