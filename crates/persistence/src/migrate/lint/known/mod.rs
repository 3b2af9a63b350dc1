//! What the statements before one made: the schema as far as hazards depend on it.

mod constraints;

pub(super) use self::constraints::Kind;

use squawk_syntax::{SyntaxKind, SyntaxNode};

use self::constraints::Constraint;
use super::functions::Functions;
use super::names::{column_name, created, dropped, table};
use super::objects::{Objects, Space};
use super::tables::{self, Column, Index, Table};
use super::tree::{Name, child, has_child, literal, named, words};

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

    /// Whether the statement that made a table is known.
    pub(super) fn is_table(&self, name: &Name) -> bool {
        self.table(name).is_some()
    }

    /// Whether a table is partitioned, if the statement that made it is known.
    pub(super) fn is_partitioned(&self, table: &Name) -> Option<bool> {
        self.table(table).map(|table| table.key.is_some())
    }

    /// The table of an index.
    pub(super) fn table_of(&self, index: &Name) -> Option<&Name> {
        let own = self
            .index_place(index)
            .map(|place| &self.indexes[place].table);
        own.or_else(|| self.constraint_of(index).map(|known| &known.table))
    }

    /// Whether an index is known, and keeps rows apart.
    pub(super) fn is_unique_index(&self, index: &Name) -> bool {
        self.index_place(index)
            .is_some_and(|place| self.indexes[place].is_unique)
    }

    fn index_place(&self, index: &Name) -> Option<usize> {
        let exact = self.indexes.iter().rposition(|known| known.name == *index);
        exact.or_else(|| self.indexes.iter().rposition(|known| known.name.is(index)))
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
            SyntaxKind::ALTER_INDEX => {
                let new = child(statement, SyntaxKind::INDEX_RENAME_TO)
                    .and_then(|action| named(&action, SyntaxKind::INDEX));
                if let (Some(old), Some(new)) = (named(statement, SyntaxKind::INDEX_REF), new) {
                    self.rename_relation(&old, &new);
                }
            }
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
                    let found = self.index_place(name);
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
        let nodes = arguments.iter().flat_map(SyntaxNode::descendants);
        self.add_constraints(&name, nodes);
    }

    fn alter_table(&mut self, statement: &SyntaxNode) {
        let Some(table) = table(statement) else {
            return;
        };
        let table = self.canonical(table);
        for action in statement.children() {
            let column = column_name(&action).filter(|_| action.kind() == SyntaxKind::ADD_COLUMN);
            if let Some(column) = column {
                let is_there = has_child(&action, SyntaxKind::IF_NOT_EXISTS)
                    && self.column(&table, &column).is_some();
                if is_there {
                    continue;
                }
                self.columns_here.push((table.clone(), column));
            }
            if let Some(known) = self.table_mut(&table) {
                known.alter(&action);
            }
            self.alter_constraints(&table, &action);
            match action.kind() {
                SyntaxKind::TABLE_RENAME_TO => {
                    if let Some(new) = named(&action, SyntaxKind::TABLE_NAME) {
                        self.rename_relation(&table, &new);
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

    /// Takes note that a table or an index has another name, of which either can be said by ALTER TABLE as well as
    /// by ALTER INDEX.
    fn rename_relation(&mut self, old: &Name, new: &Name) {
        if self.table(old).is_none() && self.table_of(old).is_some() {
            self.rename_index(old, new);
        } else {
            let table = self.canonical(old.clone());
            self.rename_table(&table, &table.renamed(new));
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
}
