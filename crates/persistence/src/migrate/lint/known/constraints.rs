//! The constraints of tables, those included that PostgreSQL names by itself.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::Known;
use crate::migrate::lint::default_names::default_name;
use crate::migrate::lint::names::{column_name, constraint_name, mentioned};
use crate::migrate::lint::objects::Space;
use crate::migrate::lint::tree::{Name, child, has_child, named, not_null_columns};

/// A constraint of a table.
#[derive(Debug)]
pub(in crate::migrate::lint) struct Constraint {
    pub(super) table: Name,
    name: Option<Name>,
    pub(in crate::migrate::lint) kind: Kind,
    not_null: Vec<Name>,
    /// Those that it is of, or that a check is about.
    columns: Vec<Name>,
    valid: bool,
    pub(in crate::migrate::lint) added_here: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::migrate::lint) enum Kind {
    Check,
    /// UNIQUE and PRIMARY KEY, which have an index.
    Unique,
    /// EXCLUDE, which has one too.
    Exclude,
    ForeignKey,
    Other,
}

impl Kind {
    fn of(constraint: &SyntaxNode) -> Self {
        match constraint.kind() {
            SyntaxKind::CHECK_CONSTRAINT => Self::Check,
            SyntaxKind::UNIQUE_CONSTRAINT | SyntaxKind::PRIMARY_KEY_CONSTRAINT => Self::Unique,
            SyntaxKind::EXCLUDE_CONSTRAINT => Self::Exclude,
            SyntaxKind::FOREIGN_KEY_CONSTRAINT | SyntaxKind::REFERENCES_CONSTRAINT => {
                Self::ForeignKey
            }
            _ => Self::Other,
        }
    }
}

impl Constraint {
    fn is_about(&self, column: &Name) -> bool {
        self.columns.iter().any(|name| name.is(column))
    }

    /// The index that it has, where its table is.
    fn index(&self) -> Option<Name> {
        let name = self.name.as_ref();
        let name = name.filter(|_| matches!(self.kind, Kind::Unique | Kind::Exclude));
        name.map(|name| self.table.renamed(name))
    }
}

impl Known {
    /// A constraint by its name.
    pub(in crate::migrate::lint) fn constraint(
        &self,
        table: &Name,
        name: &Name,
    ) -> Option<&Constraint> {
        self.place_of(table, name)
            .map(|place| &self.constraints[place])
    }

    fn place_of(&self, table: &Name, name: &Name) -> Option<usize> {
        self.constraints.iter().position(|known| {
            known.name.as_ref().is_some_and(|own| own.is(name)) && self.is_same(&known.table, table)
        })
    }

    /// The constraint that an index is of.
    pub(in crate::migrate::lint) fn constraint_of(&self, index: &Name) -> Option<&Constraint> {
        self.constraint_place(index)
            .map(|place| &self.constraints[place])
    }

    fn constraint_place(&self, index: &Name) -> Option<usize> {
        let place = |is_it: &dyn Fn(Name) -> bool| {
            let mut all = self.constraints.iter();
            all.position(|known| known.index().is_some_and(is_it))
        };
        place(&|own| own == *index).or_else(|| place(&|own| own.is(index)))
    }

    /// Whether no two rows of the table have the same value in the column.
    pub(in crate::migrate::lint) fn is_unique(&self, table: &Name, column: &Name) -> bool {
        let is_it = |columns: &[Name]| matches!(columns, [only] if only.is(column));
        let mut constraints = self.constraints.iter();
        let mut indexes = self.indexes.iter();
        constraints.any(|known| {
            known.kind == Kind::Unique && is_it(&known.columns) && self.is_same(&known.table, table)
        }) || indexes.any(|index| {
            index.is_unique && is_it(&index.columns) && self.is_same(&index.table, table)
        })
    }

