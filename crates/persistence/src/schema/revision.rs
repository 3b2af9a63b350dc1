//! Generates the migrations that make of the schema what `schema.sql` says.

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Postgres, QueryBuilder};

use super::SchemaError;
use super::catalog::Catalog;
use super::check::{made, over_scratch, wanted};
use super::diff::{self, Difference, Rename, differences, plan};
use super::files::files;
use super::lost::{Lost, lost};
use super::scratch::{Scratch, ScratchOptions};
use crate::error::Redacted;
use crate::migrate::source::statements::statements;
use crate::migrate::write::{NewFile, slug};
use crate::migrate::{Down, MigrateError, Migrations, Runner};

/// Migrations that were tried, and are not written yet.
#[derive(Debug)]
pub struct Revision {
    /// What they change.
    pub differences: Vec<Difference>,
    /// The tables and columns whose values they take away.
    pub lost: Vec<Lost>,
    /// Their files, to be given to [`write`](crate::migrate::write::write); none if there
    /// is nothing to do.
    pub files: Vec<NewFile>,
}

/// Generates migrations of that name, with the given `renames` (`table.old:new` for a
/// column, a constraint or a trigger, `old:new` for anything else), and tries them on
/// empty databases, up and down. What cannot be made, or does not come out right, is an
/// error that says what.
pub async fn revision(
    migrations: &Migrations,
    name: &str,
    renames: &[String],
    scratch: &ScratchOptions,
) -> Result<Revision, SchemaError> {
    let slug = slug(name)?;
    let renames: Result<Vec<Rename>, String> =
        renames.iter().map(|text| Rename::parse(text)).collect();
    let renames = renames.map_err(SchemaError::Malformed)?;
    let mut scratch = Scratch::open(scratch).await?;
    let result = Box::pin(generate(migrations, &slug, &renames, &mut scratch)).await;
    scratch.close().await;
    result
}

async fn generate(
    migrations: &Migrations,
    slug: &str,
    renames: &[Rename],
    scratch: &mut Scratch,
) -> Result<Revision, SchemaError> {
    let wanted = wanted(migrations, scratch)
        .await?
        .ok_or(SchemaError::NoSchema)?;
    let wanted = Catalog::read(&wanted).await?;
    let database = made(migrations, scratch).await?;
    let before = Catalog::read(&database).await?;
    let differences = differences(&before, &wanted);
    let renames = diff::statements(&before, &wanted, renames).map_err(SchemaError::Rename)?;
    let from = if renames.is_empty() {
        before.clone()
    } else {
        read_renamed(&database, &renames).await?
    };
    let phases = plan(&from, &wanted, &renames).map_err(SchemaError::Inexpressible)?;
    let files = files(migrations, slug, &phases);
    if !files.is_empty() {
        try_out(migrations, &files, &database, &before, &wanted).await?;
    }
    Ok(Revision {
        differences,
        lost: lost(&before, &from, &wanted),
        files,
    })
}

/// What the database holds once things have their new names, in all definitions too.
async fn read_renamed(
    database: &PgConnectOptions,
    renames: &[(String, String)],
) -> Result<Catalog, SchemaError> {
    let mut connection = database.connect().await?;
    sqlx::raw_sql("begin").execute(&mut connection).await?;
    for (statement, _) in renames {
        let sql = QueryBuilder::<Postgres>::new(statement.as_str()).into_sql();
        let done = sqlx::raw_sql(sql).execute(&mut connection).await;
        done.map_err(|error| {
            let error = Redacted::from(error);
            SchemaError::Rename(format!("`{statement}` fails: {error}"))
        })?;
    }
    let catalog = Catalog::read_inside(&mut connection).await?;
    connection.close().await?;
    Ok(catalog)
}

/// Applies the files to the migrations' database, and takes them back. It has to come out
/// where `schema.sql` is, and where it was.
async fn try_out(
    migrations: &Migrations,
    files: &[NewFile],
    database: &PgConnectOptions,
    before: &Catalog,
    wanted: &Catalog,
) -> Result<(), SchemaError> {
    let texts = files
        .iter()
        .map(|file| (file.name.as_str(), file.text.as_str()));
    let all = migrations.followed_by(texts);
    let runner = Runner::new(database, &all, over_scratch());
    let refused = |error: MigrateError| SchemaError::Inexpressible(vec![refusal(files, &error)]);
    runner.up(None, |_| {}).await.map_err(refused)?;
    let left = differences(&Catalog::read(database).await?, wanted);
    if !left.is_empty() {
        return Err(SchemaError::Inexpressible(told(&left, "")));
    }
    let target = Down::To(migrations.head());
    runner.down(target, |_| {}).await.map_err(refused)?;
    let left = differences(&Catalog::read(database).await?, before);
    if !left.is_empty() {
        return Err(SchemaError::Inexpressible(told(&left, "the way back: ")));
    }
    Ok(())
}

/// What of the files fails, which nobody can look up in them.
fn refusal(files: &[NewFile], error: &MigrateError) -> String {
    if let MigrateError::Failed {
        file,
        line,
        message,
        ..
    } = error
        && let Some(generated) = files.iter().find(|generated| generated.name == *file)
    {
        let all = statements(&generated.text).unwrap_or_default();
        let found = all.iter().rev().find(|statement| statement.line <= *line);
        if let Some(statement) = found {
            let mut lines = statement.text.lines();
            let first = lines.next().unwrap_or_default();
            let more = if lines.next().is_some() { " …" } else { "" };
            return format!("`{first}{more}` fails: {message}");
        }
    }
    format!("what was generated fails: {error}")
}

fn told(differences: &[Difference], way: &str) -> Vec<String> {
    let lines = differences.iter();
    lines
        .map(|difference| format!("{way}{difference}"))
        .collect()
}
