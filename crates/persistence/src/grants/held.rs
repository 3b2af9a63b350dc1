//! What a role may do, beside what it shall.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::FromRow;
use sqlx::postgres::PgConnection;

use super::{FUNCTIONS, Grant, TABLES};
use crate::doctor::{Home, Role};

/// What is not as it shall be, and the statement that mends it.
#[derive(Debug)]
pub(crate) struct Difference {
    /// The check that it is told by.
    pub(crate) check: &'static str,
    /// What it is.
    pub(crate) says: String,
    /// For whoever owns what it is about.
    pub(crate) sql: String,
    /// Whether the role lacks something, rather than having it.
    pub(crate) is_missing: bool,
    /// Whether nobody but the role and PUBLIC is concerned.
    pub(crate) is_of_the_role_alone: bool,
}

/// A privilege that the role has by itself, by PUBLIC, or by a role that it is a member of.
#[derive(FromRow)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a row of the catalogs, which tells each apart"
)]
struct Held {
    object: String,
    /// Absent if it has none on that object.
    privilege: Option<String>,
    grantee: Option<String>,
    is_public: bool,
    is_group: bool,
    is_grantable: bool,
    /// Whether it is of all columns.
    is_whole: bool,
}

const ON_TABLES: &str = "select c.relname::text as object, lower(held.privilege_type) as privilege,
        case when held.grantee = 0 then 'public'
            else quote_ident(pg_get_userbyid(held.grantee)) end as grantee,
        coalesce(held.grantee = 0, false) as is_public,
        coalesce(held.grantee <> 0 and pg_get_userbyid(held.grantee) <> $1::name, false)
            as is_group,
        coalesce(held.is_grantable, false) as is_grantable, coalesce(whole, false) as is_whole
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join lateral (
        select one.*, true as whole
        from aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) one
        union all
        select one.*, false
        from pg_attribute column_, aclexplode(column_.attacl) one
        where column_.attrelid = c.oid and not column_.attisdropped
    ) held on held.grantee = 0 or pg_has_role($1::name, held.grantee, 'usage')
    where quote_ident(n.nspname) = $2 and c.relname = any($3) and c.relkind in ('r', 'p')
    order by 1, 2";

/// Of those that are no trigger's and no extension's.
const ON_FUNCTIONS: &str = "select
        quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')' as object,
        lower(held.privilege_type) as privilege,
        case when held.grantee = 0 then 'public'
            else quote_ident(pg_get_userbyid(held.grantee)) end as grantee,
        coalesce(held.grantee = 0, false) as is_public,
        coalesce(held.grantee <> 0 and pg_get_userbyid(held.grantee) <> $1::name, false)
            as is_group,
        coalesce(held.is_grantable, false) as is_grantable, true as is_whole
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    left join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) held
        on held.grantee = 0 or pg_has_role($1::name, held.grantee, 'usage')
    where quote_ident(n.nspname) = $2
        and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
        and not exists (
            select from pg_depend
            where classid = 'pg_proc'::regclass and objid = p.oid and deptype = 'e'
        )
    order by 1, 2";

/// What is not as it shall be of a role that grants bind.
pub(crate) async fn differences(
    connection: &mut PgConnection,
    home: &Home,
    role: &Role,
) -> Result<Vec<Difference>, sqlx::Error> {
    let mut found = of_places(connection, home, role).await?;
    let tables: Vec<_> = TABLES.iter().map(|grant| grant.on).collect();
    let held: Vec<Held> = sqlx::query_as(ON_TABLES)
        .bind(&role.name)
        .bind(&home.schema)
        .bind(tables)
        .fetch_all(&mut *connection)
        .await?;
    let tables = Kind {
        check: "table-privileges",
        noun: "table",
        wanted: TABLES,
    };
    found.extend(compare(&tables, home, role, held));
    let held: Vec<Held> = sqlx::query_as(ON_FUNCTIONS)
        .bind(&role.name)
        .bind(&home.schema)
        .fetch_all(connection)
        .await?;
    let functions = Kind {
        check: "function-privileges",
        noun: "function",
        wanted: FUNCTIONS,
    };
    found.extend(compare(&functions, home, role, held));
    Ok(found)
}

/// What the role may do in the database and in schemas, as far as that is not as it shall be:
/// the privilege, where, and whether it is missing.
const ON_PLACES: &str = "with me as (select $1::name as name, current_database() as base),
    schemas as (
        select oid, quote_ident(nspname) as name from pg_namespace
        where nspname !~ '^pg_' and nspname <> 'information_schema'
    )
    select privilege, 'database ' || quote_ident(base), true
    from me, unnest(array['connect', 'temporary']) privilege
    where not has_database_privilege(me.name, base, privilege)
    union all
    select 'usage', 'schema ' || schemas.name, true from me, schemas
    where schemas.name = $2 and not has_schema_privilege(me.name, oid, 'usage')
    union all
    select 'create', 'database ' || quote_ident(base), false from me
    where has_database_privilege(me.name, base, 'create')
    union all
    select 'create', 'schema ' || schemas.name, false from me, schemas
    where has_schema_privilege(me.name, oid, 'create')";

