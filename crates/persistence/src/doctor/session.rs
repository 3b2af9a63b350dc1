//! What a session of the service is like, as far as it can be seen.

use sqlx::postgres::PgConnection;

use super::report::Report;
use super::role::Role;
use super::setting;
use crate::pool::{PoolSettings, bounds};

/// The checks that say nothing where there is no such role.
pub(super) const CHECKS: [&str; 3] = ["settings", "password", "connections"];

pub(super) async fn check(
    connection: &mut PgConnection,
    role: &Role,
    pool: &PoolSettings,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    if role.is_me {
        check_settings(connection, pool, report).await?;
    } else {
        let says = format!("only {} itself can see its own", role.quoted);
        report.skipped("settings", says);
    }
    check_password(connection, role, report).await?;
    check_connections(connection, role, pool, report).await
}

/// Settings that are in the service's way, and what they shall be.
const WANTED: &[(&str, &str, &str)] = &[
    (
        "default_transaction_isolation",
        "read committed",
        "changes fail that should wait",
    ),
    (
        "default_transaction_read_only",
        "off",
        "nothing can be written",
    ),
    (
        "session_replication_role",
        "origin",
        "neither triggers nor foreign keys are heeded",
    ),
    (
        "transaction_timeout",
        "0",
        "imports and exports are ended by it",
    ),
    (
        "idle_session_timeout",
        "0",
        "connections that wait for calls are ended by it",
    ),
];

async fn check_settings(
    connection: &mut PgConnection,
    pool: &PoolSettings,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let bounds = bounds(pool);
    let names = bounds.iter().map(|(name, _)| *name);
    let names: Vec<_> = names.chain(WANTED.iter().map(|(name, ..)| *name)).collect();
    for setting in setting::read(connection, &names).await? {
        let (name, value) = (&setting.name, &setting.value);
        if let Some((_, asked)) = bounds.iter().find(|(bound, _)| bound == name) {
            if asked != value {
                report.warning(
                    "settings",
                    format!("{name} is {value} ms, where {asked} ms were asked for"),
                    ["connect to the server itself: a pooler on the way drops what a session asks \
                      for".to_owned()],
                );
            }
            continue;
        }
        let wanted = WANTED.iter().find(|(wanted, ..)| wanted == name);
        if let Some((_, wanted, why)) = wanted.filter(|(_, wanted, _)| wanted != value) {
            let mend = setting.mend(wanted);
            report.fault("settings", format!("{name} is {value}: {why}"), mend);
        }
    }
    report.fine("settings", "a session is as the service asks");
    Ok(())
}

/// How passwords are to be kept.
const SCRAM: &str = "scram-sha-256";

async fn check_password(
    connection: &mut PgConnection,
    role: &Role,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    for setting in setting::read(connection, &["password_encryption"]).await? {
        if setting.value != SCRAM && (role.is_me || !setting.is_of_its_user()) {
            let says = format!(
                "password_encryption is {}: new passwords are kept as weak hashes",
                setting.value
            );
            report.warning("password", says, setting.mend(SCRAM));
        }
    }
    let can_read: bool = sqlx::query_scalar(
        "select has_column_privilege('pg_catalog.pg_authid', 'rolpassword', 'select')",
    )
    .fetch_one(&mut *connection)
    .await?;
    if !can_read {
        report.fine(
            "password",
            "new ones are kept by SCRAM; how its own is kept, it cannot see",
        );
        return Ok(());
    }
    let is_md5: bool = sqlx::query_scalar(
        "select coalesce(rolpassword like 'md5%', false) from pg_authid where rolname = $1::name",
    )
    .bind(&role.name)
    .fetch_one(connection)
    .await?;
    if is_md5 {
        report.warning(
            "password",
            format!("the password of {} is kept as a hash of MD5", role.quoted),
            [role.new_password()],
        );
    }
    report.fine("password", "kept by SCRAM, or there is none");
    Ok(())
}

/// One that watches over a transfer, and one for a command beside the server.
const BESIDE_THE_POOL: i64 = 2;

async fn check_connections(
    connection: &mut PgConnection,
    role: &Role,
    pool: &PoolSettings,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let (of_server, of_database, database): (i64, i64, String) = sqlx::query_as(
        "select sum(case name when 'max_connections' then setting::bigint
                else -setting::bigint end)::bigint,
            (select datconnlimit::bigint from pg_database where datname = current_database()),
            quote_ident(current_database())
        from pg_settings where name in
            ('max_connections', 'superuser_reserved_connections', 'reserved_connections')",
    )
    .fetch_one(connection)
    .await?;
    let of_role = i64::from(role.connections);
    let limits = [of_server, of_database, of_role];
    let most = limits.into_iter().filter(|limit| *limit >= 0).min();
    let most = most.unwrap_or(i64::MAX);
    let size = i64::from(pool.max_connections);
    let needed = size + BESIDE_THE_POOL;
    if most < needed {
        let is_short = |limit: i64| (0..needed).contains(&limit);
        let mends = [
            is_short(of_role)
                .then(|| format!("alter role {} connection limit {needed};", role.quoted)),
            is_short(of_database)
                .then(|| format!("alter database {database} connection limit {needed};")),
            is_short(of_server).then(|| {
                "make --pool-size smaller, or max_connections of the server larger".to_owned()
            }),
        ];
        report.warning(
            "connections",
            format!("{most} can be had, where one server with --pool-size {size} needs {needed}"),
            mends.into_iter().flatten(),
        );
    }
    report.fine(
        "connections",
        format!(
            "{most} can be had: enough for {} servers with --pool-size {size}",
            most / needed
        ),
    );
    Ok(())
}
