//! Databases for tests. All tests of one run share one private PostgreSQL; each
//! gets a database of its own, copied from a migrated template. Nothing is left
//! behind: a watchdog ends the server with the run.

mod process;
mod run;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection as _};

use self::run::TestRun;
use crate::embedded::{self, EmbeddedError};
use crate::{Database, PoolSettings, grants, migrate};

const UNMIGRATED: &str = "template1";
const TEMPLATE: &str = "byline_template";
/// The one of which a copy may have another locale.
const OF_ANY_LOCALE: &str = "template0";

/// The role that owns what is in a migrated database.
pub const OWNER: &str = "test_owner";
/// The role that the program connects as to a migrated database.
pub const SERVICE: &str = "test_service";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Lets the service add events of any time to the audit log.
pub const ANY_TIME: &str = "alter table audit_events disable trigger audit_events_are_of_now;
    alter table audit_batches disable trigger audit_batches_are_of_now";

/// A database of its own for one test; removed when dropped, so that a long run
/// does not fill the disk.
pub struct TestDatabase {
    server: PgConnectOptions,
    admin: PgConnectOptions,
    /// What the program connects as.
    program: &'static str,
}

impl TestDatabase {
    /// A migrated database without rows, which belongs to [`OWNER`] and is used by [`SERVICE`].
    pub async fn new() -> Self {
        Self::copy_of(TEMPLATE).await
    }

    /// The same for tests that set the clock: events of another time than the database's are kept.
    pub async fn of_any_time() -> Self {
        Self::filled("byline_of_any_time", ANY_TIME).await
    }

    /// A database without a schema.
    pub async fn unmigrated() -> Self {
        Self::copy_of(UNMIGRATED).await
    }

    /// A migrated database in which `fill` was run. It is run once, in a template of that
    /// name, and copied from there.
    pub async fn filled(template: &'static str, fill: &'static str) -> Self {
        let run = test_run().await;
        let mut admin = connect(&run.connect_options("postgres")).await;
        // Whoever comes first makes it; given back with the connection.
        execute(&mut admin, "select pg_advisory_lock(6201417)").await;
        let is_made: bool =
            sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
                .bind(template)
                .fetch_one(&mut admin)
                .await
                .expect("databases can be listed");
        if !is_made {
            let making = Self::new().await;
            let mut filler = making.connection().await;
            execute(&mut filler, fill).await;
            filler.close().await.expect("the filler ends");
            let name = making.server.get_database().unwrap_or_default();
            let mut sql = sqlx::QueryBuilder::<sqlx::Postgres>::new("alter database ");
            sql.push(name).push(" rename to ").push(template);
            let mut renamed = sql.build().execute(&mut admin).await;
            while renamed.as_ref().is_err_and(is_busy) {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                renamed = sql.build().execute(&mut admin).await;
            }
            // By that name it stays until the server ends.
            renamed.expect("the template gets its name");
        }
        admin.close().await.expect("the lock is given back");
        Self::copy_of(template).await
    }

    /// A migrated database that knows letters beyond ASCII and is on a system whose locale is C,
    /// by which PostgreSQL parts words.
    pub async fn in_locale_c() -> Self {
        let run = test_run().await;
        let mut admin = connect(&run.connect_options("postgres")).await;
        let version = "select current_setting('server_version_num')::bigint";
        let locale = if count(&mut admin, version).await < 170_000 {
            "locale_provider icu icu_locale 'und'"
        } else {
            "locale_provider builtin builtin_locale 'C.UTF-8'"
        };
        let _ = admin.close().await;
        let locale = format!(" encoding 'UTF8' lc_collate 'C' lc_ctype 'C' {locale}");
        let made = Self::make(OF_ANY_LOCALE, &locale).await;
        migrate_for_service(&made.server.clone().username(OWNER)).await;
        made
    }

    async fn copy_of(template: &'static str) -> Self {
        Self::make(template, "").await
    }

    async fn make(template: &'static str, locale: &str) -> Self {
        let run = test_run().await;
        let name = format!(
            "test_{}_{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let mut sql = sqlx::QueryBuilder::<sqlx::Postgres>::new("create database ");
        sql.push(&name).push(" template ").push(template);
        // In memory, block by block through the log, as is usual, takes more than twice as long.
        sql.push(" strategy file_copy").push(locale);
        // A superuser's, as long as nobody has migrated it.
        let program = if template == UNMIGRATED {
            embedded::USER
        } else {
            sql.push(" owner ").push(OWNER);
            SERVICE
        };
        let mut admin = connect(&run.connect_options("postgres")).await;
        // A template is closed to new databases while somebody is connected to it.
        for attempt in 0.. {
            match sql.build().execute(&mut admin).await {
                Ok(_) => break,
                Err(error) if attempt < 100 && is_busy(&error) => {
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
                Err(error) => panic!("a test's database could not be made: {error}"),
            }
        }
        let _ = admin.close().await;
        Self {
            server: run.connect_options(&name),
            admin: run.connect_options("postgres"),
            program,
        }
    }

    /// How a superuser connects to it.
    pub fn connect_options(&self) -> PgConnectOptions {
        self.server.clone()
    }

    /// A superuser's URL.
    pub fn url(&self) -> String {
        self.url_as(embedded::USER)
    }

    /// The URL of the program.
    pub fn service_url(&self) -> String {
        self.url_as(self.program)
    }

    /// The URL of that role.
    pub fn url_as(&self, role: &str) -> String {
        let socket_dir = self.server.get_socket().map(PathBuf::as_path);
        embedded::url(
            socket_dir.unwrap_or(Path::new("")),
            self.server.get_database().unwrap_or_default(),
            role,
        )
    }

    /// The adapters over it, as the program has them, with a small pool.
    pub fn database(&self) -> Database {
        self.database_as(self.program)
    }

    /// The adapters of that role.
    pub fn database_as(&self, role: &str) -> Database {
        let settings = PoolSettings {
            max_connections: 8,
            // 64 callers of a test on two busy cores are no outage.
            acquire_timeout: std::time::Duration::from_secs(20),
            lock_timeout: std::time::Duration::from_secs(20),
            ..PoolSettings::default()
        };
        Database::new(self.connect_options().username(role), &settings)
    }

    /// A superuser's connection beside the adapters, to look behind their back.
    pub async fn connection(&self) -> PgConnection {
        connect(&self.server).await
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some(name) = self.server.get_database().map(str::to_owned) else {
            return;
        };
        let admin = self.admin.clone();
        // In a thread of its own, since the test's runtime may be on its way out.
        // What fails here is removed with the whole server at the end of the run.
        let removed = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let mut sql = sqlx::QueryBuilder::<sqlx::Postgres>::new("drop database ");
                sql.push(&name).push(" with (force)");
                let mut admin = admin.connect().await?;
                sql.build().execute(&mut admin).await?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            })
        });
        let _ = removed.join();
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.as_deref() == Some("55006")
}

