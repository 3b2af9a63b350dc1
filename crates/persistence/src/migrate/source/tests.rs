use super::*;

fn folder(files: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in files {
        fs::write(dir.path().join(file), format!("-- {file}\nselect 1;\n")).unwrap();
    }
    dir
}

#[test]
fn those_of_the_binary_are_those_of_the_folder() {
    let told = |migrations: &Migrations| format!("{:?}", migrations.all());
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let read = Migrations::read(&dir).unwrap();
    let embedded = Migrations::embedded();
    assert_eq!(told(&read), told(&embedded));
    assert_eq!(read.schema(), embedded.schema());
    assert_eq!(read.lint_allow(), embedded.lint_allow());
    for (ours, sqlx) in embedded.all().iter().zip(
        EMBEDDED
            .iter()
            .filter(|migration| migration.migration_type.is_up_migration()),
    ) {
        assert_eq!(ours.up.checksum, *sqlx.checksum);
    }
}

#[test]
fn every_migration_of_the_binary_can_be_taken_back() {
    let embedded = Migrations::embedded();
    assert!(
        embedded
            .all()
            .iter()
            .all(|migration| migration.down.is_some())
    );
    assert_eq!(
        embedded.find(embedded.head()).unwrap().version,
        embedded.head()
    );
    assert!(embedded.find(embedded.head() + 1).is_none());
}

#[test]
fn everything_that_is_wrong_with_a_folder_is_told() {
    let dir = folder(&[
        "0001_a.up.sql",
        "0001_b.up.sql",
        "0002_c.down.sql",
        "x_d.sql",
        "0_zero.up.sql",
        "0003-c.up.sql",
        "0004_c.up.SQL",
        "+5_a.up.sql",
        "schema.sql",
        "notes_.txt",
    ]);
    let refused = Migrations::read(dir.path()).unwrap_err().to_string();
    for problem in [
        "0001_a.up.sql and 0001_b.up.sql have one number",
        "0002_c.down.sql takes back nothing",
        "x_d.sql is not named as",
        "0_zero.up.sql is not named as",
        "0003-c.up.sql is not named as",
        "0004_c.up.SQL is not named as",
        "+5_a.up.sql is not named as",
    ] {
        assert!(refused.contains(problem), "{refused}");
    }
    assert!(Migrations::read(&dir.path().join("nowhere")).is_err());
}

#[test]
fn a_file_that_is_not_there_although_it_is_listed_is_no_migration_less() {
    let dir = folder(&["0001_a.up.sql"]);
    std::os::unix::fs::symlink("gone", dir.path().join("0002_b.up.sql")).unwrap();
    let refused = Migrations::read(dir.path()).unwrap_err();
    assert!(
        matches!(refused, SourceError::Unreadable { .. }),
        "{refused}"
    );
}

#[test]
fn a_folder_without_pairs_is_read_too() {
    let dir = folder(&["20240101_first.sql", "20240202_second.sql"]);
    let read = Migrations::read(dir.path()).unwrap();
    assert_eq!(read.head(), 20_240_202);
    assert_eq!(read.all()[0].to_string(), "20240101 first");
    assert!(read.all()[0].down.is_none());
    assert!(read.schema().is_none());
}
