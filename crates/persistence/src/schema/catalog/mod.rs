//! What a database holds, as PostgreSQL has parsed and normalised it.

mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Everything in a database's schemas besides what PostgreSQL and extensions bring.
///
/// Not in it: rows, owners, privileges, the order of a table's columns, names of NOT NULL
/// constraints, temporary objects, and `_sqlx_migrations`.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub(super) objects: BTreeMap<Key, Object>,
    needs: BTreeMap<Key, BTreeSet<Key>>,
    needed_by: BTreeMap<Key, BTreeSet<Key>>,
    version: String,
}

/// The kinds that are told apart, in the order in which they are made where nothing else
/// decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `create schema`.
    Schema,
    /// `create extension`.
    Extension,
    /// A type of given values.
    Enum,
    /// A type over another one.
    Domain,
    /// A condition of a domain.
    DomainConstraint,
    /// A type of several attributes.
    Composite,
    /// Also those that a column owns, but not those of identity columns.
    Sequence,
    /// Also window functions.
    Function,
    /// `create procedure`.
    Procedure,
    /// `create text search configuration`.
    TextSearchConfiguration,
    /// Also partitioned and foreign ones.
    Table,
    /// A column of a table.
    Column,
    /// The default of a column.
    Default,
    /// That a sequence goes with a column.
    Ownership,
    /// A condition of a table, with the index that keeps it.
    Constraint,
    /// `create view`.
    View,
    /// `create materialized view`.
    MaterializedView,
    /// One that no constraint is kept by.
    Index,
    /// Extended statistics.
    Statistics,
    /// `create trigger`.
    Trigger,
    /// What no statement is made for, such as a policy.
    Other,
}

impl Kind {
    /// As SQL calls it in `drop` and `comment on`.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Extension => "extension",
            Self::Enum | Self::Composite => "type",
            Self::Domain => "domain",
            Self::DomainConstraint | Self::Constraint => "constraint",
            Self::Sequence => "sequence",
            Self::Function => "function",
            Self::Procedure => "procedure",
            Self::TextSearchConfiguration => "text search configuration",
            Self::Table => "table",
            Self::Column => "column",
            Self::Default => "default",
            Self::Ownership => "ownership",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::Index => "index",
            Self::Statistics => "statistics",
            Self::Trigger => "trigger",
            Self::Other => "other",
        }
    }

    /// Whether it is a part of the table, domain or view that it lies on.
    pub(super) fn is_part(self) -> bool {
        matches!(
            self,
            Self::DomainConstraint
                | Self::Column
                | Self::Default
                | Self::Constraint
                | Self::Index
                | Self::Statistics
                | Self::Trigger
        )
    }
}

/// What an object is called. Names are written as SQL has them, with quotes where they
/// need some, and with a schema unless that is `public`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Its kind.
    pub kind: Kind,
    /// The table or the like that it lies on; none for most kinds.
    pub on: Option<String>,
    /// Its name; of a function also the types that it takes.
    pub name: String,
}

impl Key {
    pub(super) fn new(kind: Kind, name: &str) -> Self {
        Self {
            kind,
            on: None,
            name: name.to_owned(),
        }
    }

    pub(super) fn of(kind: Kind, on: &str, name: &str) -> Self {
        Self {
            kind,
            on: Some(on.to_owned()),
            name: name.to_owned(),
        }
    }

    /// What it lies on, or nothing.
    pub(super) fn table(&self) -> &str {
        self.on.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match (self.kind, &self.on) {
            (Kind::Enum | Kind::Composite, _) => write!(f, "type {name}"),
            (Kind::Other, _) => f.write_str(name),
            (Kind::Ownership, _) => write!(f, "owner of sequence {name}"),
            (Kind::Default, Some(on)) => write!(f, "default of {on}.{name}"),
            (Kind::Column, Some(on)) => write!(f, "column {on}.{name}"),
            (kind, Some(on)) if kind.is_part() => write!(f, "{} {name} on {on}", kind.words()),
            (kind, _) => write!(f, "{} {name}", kind.words()),
        }
    }
}

/// One thing in a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Object {
    /// What makes it what it is; what is as it is by default is absent.
    pub(in crate::schema) attributes: BTreeMap<String, String>,
    /// What helps to write statements and is not compared.
    pub(in crate::schema) notes: BTreeMap<String, String>,
}

impl Object {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.get(name).or_else(|| self.notes.get(name));
        found.map(String::as_str)
    }

    /// As [`Self::get`], or nothing.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

static NOTHING: BTreeSet<Key> = BTreeSet::new();

impl Catalog {
    /// The version of the server that it was read from, such as `15.4`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The names of all that is in it.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.objects.keys()
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Object> {
        self.objects.get(key)
    }

    pub(super) fn has(&self, key: &Key) -> bool {
        self.objects.contains_key(key)
    }

    /// What it cannot be there without.
    pub(super) fn needs(&self, key: &Key) -> &BTreeSet<Key> {
        self.needs.get(key).unwrap_or(&NOTHING)
    }

    /// What cannot be there without it.
    pub(super) fn needed_by(&self, key: &Key) -> &BTreeSet<Key> {
        self.needed_by.get(key).unwrap_or(&NOTHING)
    }

    /// Those in the order in which they can be made.
    pub(super) fn in_order(&self, wanted: &BTreeSet<Key>) -> Vec<Key> {
        fn visit(catalog: &Catalog, key: &Key, seen: &mut BTreeSet<Key>, order: &mut Vec<Key>) {
            if seen.insert(key.clone()) {
                for needed in catalog.needs(key) {
                    visit(catalog, needed, seen, order);
                }
                order.push(key.clone());
            }
        }
        let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
        for key in wanted {
            visit(self, key, &mut seen, &mut order);
        }
        order.retain(|key| wanted.contains(key));
        order
    }
}
