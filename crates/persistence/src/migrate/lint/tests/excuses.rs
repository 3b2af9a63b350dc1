//! What is excused, and by what.

use super::*;

fn of(up: &str) -> Vec<(Rule, usize)> {
    let found = found("change", up, "select 1;");
    found.iter().map(|found| (found.rule, found.line)).collect()
}

#[test]
fn a_comment_excuses_the_statement_that_it_stands_above_or_beside() {
    for up in [
        "-- lint: allow(truncate) nobody reads it yet\ntruncate users;",
        "-- Empty it.\n-- lint: allow(truncate) nobody reads it yet,\n-- as was measured\ntruncate users;",
        "select 1;\n\n  -- lint: allow( truncate ) nobody reads it yet\n  truncate users;",
        "truncate users; -- lint: allow(truncate) nobody reads it yet",
        "select 1; truncate users; -- lint: allow(truncate) nobody reads it yet\nselect 1;",
        "truncate -- lint: allow(truncate) nobody reads it yet\n    users;",
    ] {
        assert_eq!(of(up), [], "{up}");
    }
}

#[test]
fn a_comment_excuses_no_other_statement_and_no_other_rule() {
    assert_eq!(
        of("-- lint: allow(truncate) empty\ntruncate users;\ntruncate users;"),
        [(Rule::Truncate, 3)]
    );
    assert_eq!(
        of("-- lint: allow(rewrite) empty\ntruncate users;"),
        [(Rule::UnusedAllow, 1), (Rule::Truncate, 2)]
    );
    assert_eq!(
        of("select 1;\n-- lint: allow(truncate) empty\n\ntruncate users;"),
        [(Rule::UnusedAllow, 2), (Rule::Truncate, 4)]
    );
}

#[test]
fn a_comment_at_the_top_excuses_the_file() {
    let top = "-- What it does.\n-- lint: allow(truncate) nobody reads them yet\n\n";
    assert_eq!(of(&format!("{top}truncate users;\n  truncate posts;")), []);
    assert_eq!(
        of(&format!("-- no-transaction\n{top}   truncate users;")),
        []
    );
    assert_eq!(of("-- lint: allow(parse-error) new in 18\nselekt;"), []);
    let no_way_back = lint_of(&[(
        "0001_a.up.sql",
        "-- lint: allow(missing-down) the rows are gone\n\nselect 1;",
    )]);
    assert_eq!(no_way_back, []);
}

#[test]
fn what_is_allowed_and_not_there_is_told() {
    assert_eq!(
        of("-- lint: allow(truncate) nobody\nselect 1;"),
        [(Rule::UnusedAllow, 1)]
    );
    assert_eq!(
        of("-- lint: allow(truncate, no-such) nobody\ntruncate users;"),
        [(Rule::UnusedAllow, 1)]
    );
    assert_eq!(of("truncate users; -- lint: allow(truncate) small"), []);
}

#[test]
fn a_comment_that_looks_like_an_excuse_and_is_none_is_told() {
    for comment in [
        "/* lint: allow(truncate) small */",
        "-- Lint: allow(truncate) small",
        "-- LINT: allow(truncate) small",
        "-- lint allow(truncate) small",
        "-- lint:allow truncate, small",
        "-- lint: allow(truncate, small",
        "-- lint : allow(truncate) small",
        "-- lint-allow(truncate) small",
        "-- allow(truncate) small",
        "-- small, so lint: allow(truncate)",
    ] {
        assert_eq!(
            of(&format!("{comment}\ntruncate users;")),
            [(Rule::UnusedAllow, 1), (Rule::Truncate, 2)],
            "{comment}"
        );
    }
    assert_eq!(
        of("/* Small.\n * lint: allow(truncate) small\n */\ntruncate users;"),
        [(Rule::UnusedAllow, 2), (Rule::Truncate, 4)]
    );
    for comment in [
        "-- The lint allows it.",
        "-- Linted by hand, and allowed by nobody.",
        "-- It allows what is small.",
    ] {
        assert_eq!(of(&format!("{comment}\nselect 1;")), [], "{comment}");
    }
}

#[test]
fn what_is_allowed_has_a_reason() {
    for reason in ["", " ", " .", " --"] {
        assert_eq!(
            of(&format!(
                "-- lint: allow(truncate){reason}\ntruncate users;"
            )),
            [(Rule::AllowWithoutReason, 1)]
        );
    }
    assert_eq!(of("-- lint: allow(truncate) small\ntruncate users;"), []);
}

#[test]
fn a_file_excuses_migrations_that_must_not_change() {
    let with = |allow: &str| {
        let found = lint_of(&[
            (
                "0001_a.up.sql",
                "truncate users;\nalter table users set unlogged;",
            ),
            ("0001_a.down.sql", "commit;"),
            ("lint.allow", allow),
        ]);
        let told = found
            .iter()
            .map(|found| (found.file.clone(), found.rule, found.line));
        told.collect::<Vec<_>>()
    };
    let all = "# Applied long ago.\n\n\
               0001_a.up.sql allow(truncate, rewrite) made before the lint\n\
               0001_a.down.sql allow(transaction-control) made before the lint\n";
    assert_eq!(with(all), []);
    let allow_file = |rule, line| ("lint.allow".to_owned(), rule, line);
    assert_eq!(
        with(&format!(
            "{all}0001_a.up.sql allow(not-null) old\n0009_z.up.sql allow(rewrite) old\n"
        )),
        [
            allow_file(Rule::UnusedAllow, 5),
            allow_file(Rule::UnusedAllow, 6)
        ]
    );
    assert_eq!(
        with(&format!("{all}0001_a.up.sql rewrite")),
        [allow_file(Rule::UnusedAllow, 5)]
    );
    assert_eq!(
        with(&all.replace(") made before the lint", ")")),
        [
            allow_file(Rule::AllowWithoutReason, 3),
            allow_file(Rule::AllowWithoutReason, 4)
        ]
    );
}
