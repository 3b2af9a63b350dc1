//! What the statements before one made: the schema as far as hazards depend on it.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::names::{column_name, constraint_name, created, dropped, mentioned, table, type_of};
use super::tree::{Name, child, has, has_child, literal, named, not_null_columns, words};
use super::types::Type;

/// What is known of a schema from the statements that made it, and of the script that is read.
#[derive(Debug, Default)]
pub(super) struct Known {
    tables: Vec<Table>,
    indexes: Vec<Index>,
    constraints: Vec<Constraint>,
    volatile: Vec<Name>,
    checked_domains: Vec<Name>,
    /// What this script made.
    made: Vec<Name>,
    /// What this script dropped if it was there.
    dropped: Vec<Name>,
    /// The values that this script adds to enums.
    values: Vec<String>,
    /// The first table that this script locked, and the line.
    pub(super) locked: Option<(Name, usize)>,
}

#[derive(Debug)]
struct Table {
    name: Name,
    partitioned: bool,
    columns: Vec<(Name, Type)>,
}

#[derive(Debug)]
struct Index {
    name: Name,
    table: Name,
    /// The columns of which it has expressions or in whose rows it chooses, with all others that are
    /// in it then; none if it has columns alone.
    computed: Vec<Name>,
}

/// A constraint of a table.
#[derive(Debug)]
pub(super) struct Constraint {
    table: Name,
    name: Option<Name>,
    pub(super) is_check: bool,
    not_null: Vec<Name>,
    columns: Vec<Name>,
    valid: bool,
    pub(super) added_here: bool,
}

impl Constraint {
    fn is(&self, table: &Name, name: &Name) -> bool {
        self.table.is(table) && self.name.as_ref().is_some_and(|own| own.is(name))
    }
}

impl Known {
    /// Begins a script.
    pub(super) fn begin(&mut self) {
        self.made.clear();
        self.dropped.clear();
        self.values.clear();
        self.locked = None;
        for constraint in &mut self.constraints {
            constraint.added_here = false;
        }
    }

    /// Whether this script made it, so that nobody uses it yet.
    pub(super) fn is_new(&self, name: &Name) -> bool {
        self.made.iter().any(|made| made.is(name))
    }

    /// Whether this script dropped it, or would have if it had been there.
    pub(super) fn is_dropped(&self, name: &Name) -> bool {
        self.dropped.iter().any(|dropped| dropped.is(name))
    }

    /// Whether a value of an enum was added in this script, which nobody can use before it commits.
    pub(super) fn is_new_value(&self, value: &str) -> bool {
        self.values.iter().any(|new| new == value)
    }

    /// Whether a table is partitioned, if the statement that made it is known.
    pub(super) fn is_partitioned(&self, table: &Name) -> Option<bool> {
        self.table(table).map(|table| table.partitioned)
    }

    /// The table of an index.
    pub(super) fn table_of(&self, index: &Name) -> Option<&Name> {
        let found = self.indexes.iter().rfind(|known| known.name.is(index));
        found.map(|index| &index.table)
    }

    /// What PostgreSQL does again if a column gets another type of the kind, and reads its table for.
    pub(super) fn redone(&self, table: &Name, column: &Name) -> Option<String> {
        let is_about = |names: &[Name]| names.iter().any(|name| name.is(column));
        let index = self
            .indexes
            .iter()
            .find(|index| index.table.is(table) && is_about(&index.computed));
        if let Some(index) = index {
            return Some(format!("the index {} is built anew", index.name));
        }
        let check = self
            .constraints
            .iter()
            .find(|known| known.table.is(table) && known.valid && is_about(&known.columns))?;
        let name = check.name.as_ref();
        let name = name.map_or_else(|| "a check".to_owned(), |name| format!("the check {name}"));
        Some(format!("{name} is made for every row again"))
    }

    /// The type of a column.
    pub(super) fn column(&self, table: &Name, column: &Name) -> Option<&Type> {
        let columns = &self.table(table)?.columns;
        let found = columns.iter().find(|(name, _)| name.is(column));
        found.map(|(_, kind)| kind)
    }

    /// Whether a function is VOLATILE, as it is if nothing else was said.
    pub(super) fn is_volatile(&self, function: &Name) -> bool {
        self.volatile.iter().any(|name| name.is(function))
    }