async fn connect(server: &PgConnectOptions) -> PgConnection {
    server.connect().await.expect("the test server is running")
}

/// The server of this run, started by whoever asks first.
async fn test_run() -> TestRun {
    tokio::task::spawn_blocking(|| -> Result<TestRun, EmbeddedError> {
        TestRun::join(|run| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime to prepare the template in");
            runtime.block_on(async {
                let mut admin = connect(&run.connect_options("postgres")).await;
                for parts in [
                    ["create role ", OWNER, " login", ""],
                    ["create role ", SERVICE, " login", ""],
                    ["create database ", TEMPLATE, " owner ", OWNER],
                ] {
                    let mut sql = sqlx::QueryBuilder::<sqlx::Postgres>::new("");
                    for part in parts {
                        sql.push(part);
                    }
                    let made = sql.build().execute(&mut admin).await;
                    made.expect("the template and its roles can be made");
                }
                let _ = admin.close().await;
                let owner = run.connect_options(TEMPLATE).username(OWNER);
                migrate_for_service(&owner).await;
            });
        })
    })
    .await
    .expect("no panic while the test server starts")
    .expect("a test server can be started")
}

/// Migrates a database, and lets the service use it.
async fn migrate_for_service(owner: &PgConnectOptions) {
    let migrated = migrate::up(owner).await;
    migrated.expect("a database of tests can be migrated");
    let granted = grants::grant(owner, SERVICE, false).await;
    granted.expect("the service can be given its rights");
}

/// A connection beside the adapters.
pub type Connection = PgConnection;

/// Runs statements behind the adapters' back.
pub async fn execute(connection: &mut Connection, sql: &'static str) {
    sqlx::raw_sql(sql)
        .execute(connection)
        .await
        .expect("the statements of a test are fine");
}

/// Runs statements on a connection of their own.
pub async fn run_on(server: &PgConnectOptions, sql: &str) {
    let done = try_on(server, sql).await;
    done.unwrap_or_else(|why| panic!("{why}: {sql}"));
}

/// The same of statements that may fail; answers why they do.
pub async fn try_on(server: &PgConnectOptions, sql: &str) -> Result<(), String> {
    let mut connection = connect(server).await;
    let sql = sqlx::QueryBuilder::<sqlx::Postgres>::new(sql).into_sql();
    let done = sqlx::raw_sql(sql).execute(&mut connection).await;
    let _ = connection.close().await;
    done.map(drop).map_err(|error| error.to_string())
}

/// The number that a query answers.
pub async fn count(connection: &mut Connection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql)
        .fetch_one(connection)
        .await
        .expect("the query of a test is fine")
}

/// The texts that a query answers, one a row.
pub async fn rows(connection: &mut Connection, sql: &'static str) -> Vec<String> {
    sqlx::query_scalar(sql)
        .fetch_all(connection)
        .await
        .expect("the query of a test is fine")
}

const OTHERS: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
    and backend_type = 'client backend'";

/// Waits, for at most 10 seconds, until all other connections to the database have
/// ended, with which they report what they have looked at.
pub async fn others_have_ended(connection: &mut Connection) {
    let began = std::time::Instant::now();
    while count(connection, OTHERS).await > 0 {
        assert!(began.elapsed().as_secs() < 10, "connections stay");
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_test_has_a_migrated_database_of_its_own() {
        let (first, second) = (TestDatabase::new().await, TestDatabase::new().await);
        let mut connection = first.connection().await;
        execute(&mut connection, "create table mine (n bigint)").await;
        let question = "select count(*) from pg_class where relname in ('mine', 'users')";
        assert_eq!(count(&mut connection, question).await, 2);
        assert_eq!(count(&mut second.connection().await, question).await, 1);

        let empty = TestDatabase::unmigrated().await;
        let by_url: PgConnectOptions = empty.url().parse().unwrap();
        assert_eq!(count(&mut connect(&by_url).await, question).await, 0);
    }
}
