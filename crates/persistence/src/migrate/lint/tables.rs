//! What is known of tables: their columns, their indexes, and the key of those that are partitioned.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::names::{column_name, mentioned, type_of};
use super::tree::{Name, child, has, has_child, named};
use super::types::Type;

#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: Name,
    /// What it is partitioned by, if it is.
    pub(super) key: Option<Vec<Name>>,
    columns: Vec<Column>,
}

#[derive(Debug)]
pub(super) struct Column {
    name: Name,
    pub(super) kind: Type,
    pub(super) not_null: bool,
}

impl Column {
    /// The column that a COLUMN or an ADD COLUMN makes.
    fn of(node: &SyntaxNode) -> Option<Self> {
        let kind = type_of(node)?;
        let not_null = has_child(node, SyntaxKind::NOT_NULL_CONSTRAINT)
            || has_child(node, SyntaxKind::PRIMARY_KEY_CONSTRAINT)
            || has(node, SyntaxKind::GENERATED_IDENTITY)
            || kind.is_serial();
        Some(Self {
            name: column_name(node)?,
            kind,
            not_null,
        })
    }
}

impl Table {
    /// The table that a CREATE TABLE makes.
    pub(super) fn of(statement: &SyntaxNode, name: Name) -> Self {
        let arguments = child(statement, SyntaxKind::TABLE_ARG_LIST);
        let columns = arguments.iter().flat_map(SyntaxNode::children);
        let columns = columns.filter(|node| node.kind() == SyntaxKind::COLUMN);
        Self {
            columns: columns.filter_map(|column| Column::of(&column)).collect(),
            key: child(statement, SyntaxKind::PARTITION_BY).map(|by| mentioned(&by)),
            name,
        }
    }

    pub(super) fn column(&self, name: &Name) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.is(name))
    }

    /// Takes note of an action of an ALTER TABLE.
    pub(super) fn alter(&mut self, action: &SyntaxNode) {
        if action.kind() == SyntaxKind::ADD_COLUMN {
            self.columns.extend(Column::of(action));
            return;
        }
        let Some(name) = named(action, SyntaxKind::COLUMN_NAME_REF) else {
            return;
        };
        if action.kind() == SyntaxKind::DROP_COLUMN {
            self.columns.retain(|column| !column.name.is(&name));
        }
        let Some(column) = self.columns.iter_mut().find(|own| own.name.is(&name)) else {
            return;
        };
        match action.kind() {
            SyntaxKind::ALTER_COLUMN => {
                let kind = child(action, SyntaxKind::SET_TYPE).and_then(|node| type_of(&node));
                if let Some(kind) = kind {
                    column.kind = kind;
                }
                column.not_null |= has_child(action, SyntaxKind::SET_NOT_NULL);
                column.not_null &= !has_child(action, SyntaxKind::DROP_NOT_NULL);
            }
            SyntaxKind::RENAME_COLUMN => {
                if let Some(new) = named(action, SyntaxKind::COLUMN_NAME) {
                    column.name = new;
                }
            }
            _ => {}
        }
    }

    /// Takes note that a primary key has these columns.
    pub(super) fn set_not_null(&mut self, columns: &[Name]) {
        for column in &mut self.columns {
            column.not_null |= columns.iter().any(|name| column.name.is(name));
        }
    }
}

/// The place of the table that a name means: a temporary one if no schema is said, the one of that very
/// name, or one that it can be.
pub(super) fn place(tables: &[Table], name: &Name) -> Option<usize> {
    let exact = |wanted: &Name| tables.iter().position(|table| table.name == *wanted);
    let temporary = name.as_temporary().and_then(|own| exact(&own));
    temporary.or_else(|| exact(name)).or_else(|| {
        tables
            .iter()
            .position(|table| table.name.is(name) && !table.name.is_temporary())
    })
}

#[derive(Debug)]
pub(super) struct Index {
    pub(super) name: Name,
    pub(super) table: Name,
    pub(super) is_unique: bool,
    /// Those that it is of, if it has columns alone.
    pub(super) columns: Vec<Name>,
    /// The columns of which it has expressions or in whose rows it chooses, with all others that are
    /// in it then; none if it has columns alone.
    pub(super) computed: Vec<Name>,
}

impl Index {
    /// The index that a CREATE INDEX makes.
    pub(super) fn of(statement: &SyntaxNode, name: Name, table: Name) -> Self {
        let items = child(statement, SyntaxKind::PARTITION_ITEM_LIST);
        let items: Vec<SyntaxNode> = items.iter().flat_map(SyntaxNode::children).collect();
        let columns = items.iter().map(|item| child(item, SyntaxKind::NAME_REF));
        let columns: Option<Vec<Name>> = columns
            .map(|column| column.and_then(|column| Name::of(&column)))
            .collect();
        let columns = columns.filter(|_| !has_child(statement, SyntaxKind::WHERE_CLAUSE));
        Self {
            name,
            table,
            is_unique: has_child(statement, SyntaxKind::UNIQUE_KW),
            computed: columns
                .as_ref()
                .map_or_else(|| mentioned(statement), |_| Vec::new()),
            columns: columns.unwrap_or_default(),
        }
    }

    /// Whether the column is one of those that decide what is in it.
    pub(super) fn is_about(&self, column: &Name) -> bool {
        let mut columns = self.columns.iter().chain(&self.computed);
        columns.any(|name| name.is(column))
    }
}
