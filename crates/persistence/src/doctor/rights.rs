//! What the role may do in this database, beside what it shall.

use sqlx::postgres::PgConnection;

use super::report::Report;
use super::role::{ANOTHER_ROLE, Home, Role};
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

pub(super) async fn check(
    connection: &mut PgConnection,
    home: Option<&Home>,
    role: &Role,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let Some(home) = home else {
        for name in ["ownership", "search-path", "security-definer"] {
            report.skipped(name, "the database has none of Byline's tables");
        }
        for (name, _) in BY_GRANTS {
            report.skipped(name, "the database has none of Byline's tables");
        }
        return Ok(());
    };
    let name = &role.quoted;
    if let Some(why) = role.unbound(connection, home).await? {
        report.fault(
            "ownership",
            format!(
                "{name} {why}: it may change the schema and the audit log, whatever is granted"
            ),
            ANOTHER_ROLE.map(str::to_owned),
        );
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
    check_search_path(connection, home, role, report).await?;
    check_definers(connection, home, report).await
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
async fn check_definers(
    connection: &mut PgConnection,
    home: &Home,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let functions: Vec<(String, Option<String>)> = sqlx::query_as(
        "select p.oid::regprocedure::text, (
            select substr(setting, 13) from unnest(p.proconfig) setting
            where setting like 'search\\_path=%'
        ) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema') order by 1",
    )
    .fetch_all(connection)
    .await?;
    for (function, path) in functions {
        if !path.as_deref().is_some_and(is_pinned) {
            report.fault(
                "security-definer",
                format!(
                    "{function} runs with the rights of its owner, and its search_path does not \
                     end with pg_temp"
                ),
                [format!(
                    "alter function {function} set search_path = pg_catalog, {}, pg_temp;",
                    home.schema
                )],
            );
        }
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
