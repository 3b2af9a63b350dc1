//! What the statements before one made: the schema as far as hazards depend on it.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::functions::Functions;
use super::names::{column_name, constraint_name, created, dropped, mentioned, table};
use super::objects::{Objects, Space};
use super::tables::{self, Column, Index, Table};
use super::tree::{Name, child, find, has_child, literal, named, not_null_columns, words};

/// What is known of a schema from the statements that made it, and of the script that is read.
#[derive(Debug, Default)]
pub(super) struct Known {
    tables: Vec<Table>,
    indexes: Vec<Index>,
    constraints: Vec<Constraint>,
    functions: Functions,
    checked_domains: Vec<Name>,
    objects: Objects,
    /// What this script dropped if it was there.
    dropped: Vec<Name>,
    /// The columns that this script adds to tables.
    columns_here: Vec<(Name, Name)>,
    /// The values that this script adds to enums.
    values: Vec<String>,
    /// The first table that this script locked, and the line.
    pub(super) locked: Option<(Name, usize)>,
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

impl Known {
    /// Begins a script.
    pub(super) fn begin(&mut self) {
        self.objects.begin();
        self.tables.retain(|table| !table.name.is_temporary());
        self.dropped.clear();
        self.values.clear();
        self.columns_here.clear();
        self.locked = None;
        for constraint in &mut self.constraints {
            constraint.added_here = false;
        }
    }

    /// Whether this script made the table, the view or the index, so that nobody uses it yet.
    pub(super) fn is_new(&self, name: &Name) -> bool {
        self.is_new_in(&Space::Relation, name)
    }

    /// Whether this script added the column to the table, so that no program writes it yet.
    pub(super) fn is_new_column(&self, table: &Name, column: &Name) -> bool {
        let table = self.canonical(table.clone());
        let mut added = self.columns_here.iter();
        added.any(|(of, name)| of.is(&table) && name.is(column))
    }

    /// As `is_new`, of objects of every kind.
    pub(super) fn is_new_in(&self, space: &Space, name: &Name) -> bool {
        self.objects.is_new(space, name)
    }

    /// Whether a script before this one made it.
    pub(super) fn was_made(&self, space: &Space, name: &Name) -> bool {
        self.objects.was_made(space, name)
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
        self.table(table).map(|table| table.key.is_some())
    }

    /// The table of an index.
    pub(super) fn table_of(&self, index: &Name) -> Option<&Name> {
        self.index(index).map(|index| &index.table)
    }

    /// Whether an index is known, and keeps rows apart.
    pub(super) fn is_unique_index(&self, index: &Name) -> bool {
        self.index(index).is_some_and(|index| index.is_unique)
    }

    fn index(&self, index: &Name) -> Option<&Index> {
        let exact = self.indexes.iter().rfind(|known| known.name == *index);
        exact.or_else(|| self.indexes.iter().rfind(|known| known.name.is(index)))
    }

    /// The columns of an index that a constraint of its table is made of, if it has columns alone.
    fn columns_of(&self, table: &Name, index: &Name) -> &[Name] {
        let found = self.indexes.iter().rfind(|known| {
            known.name.plain() == index.plain() && self.is_same(&known.table, table)
        });
        found.map_or(&[], |index| &index.columns)
    }

    /// Whether both names mean one table, as far as is known.
    fn is_same(&self, one: &Name, other: &Name) -> bool {
        match (self.table(one), self.table(other)) {
            (Some(one), Some(other)) => one.name == other.name,
            (None, None) => one.is(other),
            _ => false,
        }
    }

    /// What PostgreSQL does again if a column gets another type of the kind, and reads its table for.
    pub(super) fn redone(&self, table: &Name, column: &Name) -> Option<String> {
        let is_about = |names: &[Name]| names.iter().any(|name| name.is(column));
        let index = self
            .indexes
            .iter()
            .find(|index| self.is_same(&index.table, table) && is_about(&index.computed));
        if let Some(index) = index {
            return Some(format!("the index {} is built anew", index.name));
        }
        let check = self.constraints.iter().find(|known| {
            known.valid && is_about(&known.columns) && self.is_same(&known.table, table)
        })?;
        let name = check.name.as_ref();
        let name = name.map_or_else(|| "a check".to_owned(), |name| format!("the check {name}"));
        Some(format!("{name} is made for every row again"))
    }

