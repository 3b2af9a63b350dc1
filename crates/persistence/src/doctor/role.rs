//! Who the service is, and what that alone lets it do.

use sqlx::postgres::PgConnection;

use super::report::Report;

/// The role that the service runs as.
#[derive(sqlx::FromRow)]
pub(crate) struct Role {
    pub(crate) name: String,
    /// As SQL writes it.
    pub(crate) quoted: String,
    /// Whether the connection is its own.
    pub(crate) is_me: bool,
    pub(crate) is_superuser: bool,
    /// What it may besides, as ALTER ROLE names it.
    attributes: Vec<String>,
    /// At most so many connections; negative for any number.
    pub(crate) connections: i32,
    /// Whether its password ends within two weeks, or has ended.
    pub(crate) ends_soon: bool,
}

impl Role {
    /// The role of that name, or of the connection.
    pub(crate) async fn find(
        connection: &mut PgConnection,
        name: Option<&str>,
    ) -> Result<Option<Self>, sqlx::Error> {
        sqlx::query_as(
            "select rolname::text as name, quote_ident(rolname) as quoted,
                rolname = current_user as is_me, rolsuper as is_superuser,
                array_remove(array[
                    case when rolcreaterole then 'createrole' end,
                    case when rolcreatedb then 'createdb' end,
                    case when rolreplication then 'replication' end,
                    case when rolbypassrls then 'bypassrls' end
                ], null) as attributes,
                rolconnlimit as connections,
                coalesce(rolvaliduntil < now() + interval '14 days', false) as ends_soon
            from pg_roles where rolname = coalesce($1::name, current_user)",
        )
        .bind(name)
        .fetch_optional(connection)
        .await
    }

    /// Why no grant binds it, if none does.
    pub(crate) async fn unbound(
        &self,
        connection: &mut PgConnection,
        home: &Home,
    ) -> Result<Option<&'static str>, sqlx::Error> {
        if self.is_superuser {
            return Ok(Some("is a superuser"));
        }
        let (owns, is_member): (bool, bool) = sqlx::query_as(
            "with owners as (
                select relowner as owner from pg_class where relnamespace = $2::regnamespace
                    and relkind in ('r', 'p')
                union select proowner from pg_proc where pronamespace = $2::regnamespace
                    and not exists (select from pg_depend where classid = 'pg_proc'::regclass
                        and objid = pg_proc.oid and deptype = 'e')
                union select datdba from pg_database where datname = current_database()
                union select nspowner from pg_namespace where oid = $2::regnamespace
            )
            select coalesce(bool_or(owner = $1::name::regrole), false),
                coalesce(bool_or(pg_has_role($1::name, owner, 'member')), false)
            from owners",
        )
        .bind(&self.quoted)
        .bind(&home.schema)
        .fetch_one(connection)
        .await?;
        Ok(if owns {
            Some("owns the database, or something of its schema")
        } else if is_member {
            Some("is a member of the role that owns the database, or something of its schema")
        } else {
            None
        })
    }
}

/// Where a database has Byline's tables.
#[derive(sqlx::FromRow)]
pub(crate) struct Home {
    /// The schema, as SQL writes it.
    pub(crate) schema: String,
    /// Whether names without a schema lead there on this connection.
    pub(crate) is_on_path: bool,
}

impl Home {
    pub(crate) async fn find(connection: &mut PgConnection) -> Result<Option<Self>, sqlx::Error> {
        sqlx::query_as(
            "select quote_ident(nspname) as schema,
                coalesce(c.oid = to_regclass('_sqlx_migrations'), false) as is_on_path
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where relname = '_sqlx_migrations' and relkind in ('r', 'p') and nspname !~ '^pg_'
            order by 2 desc, 1 limit 1",
        )
        .fetch_optional(connection)
        .await
    }
}

/// Roles that are nobody's, and let whoever is a member do what no service should.
const PREDEFINED: &[&str] = &[
    "pg_checkpoint",
    "pg_create_subscription",
    "pg_execute_server_program",
    "pg_maintain",
    "pg_read_all_data",
    "pg_read_server_files",
    "pg_signal_backend",
    "pg_write_all_data",
    "pg_write_server_files",
];

/// What to do about a role that can do too much by itself.
pub(super) const ANOTHER_ROLE: [&str; 3] = [
    "create role byline_service login;",
    "byline database grant --service-role byline_service --database-url OWNER_URL",
    "run the service as byline_service",
];

/// A role that it is a member of, and one that it can do everything of by that.
const MEMBERSHIPS: &str = "select quote_ident(direct.rolname), min(reached.rolname::text)
    from pg_auth_members m
    join pg_roles me on me.oid = m.member and me.rolname = $1::name
    join pg_roles direct on direct.oid = m.roleid
    join pg_roles reached on pg_has_role(direct.oid, reached.oid, 'member')
    where reached.rolsuper or reached.rolcreaterole or reached.rolreplication
        or reached.rolbypassrls or reached.rolname = any($2)
    group by direct.rolname order by 1";

/// Whether the role has more than grants could take away.
pub(super) async fn check(
    connection: &mut PgConnection,
    role: &Role,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let name = &role.quoted;
    if role.is_superuser {
        // It may be the only one that there is: it is to be left, and not to be changed.
        let says = format!("{name} is a superuser, which the service must not be");
        report.fault("role", says, ANOTHER_ROLE.map(str::to_owned));
        return Ok(());
    }
    for attribute in &role.attributes {
        report.fault(
            "role",
            format!("{name} has {attribute}, which the service must not have"),
            [format!("alter role {name} no{attribute};")],
        );
    }
    let memberships: Vec<(String, String)> = sqlx::query_as(MEMBERSHIPS)
        .bind(&role.name)
        .bind(PREDEFINED)
        .fetch_all(&mut *connection)
        .await?;
    for (direct, reached) in memberships {
        report.fault(
            "role",
            format!("{name} is a member of {direct}, and may do what {reached} may"),
            [format!("revoke {direct} from {name};")],
        );
    }
    if role.ends_soon {
        report.warning(
            "role",
            format!("the password of {name} ends within 14 days, or has ended"),
            [format!("alter role {name} valid until 'infinity';")],
        );
    }
    report.fine("role", format!("{name} is an ordinary role"));
    Ok(())
}
