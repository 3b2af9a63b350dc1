//! Reads a catalog, by a fixed number of statements over one snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection as _};

use super::super::SchemaError;
use super::{Catalog, Key, Kind, Object};
use crate::error::Redacted;

/// Read only, and with the names of types and functions as they are written where
/// `public` is the first schema: all but its own names come with their schema.
const BEGIN: &str = "begin isolation level repeatable read read only;
    set local search_path = public;
    set local datestyle = iso; set local intervalstyle = postgres; set local extra_float_digits = 1;
    set local quote_all_identifiers = off; set local timezone = 'UTC'";

/// The same inside a transaction that changes things.
const NORMALISE: &str = "set local search_path = public;
    set local datestyle = iso; set local intervalstyle = postgres; set local extra_float_digits = 1;
    set local quote_all_identifiers = off; set local timezone = 'UTC'";

const OBJECTS: [&str; 5] = [
    include_str!("sql/relations.sql"),
    include_str!("sql/columns.sql"),
    include_str!("sql/on_relations.sql"),
    include_str!("sql/others_in_schemas.sql"),
    include_str!("sql/others.sql"),
];
const EDGES: &str = include_str!("sql/edges.sql");
const PARTS: &str = include_str!("sql/parts.sql");

/// How PostgreSQL numbers what it has: class, object, and part of it.
type Address = (i64, i64, i32);
type Row = (
    i64,
    i64,
    i32,
    String,
    String,
    Option<String>,
    Vec<Option<String>>,
);
type Pair = (i64, i64, i32, i64, i64, i32);

/// How often it is tried to see a database that is being changed.
const TRIES: u32 = 5;

/// How long after the first try the second one is; those after it are further apart.
const PAUSE: Duration = Duration::from_millis(200);

/// The role, if names of `public` lead nowhere for it: PostgreSQL would write all of them
/// with their schema.
const BLIND: &str = "select current_user::text where to_regnamespace('public') is not null
    and not has_schema_privilege('public', 'usage')";

impl Catalog {
    /// Reads what the database holds, which nobody changes meanwhile. Changes nothing.
    pub async fn read(server: &PgConnectOptions) -> Result<Self, SchemaError> {
        let mut connection = connect(server).await?;
        let catalog = look(&mut connection).await?;
        connection.close().await?;
        Ok(catalog)
    }

