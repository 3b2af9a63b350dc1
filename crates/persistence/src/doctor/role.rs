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
    ends_soon: bool,
    /// The day, as YYYY-MM-DD, until when a new one could hold.
    next_end: String,
}

/// Ends the membership `m` in the role `direct`. From PostgreSQL 16 on each grantor's grant is one of
/// its own.
macro_rules! revoke {
    () => {
        "format('revoke %I from %s%s;', direct.rolname, m.member::regrole,
            case when current_setting('server_version_num')::int >= 160000
                then ' granted by ' || m.grantor::regrole else '' end)"
    };
}

/// Why no grant binds a role.
pub(crate) enum Unbound {
    Superuser,
    Owner,
    /// It is a member of roles, and by each of the one that owns; what ends that.
    Member(Vec<String>),
}

impl Unbound {
    /// What stands after the name of the role in a sentence.
    pub(crate) fn why(&self) -> &'static str {
        match self {
            Self::Superuser => "is a superuser",
            Self::Owner => "owns the database, or something of its schema",
            Self::Member(_) => {
                "is a member of the role that owns the database, or something of its schema"
            }
        }
    }
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
                coalesce(rolvaliduntil < now() + interval '14 days', false) as ends_soon,
                to_char(now() + interval '90 days', 'YYYY-MM-DD') as next_end
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
        home: Option<&Home>,
    ) -> Result<Option<Unbound>, sqlx::Error> {
        if self.is_superuser {
            return Ok(Some(Unbound::Superuser));
        }
        let (owns, member_of): (bool, Vec<String>) = sqlx::query_as(concat!(
            "with owners as (
                select relowner as owner from pg_class
                where relnamespace = $2::text::regnamespace and relkind in ('r', 'p')
                union select proowner from pg_proc where pronamespace = $2::text::regnamespace
                    and not exists (select from pg_depend where classid = 'pg_proc'::regclass
                        and objid = pg_proc.oid and deptype = 'e')
                union select datdba from pg_database where datname = current_database()
                union select nspowner from pg_namespace where oid = $2::text::regnamespace
            )
            select exists (select from owners where owner = $1::text::regrole),
                array(
                    select ",
            revoke!(),
            " from pg_auth_members m join pg_roles direct on direct.oid = m.roleid
                    where m.member = $1::text::regrole and exists (
                        select from owners where pg_has_role(direct.oid, owner, 'member')
                    ) order by 1
                )",
        ))
        .bind(&self.quoted)
        .bind(home.map(|home| &home.schema))
        .fetch_one(connection)
        .await?;
        Ok(if owns {
            Some(Unbound::Owner)
        } else if member_of.is_empty() {
            None
        } else {
            Some(Unbound::Member(member_of))
        })
    }

    /// Gives it what the service needs.
    pub(super) fn grant(&self) -> String {
        grant(&self.name)
    }

    /// For people, since whatever a program would be given stays in its history.
    pub(super) fn new_password(&self) -> String {
        format!("set a new one with psql's `\\password {}`", self.quoted)
    }
}

/// Gives that role what the service needs.
fn grant(name: &str) -> String {
    let name = for_shell(name);
    format!("byline database grant --service-role {name} --database-url OWNER_URL")
}

/// A name as a word of a shell.
pub(super) fn for_shell(name: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    if name.chars().all(is_plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
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

/// What the service's own role may be called.
const NAMES: [&str; 2] = ["byline_service", "byline_app"];

/// What to do about a role that can do too much by itself: it may be the only one that can, and
/// is left as it is.
pub(super) async fn another(
    connection: &mut PgConnection,
    role: &Role,
) -> Result<Vec<String>, sqlx::Error> {
    let name = if role.name == NAMES[0] {
        NAMES[1]
    } else {
        NAMES[0]
    };
    let is_there: bool =
        sqlx::query_scalar("select exists (select from pg_roles where rolname = $1)")
            .bind(name)
            .fetch_one(connection)
            .await?;
    let create = (!is_there).then(|| format!("create role {name} login;"));
    let others = [grant(name), format!("run the service as {name}")];
    Ok(create.into_iter().chain(others).collect())
}

/// Says that there is no role of that name, as SQL and a shell write it.
pub(super) async fn missing(
    connection: &mut PgConnection,
    name: &str,
    has_tables: bool,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let quoted: String = sqlx::query_scalar("select quote_ident($1)")
        .bind(name)
        .fetch_one(connection)
        .await?;
    report.fault(
        "role",
        format!("there is no role {quoted}"),
        // Where there are no tables yet, it gets its rights with them.
        std::iter::once(format!("create role {quoted} login;"))
            .chain(has_tables.then(|| grant(name))),
    );
    Ok(())
}

/// A role that it is a member of, one that it can do everything of by that, and what ends that.
const MEMBERSHIPS: &str = concat!(
    "select quote_ident(direct.rolname), min(reached.rolname::text), ",
    revoke!(),
    " from pg_auth_members m
    join pg_roles me on me.oid = m.member and me.rolname = $1::name
    join pg_roles direct on direct.oid = m.roleid
    join pg_roles reached on pg_has_role(direct.oid, reached.oid, 'member')
    where reached.rolsuper or reached.rolcreaterole or reached.rolreplication
        or reached.rolbypassrls or reached.rolname = any($2)
    group by direct.rolname, m.member, m.grantor order by 1, 3"
);

/// Whether the role has more than grants could take away.
pub(super) async fn check(
    connection: &mut PgConnection,
    role: &Role,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let name = &role.quoted;
    if role.is_superuser {
        let says = format!("{name} is a superuser, which the service must not be");
        report.fault("role", says, another(connection, role).await?);
        return Ok(());
    }
    for attribute in &role.attributes {
        report.fault(
            "role",
            format!("{name} has {attribute}, which the service must not have"),
            [format!("alter role {name} no{attribute};")],
        );
    }
    let memberships: Vec<(String, String, String)> = sqlx::query_as(MEMBERSHIPS)
        .bind(&role.name)
        .bind(PREDEFINED)
        .fetch_all(&mut *connection)
        .await?;
    for (direct, reached, revoke) in memberships {
        report.fault(
            "role",
            format!("{name} is a member of {direct}, and may do what {reached} may"),
            [revoke],
        );
    }
    if role.ends_soon {
        report.warning(
            "role",
            format!("the password of {name} ends within 14 days, or has ended"),
            [
                role.new_password(),
                format!("alter role {name} valid until '{}';", role.next_end),
            ],
        );
    }
    report.fine("role", format!("{name} is an ordinary role"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::for_shell;

    #[test]
    fn a_name_is_one_word_of_a_shell() {
        assert_eq!(for_shell("byline_service-2"), "byline_service-2");
        assert_eq!(for_shell("it's $HOME"), r"'it'\''s $HOME'");
    }
}