    /// A column, if the statement that made it is known.
    pub(super) fn column(&self, table: &Name, column: &Name) -> Option<&Column> {
        self.table(table)?.column(column)
    }

    /// Whether a function may be VOLATILE.
    pub(super) fn may_be_volatile(&self, function: &Name) -> bool {
        self.functions.may_be_volatile(function)
    }

    /// Whether a domain has rules, so that a column of it is checked row by row.
    pub(super) fn is_checked_domain(&self, name: &Name) -> bool {
        self.checked_domains.iter().any(|domain| domain.is(name))
    }

    /// Whether PostgreSQL need not read the rows to see that a column is not null: it is declared so, or a
    /// valid check says it.
    pub(super) fn is_not_null(&self, table: &Name, column: &Name) -> bool {
        let column_known = self.column(table, column);
        column_known.is_some_and(|column| column.not_null)
            || self.constraints.iter().any(|constraint| {
                constraint.valid
                    && constraint.not_null.iter().any(|name| name.is(column))
                    && self.is_same(&constraint.table, table)
            })
    }

    /// Whether a valid check may say of the rows of a table what their partition is to hold: it is about all of
    /// the columns that the parent is partitioned by.
    pub(super) fn has_bounds(&self, table: &Name, parent: &Name) -> bool {
        let key = self.table(parent).and_then(|parent| parent.key.as_deref());
        let key = key.unwrap_or_default();
        self.constraints.iter().any(|known| {
            let is_about = |wanted: &Name| known.columns.iter().any(|name| name.is(wanted));
            known.is_check
                && known.valid
                && !known.added_here
                && key.iter().all(is_about)
                && self.is_same(&known.table, table)
        })
    }

    /// A constraint by its name.
    pub(super) fn constraint(&self, table: &Name, name: &Name) -> Option<&Constraint> {
        self.place_of(table, name)
            .map(|place| &self.constraints[place])
    }

    fn place_of(&self, table: &Name, name: &Name) -> Option<usize> {
        self.constraints.iter().position(|known| {
            known.name.as_ref().is_some_and(|own| own.is(name)) && self.is_same(&known.table, table)
        })
    }

    fn table(&self, name: &Name) -> Option<&Table> {
        tables::place(&self.tables, name).map(|place| &self.tables[place])
    }

    /// The name of a table as the statement that made it says it.
    fn canonical(&self, name: Name) -> Name {
        self.table(&name).map_or(name, |known| known.name.clone())
    }

    fn table_mut(&mut self, name: &Name) -> Option<&mut Table> {
        tables::place(&self.tables, name).map(|place| &mut self.tables[place])
    }

