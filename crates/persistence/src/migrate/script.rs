//! What would run, as one script for psql, without a database to ask.

use std::fmt::Write as _;
use std::time::Duration;

use super::error::MigrateError;
use super::ledger::{COLUMNS, NAME, UNMEASURED};
use super::run::KEY;
use super::source::statements::{IndexName, Statement, first_unfit, statements};
use super::source::{Migration, Migrations, Script};

/// The script from one version to another, either way; 0 is before all of them. Its statements
/// are the runner's, the ledger's included, and each migration refuses a database that is
/// elsewhere. It does not try again for locks that it does not get: play it again then.
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
    let mut writer = Writer {
        text: format!("-- From {from:04} to {to:04}, for `psql --set ON_ERROR_STOP=1`.\n"),
        lock_timeout,
    };
    writer.take_lock();
    if from <= to {
        writer.line(&format!("create table if not exists {NAME} {COLUMNS};"));
        let mut before = from;
        for migration in between {
            writer.migration(migration, &migration.up, before, Way::Up)?;
            before = migration.version;
        }
    } else {
        for migration in between.rev() {
            let down = migration.down.as_ref();
            let down = down.ok_or_else(|| MigrateError::NoWayBack(migration.to_string()))?;
            writer.migration(migration, down, migration.version, Way::Down)?;
        }
    }
    writer.line(&format!("\nselect pg_advisory_unlock({KEY});"));
    Ok(writer.text)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

struct Writer {
    text: String,
    lock_timeout: Duration,
}

impl Writer {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn take_lock(&mut self) {
        self.line(&format!(
            "do $guard$ begin\n    \
             if not pg_try_advisory_lock({KEY}) then\n        \
             raise exception 'another process is migrating this database';\n    \
             end if;\nend $guard$;"
        ));
    }

    /// What the runner does before each script, and before it tells the ledger.
    fn reset(&mut self) {
        let milliseconds = self.lock_timeout.as_millis();
        self.line(&format!(
            "reset session authorization; reset role; reset all;\n\
             set statement_timeout = 0; set idle_in_transaction_session_timeout = 0;\n\
             set lock_timeout = '{milliseconds}ms';"
        ));
    }

    fn migration(
        &mut self,
        migration: &Migration,
        script: &Script,
        newest: i64,
        way: Way,
    ) -> Result<(), MigrateError> {
        if let Some((line, why)) = first_unfit(&script.sql) {
            return Err(MigrateError::Unfit {
                file: script.file.clone(),
                line,
                message: why.to_string(),
            });
        }
        self.line(&format!("\n-- {}", script.file));
        self.reset();
        if script.no_transaction {
            self.line(&guard(newest));
            self.line(&match way {
                Way::Up => written(migration, false),
                Way::Down => format!(
                    "update {NAME} set success = false where version = {};",
                    migration.version
                ),
            });
            self.by_statement(script)?;
            self.reset();
        } else {
            self.line("begin;");
            self.line(&guard(newest));
            self.line(script.sql.trim_end());
            self.line(";");
            self.reset();
        }
        self.line(&match way {
            Way::Up => written(migration, true),
            Way::Down => format!("delete from {NAME} where version = {};", migration.version),
        });
        if !script.no_transaction {
            self.line("commit;");
        }
        Ok(())
    }

    fn by_statement(&mut self, script: &Script) -> Result<(), MigrateError> {
        let statements = statements(&script.sql).map_err(|error| MigrateError::Unfit {
            file: script.file.clone(),
            line: error.line,
            message: error.message,
        })?;
        for statement in &statements {
            self.statement(statement);
        }
        Ok(())
    }

    fn statement(&mut self, statement: &Statement<'_>) {
        if !statement.is_concurrent() {
            self.line(&format!("{};", statement.text));
            return;
        }
        // It is in nobody's way while it waits.
        self.line("set lock_timeout = 0;");
        if let Some(index) = statement.builds_concurrently() {
            // Whatever an earlier play of the script has left of it.
            self.line(&format!(
                "drop index concurrently if exists {};",
                quoted(index)
            ));
        }
        self.line(&format!("{};", statement.text));
        let milliseconds = self.lock_timeout.as_millis();
        self.line(&format!("set lock_timeout = '{milliseconds}ms';"));
    }
}

fn quoted(index: &IndexName) -> String {
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    match &index.schema {
        Some(schema) => format!("{}.{}", quote(schema), quote(&index.name)),
        None => quote(&index.name),
    }
}

/// Stops a script that is played on another database, or a second time.
fn guard(newest: i64) -> String {
    format!(
        "do $guard$ begin\n    \
         if coalesce((select max(version) from {NAME} where success), 0) <> {newest}\n        \
         and not exists (select from {NAME} where version = {newest} and not success) then\n        \
         raise exception 'the newest migration of this database is not {newest:04}';\n    \
         end if;\nend $guard$;"
    )
}

fn written(migration: &Migration, success: bool) -> String {
    let mut checksum = String::new();
    for byte in &migration.up.checksum {
        let _ = write!(checksum, "{byte:02x}");
    }
    let description = migration.description().replace('\'', "''");
    format!(
        "insert into {NAME} (version, description, success, checksum, execution_time)\n    \
         values ({}, '{description}', {success}, '\\x{checksum}', {UNMEASURED})\n    \
         on conflict (version) do update set success = excluded.success, checksum = excluded.checksum;",
        migration.version
    )
}
