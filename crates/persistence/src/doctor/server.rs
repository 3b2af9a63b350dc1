//! The server, and the way to it.

use std::net::IpAddr;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};

use super::made::{TRIGRAMS, made};
use super::report::Report;
use super::role::Home;
use super::setting;

/// The oldest that the statements of the service are written for.
const OLDEST: i32 = 150_000;

pub(super) async fn check(
    connection: &mut PgConnection,
    options: &PgConnectOptions,
    home: Option<&Home>,
    is_service: bool,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    check_way(connection, options, report).await?;
    check_version(connection, report).await?;
    check_letters(connection, report).await?;
    check_extension(connection, home, report).await?;
    check_durability(connection, is_service, report).await
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
    home: Option<&Home>,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let (installed, offered): (Option<String>, Option<String>) = sqlx::query_as(
        "select (select extversion from pg_extension where extname = 'pg_trgm'),
            (select default_version from pg_available_extensions where name = 'pg_trgm')",
    )
    .fetch_one(&mut *connection)
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
            extension_again(home),
        ),
        (None, None) => report.fault(
            "extensions",
            "the server does not have pg_trgm",
            ["install PostgreSQL's contrib package on the server".to_owned()],
        ),
    }
    Ok(())
}

/// Makes it where migrations do, and the indexes that went with it.
fn extension_again(home: Option<&Home>) -> Vec<String> {
    let Some(Home { schema, .. }) = home else {
        return vec!["create extension pg_trgm;".to_owned()];
    };
    let indexes = made("index").into_iter();
    let indexes = indexes.filter(|made| made.mentions(TRIGRAMS));
    std::iter::once(format!("create extension pg_trgm schema {schema};"))
        .chain(indexes.flat_map(|made| made.trigrams_again(schema)))
        .collect()
}

async fn check_durability(
    connection: &mut PgConnection,
    is_service: bool,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let names = ["fsync", "full_page_writes", "synchronous_commit"];
    for setting in setting::read(connection, &names).await? {
        if setting.value != "off" || (setting.is_of_its_user() && !is_service) {
            continue;
        }
        let name = &setting.name;
        let loses = if name == "synchronous_commit" {
            "a crash loses changes that callers were told of"
        } else {
            "a crash can lose everything"
        };
        let says = format!("{name} is off: {loses}");
        report.warning("durability", says, setting.mend("on"));
    }
    let fine = if is_service {
        "what is committed stays"
    } else {
        "what is committed stays, as far as the service's role has no settings of its own"
    };
    report.fine("durability", fine);
    Ok(())
}
