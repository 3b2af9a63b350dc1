//! The server, the way to it, and what a session there is like.

use std::net::IpAddr;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};

use super::report::Report;
use super::role::Role;
use crate::pool::{PoolSettings, bounds};

/// The oldest that the statements of the service are written for.
const OLDEST: i32 = 150_000;

const RELOAD: &str = "select pg_reload_conf();";

pub(super) async fn check(
    connection: &mut PgConnection,
    options: &PgConnectOptions,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    check_way(connection, options, report).await?;
    check_version(connection, report).await?;
    check_letters(connection, report).await?;
    check_extension(connection, report).await?;
    check_durability(connection, report).await
}

/// Whether others could listen, or pose as the server.
async fn check_way(
    connection: &mut PgConnection,
    options: &PgConnectOptions,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let (tls, is_socket, is_here): (Option<String>, bool, bool) = sqlx::query_as(
        "select (select version from pg_stat_ssl where pid = pg_backend_pid() and ssl),
            inet_server_addr() is null,
            coalesce(inet_server_addr() <<= '127.0.0.0/8' or inet_server_addr() = '::1', false)",
    )
    .fetch_one(connection)
    .await?;
    let host = options.get_host();
    let is_named_here =
        host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let is_verified = matches!(options.get_ssl_mode(), PgSslMode::VerifyFull);
    let mend = "add sslmode=verify-full&sslrootcert=/path/to/ca.pem to the URL's query";
    match tls {
        _ if is_socket => report.fine("connection", "by a Unix socket"),
        None if is_here || is_named_here => report.fine("connection", "without TLS, on this host"),
        None => report.fault(
            "connection",
            "without TLS: whoever is on the way can read and change everything",
            [mend.to_owned()],
        ),
        Some(version) if is_verified || is_here || is_named_here => {
            report.fine("connection", format!("by {version}"));
        }
        Some(version) => report.warning(
            "connection",
            format!("by {version}, but anybody could pose as the server: its name is not verified"),
            [mend.to_owned()],
        ),
    }
    Ok(())
}

async fn check_version(
    connection: &mut PgConnection,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let (number, version, is_standby): (i32, String, bool) = sqlx::query_as(
        "select current_setting('server_version_num')::integer, current_setting('server_version'),
            pg_is_in_recovery()",
    )
    .fetch_one(connection)
    .await?;
    if number < OLDEST {
        report.fault(
            "server",
            format!("PostgreSQL {version}: the service is written for 15 and newer"),
            ["upgrade the server to PostgreSQL 15 or newer".to_owned()],
        );
    }
    if is_standby {
        report.fault(
            "server",
            "it is a standby, where nothing can be written",
            ["name the primary in the URL, or `select pg_promote();` here".to_owned()],
        );
    }
    report.fine("server", format!("PostgreSQL {version}"));
    Ok(())
}

async fn check_letters(
    connection: &mut PgConnection,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let encoding: String = sqlx::query_scalar("select current_setting('server_encoding')")
        .fetch_one(&mut *connection)
        .await?;
    // In another encoding, the question itself would fail.
    let knows_letters = encoding == "UTF8"
        && sqlx::query_scalar("select lower('ÉЯ') = 'éя'")
            .fetch_one(connection)
            .await?;
    if !knows_letters {
        report.fault(
            "encoding",
            format!("{encoding}, in which letters beyond ASCII are not known"),
            [
                "create database NAME template template0 encoding 'UTF8' locale 'C.UTF-8';"
                    .to_owned(),
            ],
        );
    }
    report.fine("encoding", "UTF8, and a locale that knows its letters");
    Ok(())
}

async fn check_extension(
    connection: &mut PgConnection,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let (installed, offered): (Option<String>, Option<String>) = sqlx::query_as(
        "select (select extversion from pg_extension where extname = 'pg_trgm'),
            (select default_version from pg_available_extensions where name = 'pg_trgm')",
    )
    .fetch_one(connection)
    .await?;
    match (installed, offered) {
        (Some(has), Some(offered)) if has != offered => report.hint(
            "extensions",
            format!("pg_trgm is {has}, where the server has {offered}"),
            ["alter extension pg_trgm update;".to_owned()],
        ),
        (Some(has), _) => report.fine("extensions", format!("pg_trgm {has}")),
        (None, Some(_)) => report.fault(
            "extensions",
            "pg_trgm is not in the database: migrations put it there",
            ["create extension pg_trgm;".to_owned()],
        ),
        (None, None) => report.fault(
            "extensions",
            "the server does not have pg_trgm",
            ["install PostgreSQL's contrib package on the server".to_owned()],
        ),
    }
    Ok(())
}