    /// Whether a domain has rules, so that a column of it is checked row by row.
    pub(super) fn is_checked_domain(&self, name: &Name) -> bool {
        self.checked_domains.iter().any(|domain| domain.is(name))
    }

    /// Whether a valid check says that a column is not null.
    pub(super) fn has_not_null_check(&self, table: &Name, column: &Name) -> bool {
        self.constraints.iter().any(|constraint| {
            constraint.table.is(table)
                && constraint.valid
                && constraint.not_null.iter().any(|name| name.is(column))
        })
    }

    /// A constraint by its name.
    pub(super) fn constraint(&self, table: &Name, name: &Name) -> Option<&Constraint> {
        self.constraints.iter().find(|known| known.is(table, name))
    }

    fn table(&self, name: &Name) -> Option<&Table> {
        self.tables.iter().find(|table| table.name.is(name))
    }

    fn table_mut(&mut self, name: &Name) -> Option<&mut Table> {
        self.tables.iter_mut().find(|table| table.name.is(name))
    }

    /// Takes note of what a statement makes.
    pub(super) fn learn(&mut self, statement: &SyntaxNode) {
        let kind = statement.kind();
        let first = words(statement).into_iter().next();
        let replaces = has_child(statement, SyntaxKind::OR_REPLACE);
        match first.as_deref() {
            Some("create") if !replaces => self.made.extend(created(statement)),
            Some("drop") if has_child(statement, SyntaxKind::IF_EXISTS) => {
                self.dropped.extend(dropped(statement));
            }
            _ => {}
        }
        match kind {
            SyntaxKind::CREATE_TABLE => self.create_table(statement),
            SyntaxKind::SELECT_INTO => self.made.extend(created(statement)),
            SyntaxKind::CREATE_INDEX => {
                let name = named(statement, SyntaxKind::INDEX);
                if let (Some(name), Some(table)) = (name, table(statement)) {
                    self.indexes.push(Index {
                        name,
                        table,
                        computed: computed(statement),
                    });
                }
            }
            SyntaxKind::CREATE_FUNCTION => {
                let Some(name) = named(statement, SyntaxKind::FUNCTION_NAME) else {
                    return;
                };
                self.volatile.retain(|known| !known.is(&name));
                if !has(statement, SyntaxKind::IMMUTABLE) && !has(statement, SyntaxKind::STABLE) {
                    self.volatile.push(name);
                }
            }
            SyntaxKind::CREATE_DOMAIN => {
                let checked = has_child(statement, SyntaxKind::CHECK_CONSTRAINT)
                    || has_child(statement, SyntaxKind::NOT_NULL_CONSTRAINT);
                if checked {
                    self.checked_domains
                        .extend(named(statement, SyntaxKind::DOMAIN));
                }
            }
            SyntaxKind::DROP_TABLE => {
                for name in dropped(statement) {
                    self.tables.retain(|table| !table.name.is(&name));
                    self.constraints.retain(|known| !known.table.is(&name));
                }
            }
            SyntaxKind::ALTER_TYPE => {
                let added = child(statement, SyntaxKind::ADD_VALUE);
                self.values.extend(added.and_then(|added| literal(&added)));
            }
            SyntaxKind::ALTER_TABLE => self.alter_table(statement),
            _ => {}
        }
    }

    fn create_table(&mut self, statement: &SyntaxNode) {
        let Some(name) = named(statement, SyntaxKind::TABLE_NAME) else {
            return;
        };
        let arguments = child(statement, SyntaxKind::TABLE_ARG_LIST);
        let columns = arguments.iter().flat_map(SyntaxNode::children);
        let columns = columns.filter(|node| node.kind() == SyntaxKind::COLUMN);
        let columns = columns.filter_map(|column| Some((column_name(&column)?, type_of(&column)?)));
        self.tables.push(Table {
            columns: columns.collect(),
            partitioned: has_child(statement, SyntaxKind::PARTITION_BY),
            name: name.clone(),
        });
        for node in arguments.iter().flat_map(SyntaxNode::descendants) {
            self.add_constraint(&name, &node);
        }
    }