async fn of_places(
    connection: &mut PgConnection,
    home: &Home,
    role: &Role,
) -> Result<Vec<Difference>, sqlx::Error> {
    let places: Vec<(String, String, bool)> = sqlx::query_as(ON_PLACES)
        .bind(&role.name)
        .bind(&home.schema)
        .fetch_all(connection)
        .await?;
    let name = &role.quoted;
    let differences = places.into_iter().map(|(privilege, place, is_missing)| {
        let (says, sql) = if is_missing {
            let lacks = format!("{name} lacks {privilege} on {place}");
            (lacks, format!("grant {privilege} on {place} to {name};"))
        } else {
            let sql = format!("revoke {privilege} on {place} from {name}, public;");
            (format!("{name} has {privilege} on {place}"), sql)
        };
        Difference {
            check: match privilege.as_str() {
                "create" => "create",
                "usage" => "search-path",
                _ => "database",
            },
            says,
            sql,
            is_missing,
            is_of_the_role_alone: true,
        }
    });
    Ok(differences.collect())
}

/// Tables, or functions.
struct Kind {
    check: &'static str,
    noun: &'static str,
    wanted: &'static [Grant],
}

/// Of each object that there is.
fn compare(kind: &Kind, home: &Home, role: &Role, held: Vec<Held>) -> Vec<Difference> {
    let mut objects: BTreeMap<String, Vec<Held>> = BTreeMap::new();
    for held in held {
        objects.entry(held.object.clone()).or_default().push(held);
    }
    let of_each = objects.iter().flat_map(|(object, held)| {
        let wanted = kind.wanted.iter().find(|grant| grant.on == object);
        let one = Object {
            check: kind.check,
            place: format!("{} {}.{object}", kind.noun, home.schema),
            name: object,
            wanted: wanted.map_or(&[], |grant| grant.privileges),
            role: &role.quoted,
            held,
        };
        [one.missing(), one.excess(), one.passed_on()]
    });
    of_each.flatten().collect()
}

/// One table or function.
struct Object<'a> {
    check: &'static str,
    /// As GRANT names it.
    place: String,
    name: &'a str,
    wanted: &'static [&'static str],
    role: &'a str,
    held: &'a [Held],
}

impl Object<'_> {
    fn wants(&self, privilege: &str) -> bool {
        self.wanted.contains(&privilege)
    }

    /// What everybody has counts for nothing, since it is taken away.
    fn missing(&self) -> Option<Difference> {
        let has = |wanted: &str| {
            self.held.iter().any(|held| {
                held.is_whole && !held.is_public && held.privilege.as_deref() == Some(wanted)
            })
        };
        let missing: Vec<_> = self
            .wanted
            .iter()
            .filter(|one| !has(one))
            .copied()
            .collect();
        (!missing.is_empty()).then(|| {
            let (privileges, place, role) = (missing.join(", "), &self.place, self.role);
            Difference {
                check: self.check,
                says: format!("{role} lacks {privileges} on {}", self.name),
                sql: format!("grant {privileges} on {place} to {role};"),
                is_missing: true,
                is_of_the_role_alone: true,
            }
        })
    }

    /// Whatever everybody may is too much: it is for the service.
    fn excess(&self) -> Option<Difference> {
        let is_excess = |held: &&Held| {
            let privilege = held.privilege.as_deref();
            privilege.is_some_and(|it| held.is_public || !self.wants(it))
        };
        let excess: Vec<_> = self.held.iter().filter(is_excess).collect();
        let unique = |of: fn(&Held) -> Option<&str>| -> String {
            let all: BTreeSet<_> = excess.iter().filter_map(|held| of(held)).collect();
            all.into_iter().collect::<Vec<_>>().join(", ")
        };
        let privileges = unique(|held| held.privilege.as_deref());
        let grantees = unique(|held| held.grantee.as_deref());
        let cascade = if excess.iter().any(|held| held.is_grantable) {
            " cascade"
        } else {
            ""
        };
        (!excess.is_empty()).then(|| Difference {
            check: self.check,
            says: format!("{grantees} has {privileges} on {}", self.name),
            sql: format!(
                "revoke {privileges} on {} from {grantees}{cascade};",
                self.place
            ),
            is_missing: false,
            is_of_the_role_alone: excess.iter().all(|held| !held.is_group),
        })
    }

    /// What the role needs, and may give to others too.
    fn passed_on(&self) -> Option<Difference> {
        let is_passed_on = |held: &&Held| {
            let privilege = held.privilege.as_deref();
            held.is_grantable && !held.is_public && privilege.is_some_and(|it| self.wants(it))
        };
        let all = self.held.iter().filter(is_passed_on);
        let all: BTreeSet<_> = all.filter_map(|held| held.privilege.as_deref()).collect();
        let privileges = all.into_iter().collect::<Vec<_>>().join(", ");
        let (place, role) = (&self.place, self.role);
        (!privileges.is_empty()).then(|| Difference {
            check: self.check,
            says: format!("{role} may give {privileges} on {} to others", self.name),
            sql: format!("revoke grant option for {privileges} on {place} from {role} cascade;"),
            is_missing: false,
            is_of_the_role_alone: true,
        })
    }
}
