//! A bad and a good example for each rule.

mod excuses;
mod keys;
mod names;
mod programs;
mod runs;
mod traffic;

use std::fs;
use std::path::Path;

use super::*;

/// A schema in use.
const BASE: &str = "
    create table users (
        id uuid not null,
        email text,
        name varchar(50),
        price numeric(10, 2),
        visits integer default 0,
        seen timestamptz,
        constraint users_pkey primary key (id),
        constraint users_email_check check (email is not null and (email <> ''))
    );
    create table posts (
        id uuid constraint posts_pkey primary key,
        author_id uuid,
        title varchar(100),
        constraint posts_author_id_fkey foreign key (author_id) references users (id) on delete cascade
    );
    create table events (id bigint, at timestamptz, constraint events_check check (id > 0)) partition by range (at);
    create table events_1 (id bigint, at timestamptz);
    create table events_2 (id bigint, at timestamptz, check (id > 0));
    create table events_3 (id bigint, at timestamptz, check (at is not null and at >= '2020-01-01' and at < '2020-02-01'));
    create index users_name_idx on users (name); create unique index users_email_idx on users (email);
    create unique index users_id_idx on users (id);
    create index posts_title_idx on posts (id, title) where author_id is not null;
    create type mood as enum ('sad');
    create domain filled as text check (value <> '');
    create function rolled() returns integer language plpgsql as 'begin return 4; end';
    create function fixed() returns integer language sql immutable as 'select 4';
    create materialized view sums as select count(*) from posts;
    create view names as select name from users;
";

/// What the lint finds in migrations of these files.
fn lint_of(files: &[(&str, &str)]) -> Vec<Finding> {
    let dir = tempfile::tempdir().unwrap();
    for (file, text) in files {
        fs::write(dir.path().join(file), text).unwrap();
    }
    lint(&Migrations::read(dir.path()).unwrap(), None)
}

/// What it finds in a migration of a schema in use.
fn found(name: &str, up: &str, down: &str) -> Vec<Finding> {
    lint_of(&[
        ("0001_base.up.sql", BASE),
        ("0001_base.down.sql", "drop schema public;"),
        (&format!("0002_{name}.up.sql"), up),
        (&format!("0002_{name}.down.sql"), down),
    ])
}

/// What is found in the later of two migrations.
fn second(first: &str, second: &str) -> Vec<Rule> {
    let found = lint_of(&[
        ("0001_a.up.sql", first),
        ("0001_a.down.sql", "select 1;"),
        ("0002_b.up.sql", second),
        ("0002_b.down.sql", "select 1;"),
    ]);
    let found = found.iter().filter(|one| one.file == "0002_b.up.sql");
    found.map(|one| one.rule).collect()
}

fn rules(findings: &[Finding]) -> Vec<Rule> {
    findings.iter().map(|finding| finding.rule).collect()
}

/// Each of these has that hazard, and no other.
fn bad(rule: Rule, examples: &[&str]) {
    for up in examples {
        let found = found("change", up, "select 1;");
        assert_eq!(rules(&found), [rule], "{up}: {found:#?}");
        let file = "0002_change.up.sql";
        assert!(
            found
                .iter()
                .all(|one| one.file == file && !one.instead.is_empty()),
            "{found:#?}"
        );
    }
}

/// None of these has any.
fn good(examples: &[&str]) {
    for up in examples {
        let found = found("change", up, "select 1;");
        assert!(found.is_empty(), "{up}: {found:#?}");
    }
}

#[test]
fn the_migrations_of_byline_have_no_hazard_that_is_not_excused() {
    let found = lint(&Migrations::embedded(), None);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_rule_is_in_the_documentation() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/migrations.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once("## What the lint finds").unwrap();
    let documented: Vec<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let known: Vec<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(documented, known);
}

#[test]
fn a_finding_tells_the_line_that_it_is_about() {
    let up = "-- A table.\n\nalter table users\n    add column a integer,\n    -- And\n    drop column b;\n";
    let found = found("change", up, "select 1;");
    assert_eq!((found[0].rule, found[0].line), (Rule::DropInUse, 6));
}

#[test]
fn only_migrations_later_than_one_are_told_of_and_those_before_are_known() {
    let dir = tempfile::tempdir().unwrap();
    for (file, text) in [
        ("0001_a.sql", "create table t (a varchar(5));"),
        ("0002_b.up.sql", "truncate t;"),
        ("0002_b.down.sql", "drop tabel t;"),
        ("0003_c.up.sql", "alter table t alter column a type text;"),
        ("0003_c.down.sql", ""),
        ("lint.allow", "0001_a.sql allow(rewrite) nobody asks\n"),
    ] {
        fs::write(dir.path().join(file), text).unwrap();
    }
    let migrations = Migrations::read(dir.path()).unwrap();
    let found = lint(&migrations, Some(2));
    assert_eq!(rules(&found), [Rule::MissingDown]);
    assert_eq!(found[0].file, "0003_c.up.sql");
    let found = lint(&migrations, None);
    assert_eq!(
        rules(&found),
        [
            Rule::MissingDown,
            Rule::Truncate,
            Rule::ParseError,
            Rule::MissingDown,
            Rule::UnusedAllow
        ]
    );
    assert!(lint(&migrations, Some(3)).is_empty());
}