    fn alter_table(&mut self, statement: &SyntaxNode) {
        let Some(table) = table(statement) else {
            return;
        };
        for action in statement.children() {
            match action.kind() {
                SyntaxKind::ADD_COLUMN => {
                    let column = column_name(&action).zip(type_of(&action));
                    if let Some((known, column)) = self.table_mut(&table).zip(column) {
                        known.columns.push(column);
                    }
                    for node in action.children() {
                        self.add_constraint(&table, &node);
                    }
                }
                SyntaxKind::ADD_CONSTRAINT => {
                    for node in action.children() {
                        self.add_constraint(&table, &node);
                    }
                }
                SyntaxKind::VALIDATE_CONSTRAINT => {
                    let Some(name) = constraint_name(&action) else {
                        continue;
                    };
                    for constraint in &mut self.constraints {
                        constraint.valid |= constraint.is(&table, &name);
                    }
                }
                SyntaxKind::DROP_CONSTRAINT => {
                    let Some(name) = constraint_name(&action) else {
                        continue;
                    };
                    self.constraints.retain(|known| !known.is(&table, &name));
                    if has_child(&action, SyntaxKind::IF_EXISTS) {
                        self.dropped.push(name);
                    }
                }
                SyntaxKind::ALTER_COLUMN => {
                    let new = child(&action, SyntaxKind::SET_TYPE).and_then(|node| type_of(&node));
                    self.change_column(&table, &action, |column| {
                        column.1 = new.unwrap_or_else(|| column.1.clone());
                    });
                }
                SyntaxKind::RENAME_COLUMN => {
                    let new = named(&action, SyntaxKind::COLUMN_NAME);
                    self.change_column(&table, &action, |column| {
                        column.0 = new.unwrap_or_else(|| column.0.clone());
                    });
                }
                SyntaxKind::TABLE_RENAME_TO => self.rename_table(&table, &action),
                _ => {}
            }
        }
    }

    fn change_column(
        &mut self,
        table: &Name,
        action: &SyntaxNode,
        change: impl FnOnce(&mut (Name, Type)),
    ) {
        let Some(column) = named(action, SyntaxKind::COLUMN_NAME_REF) else {
            return;
        };
        let columns = self.table_mut(table).map(|table| &mut table.columns);
        if let Some(found) =
            columns.and_then(|columns| columns.iter_mut().find(|(name, _)| name.is(&column)))
        {
            change(found);
        }
    }

    fn rename_table(&mut self, old: &Name, action: &SyntaxNode) {
        let Some(new) = named(action, SyntaxKind::TABLE_NAME).map(|new| old.renamed(&new)) else {
            return;
        };
        if self.is_new(old) {
            self.made.push(new.clone());
        }
        let tables = self.tables.iter_mut().map(|table| &mut table.name);
        let constraints = self.constraints.iter_mut().map(|known| &mut known.table);
        let indexes = self.indexes.iter_mut().map(|index| &mut index.table);
        for name in tables.chain(constraints).chain(indexes) {
            if name.is(old) {
                *name = new.clone();
            }
        }
    }

    fn add_constraint(&mut self, table: &Name, node: &SyntaxNode) {
        let is_check = node.kind() == SyntaxKind::CHECK_CONSTRAINT;
        let name = child(node, SyntaxKind::CONSTRAINT_NAME_CLAUSE);
        if name.is_none() && !is_check {
            return;
        }
        self.constraints.push(Constraint {
            table: table.clone(),
            name: name.and_then(|name| constraint_name(&name)),
            is_check,
            columns: if is_check {
                mentioned(node)
            } else {
                Vec::new()
            },
            not_null: if is_check {
                not_null_columns(node)
            } else {
                Vec::new()
            },
            valid: !has_child(node, SyntaxKind::NOT_VALID),
            added_here: true,
        });
    }
}

/// As `Index` has them.
fn computed(create: &SyntaxNode) -> Vec<Name> {
    let items = create
        .children()
        .find(|node| node.kind() == SyntaxKind::PARTITION_ITEM_LIST);
    let items: Vec<SyntaxNode> = items.iter().flat_map(SyntaxNode::children).collect();
    let is_plain = items
        .iter()
        .all(|item| has_child(item, SyntaxKind::NAME_REF))
        && !has_child(create, SyntaxKind::WHERE_CLAUSE);
    if is_plain {
        Vec::new()
    } else {
        mentioned(create)
    }
}