    /// Reads what a database holds that others may change meanwhile. Changes nothing.
    ///
    /// PostgreSQL writes names and definitions as they are by then, and not as they are in
    /// the snapshot: what goes away in between is written by its number, or half as it was.
    /// So what is seen counts if a second look sees the same. Up to five pairs of looks
    /// are taken within about two seconds and the time that they take.
    pub async fn read_in_use(server: &PgConnectOptions) -> Result<Self, SchemaError> {
        let mut connection = connect(server).await?;
        let mut tried = 1;
        loop {
            match look_twice(&mut connection).await {
                Ok(catalog) => {
                    connection.close().await?;
                    return Ok(catalog);
                }
                Err(SchemaError::Changing(_)) if tried < TRIES => {
                    tokio::time::sleep(PAUSE * tried).await;
                    tried += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The first of what is in one of them and not the same in the other one.
    fn unlike<'a>(&'a self, other: &'a Self) -> Option<&'a Key> {
        let mut keys = self.keys().chain(other.keys());
        keys.find(|key| self.get(key) != other.get(key) || self.needs(key) != other.needs(key))
    }

    /// Reads what it would hold if the transaction were committed.
    pub(in crate::schema) async fn read_inside(
        connection: &mut PgConnection,
    ) -> Result<Self, sqlx::Error> {
        sqlx::raw_sql(NORMALISE).execute(&mut *connection).await?;
        read(connection).await
    }
}

async fn connect(server: &PgConnectOptions) -> Result<PgConnection, SchemaError> {
    let server = server.clone().application_name("byline-schema");
    Ok(server.connect().await?)
}

async fn look_twice(connection: &mut PgConnection) -> Result<Catalog, SchemaError> {
    let first = look(connection).await?;
    let second = look(connection).await?;
    match first.unlike(&second) {
        Some(key) => Err(SchemaError::Changing(key.to_string())),
        None => Ok(second),
    }
}

/// Looks at one snapshot.
async fn look(connection: &mut PgConnection) -> Result<Catalog, SchemaError> {
    sqlx::raw_sql(BEGIN).execute(&mut *connection).await?;
    let blind = sqlx::query_scalar(BLIND).fetch_optional(&mut *connection);
    if let Some(role) = blind.await? {
        return Err(SchemaError::Blind(role));
    }
    let catalog = match read(connection).await {
        Err(error) if is_of_a_change(&error) => {
            Err(SchemaError::Changing(Redacted::from(error).to_string()))
        }
        read => Ok(read?),
    };
    sqlx::raw_sql("rollback").execute(connection).await?;
    catalog
}

/// Whether something went away between the snapshot and the look at its definition, which
/// PostgreSQL takes from what is there by then.
fn is_of_a_change(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    // Internal errors such as a relation that cannot be opened; then undefined tables,
    // columns, functions, other objects and schemas.
    code.is_some_and(|code| {
        matches!(
            &*code,
            "XX000" | "42P01" | "42703" | "42883" | "42704" | "3F000"
        )
    })
}

async fn read(connection: &mut PgConnection) -> Result<Catalog, sqlx::Error> {
    let version: String = sqlx::query_scalar("select current_setting('server_version')")
        .fetch_one(&mut *connection)
        .await?;
    let (mut objects, mut names) = (BTreeMap::new(), BTreeMap::new());
    for query in OBJECTS {
        let rows: Vec<Row> = sqlx::query_as(query).fetch_all(&mut *connection).await?;
        for (class, object, part, kind, name, on, attributes) in rows {
            let key = Key {
                kind: kind_of(&kind),
                on,
                name,
            };
            names.insert((class, object, part), key.clone());
            let mut object = object_of(attributes);
            object
                .notes
                .insert("position".to_owned(), format!("{part:05}"));
            objects.insert(key, object);
        }
    }
    let parts: Vec<Pair> = sqlx::query_as(PARTS).fetch_all(&mut *connection).await?;
    let parts: BTreeMap<Address, Address> = parts.into_iter().map(split).collect();
    let edges: Vec<Pair> = sqlx::query_as(EDGES).fetch_all(&mut *connection).await?;
    let mut needs: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
    for (from, to) in edges.into_iter().map(split) {
        if let (Some(from), Some(to)) = (named(from, &names, &parts), named(to, &names, &parts))
            && from != to
        {
            needs.entry(from.clone()).or_default().insert(to.clone());
        }
    }
    for key in objects.keys() {
        let on = key.table();
        let below = [
            Key::new(Kind::Table, on),
            Key::new(Kind::View, on),
            Key::new(Kind::MaterializedView, on),
            Key::new(Kind::Domain, on),
        ];
        let own = needs.entry(key.clone()).or_default();
        own.extend(
            below
                .into_iter()
                .filter(|below| objects.contains_key(below)),
        );
        if key.kind == Kind::Default {
            own.insert(Key::of(Kind::Column, on, &key.name));
        }
    }
    let mut needed_by: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
    for (from, to) in needs
        .iter()
        .flat_map(|(from, all)| all.iter().map(move |to| (from, to)))
    {
        needed_by
            .entry(to.clone())
            .or_default()
            .insert(from.clone());
    }
    Ok(Catalog {
        objects,
        needs,
        needed_by,
        version: version.split(' ').next().unwrap_or_default().to_owned(),
    })
}

fn split((class, object, part, to_class, to_object, to_part): Pair) -> (Address, Address) {
    ((class, object, part), (to_class, to_object, to_part))
}

/// The object that the address is in.
fn named<'a>(
    address: Address,
    names: &'a BTreeMap<Address, Key>,
    parts: &BTreeMap<Address, Address>,
) -> Option<&'a Key> {
    let mut at = address;
    // An array of a table's row type is a part of a part; nothing is deeper than that.
    for _ in 0..4 {
        let whole = (at.0, at.1, 0);
        match names.get(&at).or_else(|| names.get(&whole)) {
            Some(key) => return Some(key),
            None => at = *parts.get(&at).or_else(|| parts.get(&whole))?,
        }
    }
    None
}

/// Attributes come as names and values by turns; a name that begins with `~` is a note.
fn object_of(pairs: Vec<Option<String>>) -> Object {
    let mut object = Object {
        attributes: BTreeMap::new(),
        notes: BTreeMap::new(),
    };
    let mut pairs = pairs.into_iter();
    while let (Some(Some(name)), Some(value)) = (pairs.next(), pairs.next()) {
        match (name.strip_prefix('~'), value) {
            (_, None) => {}
            (Some(note), Some(value)) => drop(object.notes.insert(note.to_owned(), value)),
            (None, Some(value)) => drop(object.attributes.insert(name, value)),
        }
    }
    object
}

/// As the statements name the kinds.
fn kind_of(name: &str) -> Kind {
    match name {
        "schema" => Kind::Schema,
        "extension" => Kind::Extension,
        "enum" => Kind::Enum,
        "domain" => Kind::Domain,
        "domain constraint" => Kind::DomainConstraint,
        "composite" => Kind::Composite,
        "sequence" => Kind::Sequence,
        "function" => Kind::Function,
        "procedure" => Kind::Procedure,
        "text search configuration" => Kind::TextSearchConfiguration,
        "table" => Kind::Table,
        "column" => Kind::Column,
        "default" => Kind::Default,
        "ownership" => Kind::Ownership,
        "constraint" => Kind::Constraint,
        "view" => Kind::View,
        "materialized view" => Kind::MaterializedView,
        "index" => Kind::Index,
        "statistics" => Kind::Statistics,
        "trigger" => Kind::Trigger,
        _ => Kind::Other,
    }
}