    /// Takes note of what a statement makes.
    pub(super) fn learn(&mut self, statement: &SyntaxNode) {
        let kind = statement.kind();
        let first = words(statement).into_iter().next();
        let mut is_new = false;
        match first.as_deref() {
            _ if kind == SyntaxKind::SELECT_INTO => {
                self.make(Space::Relation, statement);
            }
            Some("create") if !has_child(statement, SyntaxKind::OR_REPLACE) => {
                is_new = self.make(Space::of(statement), statement);
            }
            Some("drop") => self.drop(statement),
            _ => {}
        }
        match kind {
            SyntaxKind::CREATE_TABLE if is_new => self.create_table(statement),
            SyntaxKind::CREATE_INDEX if is_new => {
                if let (Some(name), Some(table)) = (created(statement), table(statement)) {
                    let table = self.canonical(table);
                    self.indexes.push(Index::of(statement, name, table));
                }
            }
            SyntaxKind::CREATE_FUNCTION => self.functions.create(statement),
            SyntaxKind::ALTER_FUNCTION => self.functions.alter(statement),
            SyntaxKind::CREATE_DOMAIN => {
                let checked = has_child(statement, SyntaxKind::CHECK_CONSTRAINT)
                    || has_child(statement, SyntaxKind::NOT_NULL_CONSTRAINT);
                if checked {
                    self.checked_domains
                        .extend(named(statement, SyntaxKind::DOMAIN));
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

    fn make(&mut self, space: Space, statement: &SyntaxNode) -> bool {
        let if_not_exists = has_child(statement, SyntaxKind::IF_NOT_EXISTS);
        created(statement).is_some_and(|name| self.objects.make(space, name, if_not_exists))
    }

    fn drop(&mut self, statement: &SyntaxNode) {
        let space = Space::of(statement);
        let names = dropped(statement);
        for name in &names {
            match statement.kind() {
                SyntaxKind::DROP_TABLE => {
                    let Some(place) = tables::place(&self.tables, name) else {
                        continue;
                    };
                    let table = self.tables.remove(place).name;
                    self.constraints.retain(|known| known.table != table);
                    self.indexes.retain(|index| index.table != table);
                }
                SyntaxKind::DROP_INDEX => {
                    let found = self.indexes.iter().rposition(|index| index.name.is(name));
                    found.map(|place| self.indexes.remove(place));
                }
                _ => {}
            }
            self.objects.drop(&space, name);
        }
        if has_child(statement, SyntaxKind::IF_EXISTS) {
            self.dropped.extend(names);
        }
    }

    fn create_table(&mut self, statement: &SyntaxNode) {
        let Some(name) = created(statement) else {
            return;
        };
        self.tables.push(Table::of(statement, name.clone()));
        let arguments = child(statement, SyntaxKind::TABLE_ARG_LIST);
        for node in arguments.iter().flat_map(SyntaxNode::descendants) {
            self.add_constraint(&name, &node);
        }
    }

    fn alter_table(&mut self, statement: &SyntaxNode) {
        let Some(table) = table(statement) else {
            return;
        };
        let table = self.canonical(table);
        for action in statement.children() {
            if let Some(known) = self.table_mut(&table) {
                known.alter(&action);
            }
            if action.kind() == SyntaxKind::ADD_COLUMN
                && let Some(column) = column_name(&action)
            {
                self.columns_here.push((table.clone(), column));
            }
            match action.kind() {
                SyntaxKind::ADD_COLUMN | SyntaxKind::ADD_CONSTRAINT => {
                    for node in action.children() {
                        self.add_constraint(&table, &node);
                    }
                }
                SyntaxKind::VALIDATE_CONSTRAINT => {
                    let name = constraint_name(&action);
                    if let Some(place) = name.and_then(|name| self.place_of(&table, &name)) {
                        self.constraints[place].valid = true;
                    }
                }
                SyntaxKind::DROP_CONSTRAINT => {
                    let Some(name) = constraint_name(&action) else {
                        continue;
                    };
                    if let Some(place) = self.place_of(&table, &name) {
                        self.constraints.remove(place);
                    }
                    if has_child(&action, SyntaxKind::IF_EXISTS) {
                        self.dropped.push(name);
                    }
                }
                SyntaxKind::TABLE_RENAME_TO => {
                    let new = named(&action, SyntaxKind::TABLE_NAME);
                    if let Some(new) = new {
                        self.rename_table(&table, &table.renamed(&new));
                    }
                }
                SyntaxKind::SET_SCHEMA => {
                    let schema = named(&action, SyntaxKind::SCHEMA_REF);
                    if let Some(schema) = schema {
                        self.rename_table(&table, &table.within(schema.plain()));
                    }
                }
                _ => {}
            }
        }
    }

    fn rename_table(&mut self, old: &Name, new: &Name) {
        self.objects.rename(&Space::Relation, old, new);
        let tables = self.tables.iter_mut().map(|table| &mut table.name);
        let constraints = self.constraints.iter_mut().map(|known| &mut known.table);
        let indexes = self.indexes.iter_mut().map(|index| &mut index.table);
        for name in tables.chain(constraints).chain(indexes) {
            if name == old {
                *name = new.clone();
            }
        }
    }

    /// The columns of a primary key that is a constraint of its own, as far as they are known.
    pub(super) fn key_columns(&self, table: &Name, constraint: &SyntaxNode) -> Vec<Name> {
        if let Some(index) = named(constraint, SyntaxKind::INDEX_REF) {
            return self.columns_of(table, &index).to_vec();
        }
        let list = find(constraint, SyntaxKind::CONSTRAINT_COLUMN_REF_LIST);
        let columns = list.iter().flat_map(SyntaxNode::children);
        columns.filter_map(|column| Name::of(&column)).collect()
    }

    fn add_constraint(&mut self, table: &Name, node: &SyntaxNode) {
        if node.kind() == SyntaxKind::PRIMARY_KEY_CONSTRAINT {
            let columns = self.key_columns(table, node);
            if let Some(table) = self.table_mut(table) {
                table.set_not_null(&columns);
            }
        }
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
