//! Generates migrations from one text of a schema to another, and tries them.

use byline_persistence::PgConnectOptions;
use byline_persistence::migrate::lint::{Rule, lint};
use byline_persistence::migrate::write::{NewFile, write};
use byline_persistence::migrate::{Down, Migrations, RunOptions, Runner};
use byline_persistence::schema::{Catalog, SchemaError, ScratchOptions, differences, revision};
use byline_persistence::testing::TestDatabase;
use sqlx::{ConnectOptions as _, Connection as _, Postgres, QueryBuilder};
use tempfile::TempDir;

/// What is generated with a comment that says so, since there is no other way without
/// writing rows: the rest is never to be found.
const MAY: [Rule; 6] = [
    Rule::Rewrite,
    Rule::DropInUse,
    Rule::IndexNotConcurrent,
    Rule::ConstraintNotValid,
    Rule::ManyLocks,
    Rule::NotNull,
];

pub(crate) static SILENT: fn(&str) = |_| {};

/// Migrations that make one schema, and a `schema.sql` that says another.
pub(crate) struct Case {
    pub(crate) test: TestDatabase,
    pub(crate) folder: TempDir,
}

impl Case {
    pub(crate) async fn new(from: &str, to: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        file("0001_begin.up.sql", from);
        file("0001_begin.down.sql", "-- Nobody asks for this.");
        file("schema.sql", to);
        Self {
            test: TestDatabase::unmigrated().await,
            folder,
        }
    }

    pub(crate) fn migrations(&self) -> Migrations {
        Migrations::read(self.folder.path()).unwrap()
    }

    pub(crate) fn scratch(&self) -> ScratchOptions {
        ScratchOptions {
            server: Some(self.test.connect_options()),
            bindir: None,
            fetch: false,
            notice: SILENT,
        }
    }

    pub(crate) async fn revise(&self, renames: &[&str]) -> Result<Vec<NewFile>, SchemaError> {
        self.revise_as("change", renames).await
    }

    pub(crate) async fn revise_as(
        &self,
        name: &str,
        renames: &[&str],
    ) -> Result<Vec<NewFile>, SchemaError> {
        let renames: Vec<String> = renames.iter().map(|text| (*text).to_owned()).collect();
        let scratch = self.scratch();
        let made = Box::pin(revision(&self.migrations(), name, &renames, &scratch)).await;
        made.map(|revision| revision.files)
    }
}

/// The migrations that lead from one schema to the other, after having been there and back
/// in a database with the given rows.
pub(crate) async fn there_and_back(
    from: &str,
    to: &str,
    renames: &[&str],
    rows: &str,
) -> Vec<NewFile> {
    let case = Case::new(from, to).await;
    let files = match case.revise(renames).await {
        Ok(files) => files,
        Err(error) => panic!("{error}\n\nfrom:\n{from}\n\nto:\n{to}"),
    };
    let server = case.test.connect_options();
    Runner::new(&server, &case.migrations(), RunOptions::default())
        .up(None, |_| {})
        .await
        .unwrap();
    run(&server, rows).await;
    let before = Catalog::read(&server).await.unwrap();
    write(case.folder.path(), &files).unwrap();
    let all = case.migrations();
    let shown = || shown(&files);
    let found = lint(&all, Some(1));
    assert!(
        found.iter().all(|found| MAY.contains(&found.rule)),
        "{found:#?}
{}",
        shown()
    );
    let runner = Runner::new(&server, &all, RunOptions::default());
    let up = runner.up(None, |_| {}).await;
    up.unwrap_or_else(|error| panic!("{error}\n{}", shown()));
    let there = Catalog::read(&server).await.unwrap();
    assert_eq!(differences(&there, &wanted(to).await), [], "{}", shown());
    for version in (2..=all.head()).rev() {
        // Each once more, as somebody does who tries it.
        let down = runner.down(Down::Steps(1), |_| {}).await;
        down.unwrap_or_else(|error| panic!("{error}\n{}", shown()));
        let up = runner.up(Some(version), |_| {}).await;
        up.unwrap_or_else(|error| panic!("{error}\n{}", shown()));
        runner.down(Down::Steps(1), |_| {}).await.unwrap();
    }
    let back = Catalog::read(&server).await.unwrap();
    assert_eq!(differences(&back, &before), [], "{}", shown());
    files
}

/// What the one query answers after the migrations, and the other one after they were taken
/// back, in a database with the given rows; what stops them otherwise.
pub(crate) async fn answers(
    (from, to): (&str, &str),
    renames: &[&str],
    rows: &str,
    (there, back): (&str, &str),
) -> Result<[String; 2], String> {
    let case = Case::new(from, to).await;
    let files = case
        .revise(renames)
        .await
        .map_err(|error| error.to_string())?;
    let server = case.test.connect_options();
    let migrations = case.migrations();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    runner.up(None, |_| {}).await.unwrap();
    run(&server, rows).await;
    write(case.folder.path(), &files).unwrap();
    let migrations = case.migrations();
    let runner = Runner::new(&server, &migrations, RunOptions::default());
    let up = runner.up(None, |_| {}).await;
    up.map_err(|error| error.to_string())?;
    let first = answer(&server, there).await;
    let down = runner.down(Down::To(1), |_| {}).await;
    down.map_err(|error| format!("back: {error}"))?;
    Ok([first, answer(&server, back).await])
}

