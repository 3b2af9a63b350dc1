//! What would run, as one script for psql, without a database to ask.

use std::fmt::Write as _;
use std::time::Duration;

use super::error::MigrateError;
use super::ledger::TABLE;
use super::source::{Migration, Migrations, Script};

/// The script from one version to another, either way; 0 is before all of them. Its statements are the
/// runner's, the ledger's included, and each migration refuses a database that is
/// elsewhere.
pub fn script(
    migrations: &Migrations,
    from: i64,
    to: i64,
    lock_timeout: Duration,
) -> Result<String, MigrateError> {
    for version in [from, to] {
        if version != 0 && migrations.find(version).is_none() {
            return Err(MigrateError::NoSuchVersion(version));
        }
    }
    let between = migrations
        .all()
        .iter()
        .filter(|migration| migration.version > from.min(to) && migration.version <= from.max(to));
    let mut text = format!(
        "-- From {from:04} to {to:04}, for `psql --set ON_ERROR_STOP=1`.\n\
         set statement_timeout = 0;\n\
         set lock_timeout = '{}ms';\n",
        lock_timeout.as_millis()
    );
    if from <= to {
        let _ = writeln!(text, "{TABLE};");
        let mut before = from;
        for migration in between {
            part(&mut text, migration, &migration.up, before, Way::Up);
            before = migration.version;
        }
    } else {
        for migration in between.rev() {
            let down = migration.down.as_ref();
            let down = down.ok_or_else(|| MigrateError::NoWayBack(migration.to_string()))?;
            part(&mut text, migration, down, migration.version, Way::Down);
        }
    }
    Ok(text)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

fn part(text: &mut String, migration: &Migration, script: &Script, newest: i64, way: Way) {
    let _ = writeln!(text, "\n-- {}", script.file);
    let tell = if way == Way::Up {
        written(migration, true)
    } else {
        forgotten(migration)
    };
    if script.no_transaction {
        let _ = write!(text, "{}", guard(newest));
        if way == Way::Up {
            text.push_str(&written(migration, false));
        }
        let _ = write!(text, "{}\n;\n{tell}", script.sql.trim_end());
    } else {
        let _ = write!(
            text,
            "begin;\n{}{}\n;\n{tell}commit;\n",
            guard(newest),
            script.sql.trim_end()
        );
    }
}

/// Stops a script that is run on another database, or a second time.
fn guard(newest: i64) -> String {
    format!(
        "do $guard$ begin\n    \
         if coalesce((select max(version) from _sqlx_migrations where success), 0) <> {newest} then\n        \
         raise exception 'the newest migration of this database is not {newest:04}';\n    \
         end if;\nend $guard$;\n"
    )
}

fn written(migration: &Migration, success: bool) -> String {
    let mut checksum = String::new();
    for byte in &migration.up.checksum {
        let _ = write!(checksum, "{byte:02x}");
    }
    let description = migration.description().replace('\'', "''");
    format!(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)\n    \
         values ({}, '{description}', {success}, '\\x{checksum}', -1)\n    \
         on conflict (version) do update set success = excluded.success;\n",
        migration.version
    )
}

fn forgotten(migration: &Migration) -> String {
    format!(
        "delete from _sqlx_migrations where version = {};\n",
        migration.version
    )
}