    /// What PostgreSQL does again if a column gets another type of the kind, and reads its table for.
    pub(in crate::migrate::lint) fn redone(&self, table: &Name, column: &Name) -> Option<String> {
        let index = self.indexes.iter().find(|index| {
            let is_about = index.computed.iter().any(|name| name.is(column));
            is_about && self.is_same(&index.table, table)
        });
        if let Some(index) = index {
            return Some(format!("the index {} is built anew", index.name));
        }
        let check = self.constraints.iter().find(|known| {
            known.kind == Kind::Check
                && known.valid
                && known.is_about(column)
                && self.is_same(&known.table, table)
        })?;
        let name = check.name.as_ref();
        let name = name.map_or_else(|| "a check".to_owned(), |name| format!("the check {name}"));
        Some(format!("{name} is made for every row again"))
    }

    /// Whether PostgreSQL need not read the rows to see that a column is not null: it is declared so, or a
    /// valid check says it.
    pub(in crate::migrate::lint) fn is_not_null(&self, table: &Name, column: &Name) -> bool {
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
    pub(in crate::migrate::lint) fn has_bounds(&self, table: &Name, parent: &Name) -> bool {
        let key = self.table(parent).and_then(|parent| parent.key.as_deref());
        let key = key.unwrap_or_default();
        self.constraints.iter().any(|known| {
            known.kind == Kind::Check
                && known.valid
                && !known.added_here
                && key.iter().all(|wanted| known.is_about(wanted))
                && self.is_same(&known.table, table)
        })
    }

    /// The columns that a constraint is of, or that a check is about, each once, as far as they are known.
    pub(in crate::migrate::lint) fn constrained(
        &self,
        table: &Name,
        constraint: &SyntaxNode,
    ) -> Vec<Name> {
        let kind = Kind::of(constraint);
        if matches!(kind, Kind::Check | Kind::Exclude) {
            return mentioned(constraint);
        }
        if let Some(index) = named(constraint, SyntaxKind::INDEX_REF) {
            return self.columns_of(table, &index).to_vec();
        }
        let column = constraint
            .parent()
            .filter(|above| matches!(above.kind(), SyntaxKind::COLUMN | SyntaxKind::ADD_COLUMN));
        if let Some(column) = column {
            return column_name(&column).into_iter().collect();
        }
        let list = constraint.descendants().find(|node| {
            matches!(
                node.kind(),
                SyntaxKind::CONSTRAINT_COLUMN_REF_LIST | SyntaxKind::FOREIGN_KEY_COLUMN_LIST
            )
        });
        let columns = list.iter().flat_map(SyntaxNode::children);
        columns.filter_map(|column| Name::of(&column)).collect()
    }

    /// Takes note of the constraints among some nodes.
    pub(super) fn add_constraints(
        &mut self,
        table: &Name,
        nodes: impl Iterator<Item = SyntaxNode>,
    ) {
        // The others get names that are left.
        let (named, unnamed): (Vec<_>, Vec<_>) =
            nodes.partition(|node| has_child(node, SyntaxKind::CONSTRAINT_NAME_CLAUSE));
        for node in named.iter().chain(&unnamed) {
            self.add_constraint(table, node);
        }
    }

    fn add_constraint(&mut self, table: &Name, node: &SyntaxNode) {
        let name = child(node, SyntaxKind::CONSTRAINT_NAME_CLAUSE);
        let kind = Kind::of(node);
        if name.is_none() && kind == Kind::Other {
            return;
        }
        let columns = self.constrained(table, node);
        if node.kind() == SyntaxKind::PRIMARY_KEY_CONSTRAINT
            && let Some(table) = self.table_mut(table)
        {
            table.set_not_null(&columns);
        }
        let name = name.and_then(|name| constraint_name(&name));
        let index = named(node, SyntaxKind::INDEX_REF);
        // It is the constraint's from now on, and has its name.
        let used = index.as_ref().and_then(|index| {
            let mut all = self.indexes.iter();
            all.rposition(|known| known.name.plain() == index.plain() && known.table == *table)
        });
        if let Some(place) = used {
            let used = self.indexes.remove(place);
            self.objects.drop(&Space::Relation, &used.name);
        }
        let name = name.or(index).or_else(|| {
            let is_of_row = kind == Kind::Check
                && matches!(columns.as_slice(), [only] if self.is_whole_row(table, only));
            let columns = if is_of_row { &[] } else { columns.as_slice() };
            let name = default_name(table.plain(), node, columns)?;
            (!self.is_taken(&table.renamed(&name))).then_some(name)
        });
        self.constraints.push(Constraint {
            table: table.clone(),
            name,
            kind,
            columns,
            not_null: if kind == Kind::Check {
                not_null_columns(node)
            } else {
                Vec::new()
            },
            valid: !has_child(node, SyntaxKind::NOT_VALID),
            added_here: true,
        });
    }

    /// Whether a name in an expression is no column, but the row of the table.
    fn is_whole_row(&self, table: &Name, name: &Name) -> bool {
        name.plain() == table.plain()
            && self
                .table(table)
                .is_some_and(|table| table.column(name).is_none())
    }

    /// Whether a constraint or a relation of the schema is known to have the name.
    fn is_taken(&self, name: &Name) -> bool {
        let mut constraints = self.constraints.iter();
        let names = |known: &Constraint| Some(known.table.renamed(known.name.as_ref()?));
        constraints.any(|known| names(known).as_ref() == Some(name))
            || self.objects.has(&Space::Relation, name)
    }

    /// Takes note of what an action of an ALTER TABLE does to constraints and indexes.
    pub(super) fn alter_constraints(&mut self, table: &Name, action: &SyntaxNode) {
        let constraint = named(action, SyntaxKind::CONSTRAINT_NAME_REF);
        let place = constraint
            .as_ref()
            .and_then(|name| self.place_of(table, name));
        match action.kind() {
            SyntaxKind::ADD_COLUMN | SyntaxKind::ADD_CONSTRAINT => {
                self.add_constraints(table, action.children());
            }
            SyntaxKind::VALIDATE_CONSTRAINT => {
                if let Some(place) = place {
                    self.constraints[place].valid = true;
                }
            }
            SyntaxKind::DROP_CONSTRAINT => {
                place.map(|place| self.constraints.remove(place));
                if has_child(action, SyntaxKind::IF_EXISTS) {
                    self.dropped.extend(constraint);
                }
            }
            SyntaxKind::RENAME_CONSTRAINT => {
                if let Some(place) = place {
                    self.constraints[place].name = named(action, SyntaxKind::CONSTRAINT_NAME);
                }
            }
            SyntaxKind::RENAME_COLUMN => self.rename_column(table, action),
            SyntaxKind::DROP_COLUMN => {
                if let Some(column) = named(action, SyntaxKind::COLUMN_NAME_REF) {
                    // PostgreSQL drops them too.
                    self.constraints
                        .retain(|known| known.table != *table || !known.is_about(&column));
                    self.indexes
                        .retain(|index| index.table != *table || !index.is_about(&column));
                }
            }
            _ => {}
        }
    }

    fn rename_column(&mut self, table: &Name, action: &SyntaxNode) {
        let old = named(action, SyntaxKind::COLUMN_NAME_REF);
        let new = named(action, SyntaxKind::COLUMN_NAME);
        let (Some(old), Some(new)) = (old, new) else {
            return;
        };
        let constraints = self.constraints.iter_mut();
        let constraints = constraints.filter(|known| known.table == *table);
        let indexes = self.indexes.iter_mut();
        let indexes = indexes.filter(|index| index.table == *table);
        let columns = constraints
            .flat_map(|known| known.columns.iter_mut().chain(&mut known.not_null))
            .chain(indexes.flat_map(|index| index.columns.iter_mut().chain(&mut index.computed)));
        for column in columns {
            if column.is(&old) {
                *column = new.clone();
            }
        }
    }

    /// Takes note that an index has another name; one of a constraint is its constraint's name too.
    pub(super) fn rename_index(&mut self, old: &Name, new: &Name) {
        if let Some(place) = self.constraint_place(old) {
            self.constraints[place].name = Some(new.clone());
        } else if let Some(place) = self.index_place(old) {
            let index = &mut self.indexes[place];
            let renamed = index.name.renamed(new);
            let old = std::mem::replace(&mut index.name, renamed.clone());
            self.objects.rename(&Space::Relation, &old, &renamed);
        }
    }
}
