//! Looks whether schemas are the same.

use sqlx::postgres::PgConnectOptions;

use super::SchemaError;
use super::allow::allowed;
use super::catalog::Catalog;
use super::diff::{Difference, differences};
use super::scratch::{Scratch, ScratchOptions};
use crate::migrate::{MigrateError, Migrations, RunOptions, Runner, Standing};

/// What is different.
#[derive(Debug)]
pub struct Checked {
    /// What the migrations lack of `schema.sql`; none if there is no such file.
    pub schema: Option<Vec<Difference>>,
    /// What a database in use lacks of what the migrations make, if one was looked at.
    pub live: Option<Live>,
}

/// What is different in a database in use.
#[derive(Debug)]
pub struct Live {
    /// The migrations that its ledger lacks, such as `0006 nickname`, or why that is not
    /// known. Empty if it has no ledger, and is the same without one.
    pub lacks: Result<Vec<String>, MigrateError>,
    /// What it lacks of what the migrations make.
    pub differences: Vec<Difference>,
    /// What is different and may be, as `schema.sql` says.
    pub allowed: Vec<Difference>,
    /// The versions of its server and of the scratch server if their first parts differ:
    /// PostgreSQL may write the same thing otherwise then.
    pub versions: Option<(String, String)>,
}

/// Compares `schema.sql` with what the migrations make, and what the migrations make with
/// a database in use, of which the catalog and the ledger are read and nothing changed.
/// It is an error if there is neither `schema.sql` nor a database.
pub async fn check(
    migrations: &Migrations,
    scratch: &ScratchOptions,
    live: Option<&PgConnectOptions>,
) -> Result<Checked, SchemaError> {
    if migrations.schema().is_none() && live.is_none() {
        return Err(SchemaError::NoSchema);
    }
    let mut scratch = Scratch::open(scratch).await?;
    let result = Box::pin(compare(migrations, &mut scratch, live)).await;
    scratch.close().await;
    result
}

async fn compare(
    migrations: &Migrations,
    scratch: &mut Scratch,
    live: Option<&PgConnectOptions>,
) -> Result<Checked, SchemaError> {
    let made = made(migrations, scratch).await?;
    let made = Catalog::read(&made).await?;
    let schema = match wanted(migrations, scratch).await? {
        Some(wanted) => Some(differences(&made, &Catalog::read(&wanted).await?)),
        None => None,
    };
    let live = match live {
        Some(live) => Some(compare_live(migrations, &made, live).await?),
        None => None,
    };
    Ok(Checked { schema, live })
}

async fn compare_live(
    migrations: &Migrations,
    made: &Catalog,
    server: &PgConnectOptions,
) -> Result<Live, SchemaError> {
    let live = Catalog::read_in_use(server)
        .await
        .map_err(SchemaError::of_live)?;
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    let (one, other) = (live.version(), made.version());
    let differ = major(one) != major(other);
    let allowed = allowed(migrations.schema().unwrap_or_default())?;
    let (allowed, differences): (_, Vec<_>) = differences(&live, made)
        .into_iter()
        .partition(|difference| allowed.contains(&difference.object.to_string()));
    let runner = Runner::new(server, migrations, RunOptions::default());
    let lacks = runner.lines().await.map(|lines| {
        let has_ledger = lines.iter().any(|line| line.entry.is_some());
        let pending = lines
            .iter()
            .filter(|line| line.standing == Standing::Pending)
            .map(|line| format!("{:04} {}", line.version, line.name()));
        if has_ledger || !differences.is_empty() {
            pending.collect()
        } else {
            Vec::new()
        }
    });
    Ok(Live {
        lacks,
        versions: differ.then(|| (one.to_owned(), other.to_owned())),
        differences,
        allowed,
    })
}

/// How migrations run over a scratch database, which has no rows but theirs.
pub(super) fn over_scratch() -> RunOptions {
    RunOptions {
        tells_values: true,
        ..RunOptions::default()
    }
}

/// A scratch database with what the migrations make.
pub(super) async fn made(
    migrations: &Migrations,
    scratch: &mut Scratch,
) -> Result<PgConnectOptions, SchemaError> {
    let database = scratch.database().await?;
    Runner::new(&database, migrations, over_scratch())
        .up(None, |_| {})
        .await?;
    Ok(database)
}

/// A scratch database with what `schema.sql` makes, if there is one.
pub(super) async fn wanted(
    migrations: &Migrations,
    scratch: &mut Scratch,
) -> Result<Option<PgConnectOptions>, SchemaError> {
    let Some(schema) = migrations.schema_alone() else {
        return Ok(None);
    };
    let database = scratch.database().await?;
    let done = Runner::new(&database, &schema, over_scratch())
        .up(None, |_| {})
        .await;
    match done {
        Ok(()) => Ok(Some(database)),
        Err(
            MigrateError::Failed { line, message, .. } | MigrateError::Unfit { line, message, .. },
        ) => Err(of_line(&schema, line, message)),
        Err(error) => Err(error.into()),
    }
}

/// What is wrong with that line of `schema.sql`. A dump may have lines for psql in it.
fn of_line(schema: &Migrations, line: usize, message: String) -> SchemaError {
    let text = schema.all().first().map(|schema| schema.up.sql.as_str());
    let text = text.and_then(|text| text.lines().nth(line.checked_sub(1)?));
    match text.filter(|text| text.starts_with('\\')) {
        Some(command) => SchemaError::Schema {
            line,
            message: format!("`{command}` is a command of psql and no SQL: take the line out"),
        },
        None => SchemaError::Schema { line, message },
    }
}