async fn check_durability(
    connection: &mut PgConnection,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let off: Vec<String> = sqlx::query_scalar(
        "select name from pg_settings where setting = 'off'
        and name in ('fsync', 'full_page_writes', 'synchronous_commit') order by name",
    )
    .fetch_all(connection)
    .await?;
    for name in off {
        let loses = if name == "synchronous_commit" {
            "a crash loses changes that callers were told of"
        } else {
            "a crash can lose everything"
        };
        report.warning(
            "durability",
            format!("{name} is off: {loses}"),
            [format!("alter system set {name} = on;"), RELOAD.to_owned()],
        );
    }
    report.fine("durability", "what is committed stays");
    Ok(())
}

/// What a session of the role is like, as far as it can be seen.
pub(super) async fn check_session(
    connection: &mut PgConnection,
    role: &Role,
    pool: &PoolSettings,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    if role.is_me {
        check_settings(connection, role, pool, report).await?;
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
    role: &Role,
    pool: &PoolSettings,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let bounds = bounds(pool);
    let names = bounds.iter().map(|(name, _)| *name);
    let names: Vec<_> = names.chain(WANTED.iter().map(|(name, ..)| *name)).collect();
    let settings: Vec<(String, String, String, String)> = sqlx::query_as(
        "select name, setting, source, quote_ident(current_database())
        from pg_settings where name = any($1) order by name",
    )
    .bind(names)
    .fetch_all(connection)
    .await?;
    for (name, setting, source, database) in settings {
        if let Some((_, asked)) = bounds.iter().find(|(bound, _)| *bound == name) {
            if *asked != setting {
                report.warning(
                    "settings",
                    format!("{name} is {setting} ms, where {asked} ms were asked for"),
                    ["connect to the server itself: a pooler on the way drops what a session asks \
                      for".to_owned()],
                );
            }
            continue;
        }
        let wanted = WANTED.iter().find(|(wanted, ..)| *wanted == name);
        let Some((_, _, why)) = wanted.filter(|(_, wanted, _)| *wanted != setting) else {
            continue;
        };
        let role = &role.quoted;
        let mend = match source.as_str() {
            "user" => vec![format!("alter role {role} reset {name};")],
            "database" => vec![format!("alter database {database} reset {name};")],
            "database user" => {
                vec![format!(
                    "alter role {role} in database {database} reset {name};"
                )]
            }
            _ => vec![format!("alter system reset {name};"), RELOAD.to_owned()],
        };
        report.fault("settings", format!("{name} is {setting}: {why}"), mend);
    }
    report.fine("settings", "a session is as the service asks");
    Ok(())
}

async fn check_password(
    connection: &mut PgConnection,
    role: &Role,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let (encryption, can_read): (String, bool) = sqlx::query_as(
        "select current_setting('password_encryption'),
            has_column_privilege('pg_catalog.pg_authid', 'rolpassword', 'select')",
    )
    .fetch_one(&mut *connection)
    .await?;
    if encryption != "scram-sha-256" {
        report.warning(
            "password",
            format!("password_encryption is {encryption}: new passwords are kept as weak hashes"),
            [
                "alter system set password_encryption = 'scram-sha-256';".to_owned(),
                RELOAD.to_owned(),
            ],
        );
    }
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
            [format!(
                "set it anew with psql's `\\password {}`",
                role.quoted
            )],
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
    let (of_server, of_database): (i64, i64) = sqlx::query_as(
        "select sum(case name when 'max_connections' then setting::bigint
                else -setting::bigint end)::bigint,
            (select datconnlimit::bigint from pg_database where datname = current_database())
        from pg_settings where name in
            ('max_connections', 'superuser_reserved_connections', 'reserved_connections')",
    )
    .fetch_one(connection)
    .await?;
    let limits = [of_server, of_database, i64::from(role.connections)];
    let most = limits.into_iter().filter(|limit| *limit >= 0).min();
    let most = most.unwrap_or(i64::MAX);
    let size = i64::from(pool.max_connections);
    let needed = size + BESIDE_THE_POOL;
    if most < needed {
        report.warning(
            "connections",
            format!("{most} can be had, where one server with --pool-size {size} needs {needed}"),
            ["make --pool-size smaller, or the limits of the server, the database or the role larger"
                .to_owned()],
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