/// Applies one migration after the other, and after each has statements run that must go on to work
/// until there is one that says contract, and statements that must be refused all the way; and takes
/// all of it back.
pub(crate) async fn step_by_step(
    from: &str,
    to: &str,
    rows: &str,
    work: &[&str],
    refused: &[&str],
) -> Vec<NewFile> {
    let case = Case::new(from, to).await;
    let files = case.revise(&[]).await.unwrap();
    let server = case.test.connect_options();
    let begin = case.migrations();
    let runner = Runner::new(&server, &begin, RunOptions::default());
    runner.up(None, |_| {}).await.unwrap();
    run(&server, rows).await;
    let before = Catalog::read(&server).await.unwrap();
    write(case.folder.path(), &files).unwrap();
    let all = case.migrations();
    let runner = Runner::new(&server, &all, RunOptions::default());
    let mut connection = server.connect().await.unwrap();
    let mut is_contract = false;
    for migration in all.all() {
        let up = runner.up(Some(migration.version), |_| {}).await;
        up.unwrap_or_else(|error| panic!("{error}\n{}", shown(&files)));
        is_contract |= migration.name.starts_with("contract");
        for (statements, works) in [(work, true), (refused, false)] {
            for sql in statements.iter().filter(|_| !(works && is_contract)) {
                let mut transaction = connection.begin().await.unwrap();
                let text = QueryBuilder::<Postgres>::new(*sql).into_sql();
                let done = sqlx::raw_sql(text).execute(&mut *transaction).await;
                let after = &migration.name;
                let error = done.err().map(|error| error.to_string());
                assert_eq!(
                    error.is_none(),
                    works,
                    "{sql} after {after}: {error:?}\n{}",
                    shown(&files)
                );
                transaction.rollback().await.unwrap();
            }
        }
    }
    runner.down(Down::To(1), |_| {}).await.unwrap();
    let back = Catalog::read(&server).await.unwrap();
    assert_eq!(differences(&back, &before), [], "{}", shown(&files));
    files
}

async fn answer(server: &PgConnectOptions, sql: &str) -> String {
    let mut connection = server.connect().await.unwrap();
    let text = QueryBuilder::<Postgres>::new(format!("select ({sql})::text")).into_sql();
    let answer = sqlx::query_scalar(text).fetch_one(&mut connection).await;
    connection.close().await.unwrap();
    answer.unwrap_or_else(|error| panic!("{error}\n{sql}"))
}

/// All files that lead from one schema to the other, as one text. They have been there and
/// back in an empty database.
pub(crate) async fn up(from: &str, to: &str) -> String {
    match Case::new(from, to).await.revise(&[]).await {
        Ok(files) => shown(&files),
        Err(error) => panic!("{error}"),
    }
}

/// As [`up`], with nothing in it that the lint finds.
pub(crate) async fn gentle(from: &str, to: &str) -> String {
    let case = Case::new(from, to).await;
    let files = case.revise(&[]).await.unwrap();
    write(case.folder.path(), &files).unwrap();
    assert_eq!(lint(&case.migrations(), Some(1)), [], "{}", shown(&files));
    shown(&files)
}

pub(crate) fn shown(files: &[NewFile]) -> String {
    let texts = files
        .iter()
        .map(|file| format!("--- {}\n{}", file.name, file.text));
    texts.collect::<Vec<_>>().join("\n")
}

/// What is in the way of generating anything.
pub(crate) async fn refused(from: &str, to: &str) -> String {
    let case = Case::new(from, to).await;
    match case.revise(&[]).await {
        Err(error) => error.to_string(),
        Ok(files) => panic!("generated:\n{}", shown(&files)),
    }
}

/// What a text makes of an empty database.
pub(crate) async fn wanted(schema: &str) -> Catalog {
    let test = TestDatabase::unmigrated().await;
    run(&test.connect_options(), schema).await;
    Catalog::read(&test.connect_options()).await.unwrap()
}

pub(crate) async fn run(server: &PgConnectOptions, sql: &str) {
    let mut connection = server.connect().await.unwrap();
    let text = QueryBuilder::<Postgres>::new(sql).into_sql();
    let done = sqlx::raw_sql(text).execute(&mut connection).await;
    done.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    connection.close().await.unwrap();
}

/// Fails unless every one of the parts is in the text, one after the other.
pub(crate) fn has(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let Some(at) = rest.find(part) else {
            panic!("{part:?} is not there, or too early, in:\n{text}");
        };
        rest = &rest[at + part.len()..];
    }
}
