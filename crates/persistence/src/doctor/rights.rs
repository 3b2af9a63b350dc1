//! What the role may do in this database, beside what it shall.

use sqlx::postgres::PgConnection;

use super::made::{Made, made};
use super::report::Report;
use super::role::{self, Home, Role, Unbound};
use crate::grants::{TABLES, differences};

/// The checks that say nothing of a role which grants do not bind.
const BY_GRANTS: &[(&str, &str)] = &[
    ("create", "makes nothing in the database"),
    ("database", "may connect, and has temporary tables"),
    (
        "table-privileges",
        "may do with each table what it needs, and no more",
    ),
    (
        "function-privileges",
        "may run the functions that it needs, and no others",
    ),
];

/// What is looked at of a role in a database that has tables.
pub(super) const CHECKS: [&str; 6] = [
    "ownership",
    "create",
    "database",
    "table-privileges",
    "function-privileges",
    "search-path",
];

pub(super) async fn check(
    connection: &mut PgConnection,
    home: &Home,
    role: &Role,
    unbound: Option<&Unbound>,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let name = &role.quoted;
    if let Some(unbound) = unbound {
        let mend = match unbound {
            Unbound::Superuser => vec!["as is said of `role`".to_owned()],
            Unbound::Owner => role::another(connection, role).await?,
            Unbound::Member(revoke) => revoke.iter().cloned().chain([role.grant()]).collect(),
        };
        let says = format!(
            "{name} {}: it may change the schema and the audit log, whatever is granted",
            unbound.why()
        );
        report.fault("ownership", says, mend);
        for (check, _) in BY_GRANTS {
            report.skipped(check, format!("no grant binds {name}"));
        }
    } else {
        report.fine(
            "ownership",
            format!("{name} owns nothing, nor does a role it is in"),
        );
        let found = differences(connection, home, role).await?;
        for difference in found {
            report.fault(difference.check, difference.says, [difference.sql]);
        }
        for (check, fine) in BY_GRANTS {
            report.fine(check, format!("{name} {fine}"));
        }
    }
    check_search_path(connection, home, role, report).await
}

/// Whether names without a schema lead to Byline's tables, and nobody can put others before.
async fn check_search_path(
    connection: &mut PgConnection,
    home: &Home,
    role: &Role,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let name = &role.quoted;
    if !role.is_me {
        report.skipped("search-path", format!("only {name} itself can see its own"));
        return Ok(());
    }
    let (database, path): (String, Vec<String>) = sqlx::query_as(
        "select quote_ident(current_database()),
            array(select quote_ident(one) from unnest(current_schemas(false)) one)",
    )
    .fetch_one(&mut *connection)
    .await?;
    let schema = &home.schema;
    let mend = format!("alter role {name} in database {database} set search_path = {schema};");
    let tables: Vec<_> = TABLES.iter().map(|grant| grant.on).collect();
    let astray: Vec<String> = sqlx::query_scalar(
        "select there.oid::regclass::text from unnest($1::text[]) name
        join pg_class there on there.oid = to_regclass(name)
        join pg_namespace n on n.oid = there.relnamespace and quote_ident(n.nspname) <> $2
        order by 1",
    )
    .bind(tables)
    .bind(schema)
    .fetch_all(&mut *connection)
    .await?;
    if !path.contains(schema) {
        report.fault(
            "search-path",
            format!("the search_path of {name} does not lead to {schema}, where the tables are"),
            [mend],
        );
    } else if !astray.is_empty() {
        let says = format!("others hide the tables of {schema}: {}", astray.join(", "));
        report.fault("search-path", says, [mend]);
    } else if path.first() != Some(schema) {
        let before = path.iter().take_while(|one| *one != schema);
        let before: Vec<_> = before.map(String::as_str).collect();
        let before = before.join(", ");
        report.warning(
            "search-path",
            format!("{before} is looked through before {schema}: a table there hides ours"),
            [mend],
        );
    }
    report.fine("search-path", format!("names lead to {schema}"));
    Ok(())
}

/// Whether functions that run with the rights of their owner can be led astray: by a schema
/// that others write to, or by temporary tables, which come first unless they are named.
pub(super) async fn check_definers(
    connection: &mut PgConnection,
    home: &Home,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let functions: Vec<(String, Option<String>, Option<String>)> = sqlx::query_as(
        "select p.oid::regprocedure::text, (
            select substr(setting, 13) from unnest(p.proconfig) setting
            where setting like 'search\\_path=%'
        ), case when quote_ident(n.nspname) = $1 then p.proname::text end
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema') order by 1",
    )
    .bind(&home.schema)
    .fetch_all(connection)
    .await?;
    let ours = made("function");
    for (function, path, name) in functions {
        if path.as_deref().is_some_and(is_pinned) {
            continue;
        }
        let ours = ours.iter().find(|made| name.as_deref() == Some(made.name));
        // One that migrations make is to be as they make it.
        let path = match ours.and_then(Made::search_path) {
            Some(path) => path.to_owned(),
            None => format!("pg_catalog, {}, pg_temp", home.schema),
        };
        report.fault(
            "security-definer",
            format!(
                "{function} runs with the rights of its owner, and its search_path does not end \
                 with pg_temp"
            ),
            [format!(
                "alter function {function} set search_path = {path};"
            )],
        );
    }
    let fine = "functions that run as their owner look where their owner says";
    report.fine("security-definer", fine);
    Ok(())
}

/// Whether temporary tables come last, and nothing depends on who calls.
fn is_pinned(path: &str) -> bool {
    let parts: Vec<_> = path
        .split(',')
        .map(|it| it.trim().trim_matches('"'))
        .collect();
    let is_empty = parts.iter().all(|part| part.is_empty());
    let ends = parts.iter().position(|part| *part == "pg_temp") == Some(parts.len() - 1);
    (is_empty || ends) && !parts.contains(&"$user")
}

#[cfg(test)]
mod tests {
    use super::is_pinned;

    #[test]
    fn a_path_is_pinned_if_temporary_tables_come_last_or_nothing_is_looked_for() {
        for pinned in ["", "\"\"", "pg_catalog, public, pg_temp", "pg_temp"] {
            assert!(is_pinned(pinned), "{pinned}");
        }
        for open in [
            "public",
            "pg_temp, public",
            "\"$user\", public, pg_temp",
            "pg_temp, public, pg_temp",
        ] {
            assert!(!is_pinned(open), "{open}");
        }
    }
}
