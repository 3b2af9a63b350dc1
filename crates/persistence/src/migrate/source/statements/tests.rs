use super::*;
use crate::migrate::source::Migrations;

#[test]
fn what_no_migration_can_have_is_found_also_where_the_parser_gives_up() {
    for (sql, expected) in [
        ("copy t from stdin", Some((1, Unfit::CopiesOverTheWire))),
        (
            "select 1;\ncopy (select 1) to stdout;",
            Some((2, Unfit::CopiesOverTheWire)),
        ),
        ("copy t from '/tmp/stdin'", None),
        (
            "set names 'utf8';\ncommit;",
            Some((2, Unfit::ControlsTransaction)),
        ),
        ("do $$ begin commit; end $$", None),
    ] {
        assert_eq!(first_unfit(sql), expected, "{sql}");
    }
}

fn texts(sql: &str) -> Vec<&str> {
    let all = statements(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    all.into_iter().map(|statement| statement.text).collect()
}

fn only(sql: &str) -> Statement<'_> {
    let mut all = statements(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    assert_eq!(all.len(), 1, "{sql}");
    all.remove(0)
}

#[test]
fn a_semicolon_that_is_quoted_or_inside_a_body_ends_nothing() {
    for sql in [
        "select 'a;b'",
        "select 'it''s; so'",
        r"select E'a\';b'",
        r"select 'a\', 1",
        r#"select 1 as "a;""b;""#,
        "select $$a;b$$",
        "select $x$a;$$;$y$;b$x$",
        "select 1 as a$b$c, 2 as b$b$",
        "select 1 /* ; /* ; */ ; */ + 1",
        "select 1 -- ; one\n + 1",
        "select 1 +-- ;\n 1",
        "select U&'d;' uescape '!'",
        "select 'a' -- ;\n ';b'",
        "do $$ begin perform 1; commit; end $$",
        "do language plpgsql $body$ begin delete from a; end; $body$",
        "create function f() returns int language sql begin atomic select 1; select 2; end",
        "create function f() returns int begin atomic select case when true then 1 end; end",
        "create procedure p() language sql begin atomic insert into t values (1); delete from t; end",
        "create rule r as on insert to t do also (delete from a; delete from b)",
        "create function f() returns int language plpgsql as 'begin return 1; end;'",
    ] {
        assert_eq!(texts(sql), [sql]);
        assert_eq!(texts(&format!("{sql}\n;\nselect 0")), [sql, "select 0"]);
    }
}

#[test]
fn what_is_between_statements_belongs_to_none() {
    let sql = "-- first;\n\n;; /* a */ select 1 -- one\n ; -- two\n;\n/* b; */\nselect\n  2";
    let all = statements(sql).unwrap();
    let told: Vec<_> = all.iter().map(|one| (one.line, one.text)).collect();
    assert_eq!(told, [(3, "select 1"), (7, "select\n  2")]);
    assert_eq!(texts(""), [""; 0]);
    assert_eq!(texts("-- nothing\n;\n"), [""; 0]);
}

#[test]
fn what_is_no_sql_is_not_split() {
    for (sql, line) in [
        ("select 1;\nselekt 2;", 2),
        ("select 1;\n\nselect 'a;\n", 3),
        ("select 1; /* ;", 1),
        ("select 1\ncreate table a (id int);", 1),
        ("create table a (id int)\n\ncreate table b (id int);", 1),
        ("select $$a;", 1),
        ("\\connect x\nselect 1;", 1),
    ] {
        assert_eq!(statements(sql).unwrap_err().line, line, "{sql}");
    }
}

#[test]
fn statements_that_begin_or_end_a_transaction_are_told() {
    for sql in [
        "begin",
        "BEGIN ISOLATION LEVEL SERIALIZABLE",
        "start transaction",
        "commit",
        "commit and chain",
        "end",
        "rollback",
        "abort",
        "prepare transaction 'a'",
        "commit prepared 'a'",
        "rollback prepared 'a'",
    ] {
        assert_eq!(only(sql).unfit, Some(Unfit::ControlsTransaction), "{sql}");
    }
    for sql in [
        "savepoint a",
        "rollback to savepoint a",
        "rollback to a",
        "release savepoint a",
        "set transaction read only",
        "do $$ begin commit; end $$",
        "create function f() returns int begin atomic select 1; end",
        "prepare p as select 1",
    ] {
        assert_eq!(only(sql).unfit, None, "{sql}");
    }
}

#[test]
fn statements_that_run_concurrently_are_told() {
    for sql in [
        "create index concurrently on t (a)",
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)",
        "drop index concurrently if exists a, b",
        "reindex index concurrently i",
        "reindex (concurrently, verbose) table t",
        "reindex database concurrently",
        "alter table t detach partition p concurrently",
    ] {
        assert!(only(sql).is_concurrent(), "{sql}");
    }
    for sql in [
        "create index on t (a)",
        "drop index concurrently_index",
        "reindex table t",
        "reindex (concurrently false) table t",
        "alter table t detach partition p",
        "refresh materialized view concurrently v",
    ] {
        assert!(!only(sql).is_concurrent(), "{sql}");
    }
}

#[test]
fn an_index_that_is_built_concurrently_is_named_as_the_catalogs_do() {
    let built = |sql: &str| {
        let index = only(sql).builds_concurrently().cloned();
        index.map(|index| (index.schema, index.name))
    };
    assert_eq!(
        built("create index concurrently if not exists My_Idx on only \"S\".t (a)"),
        Some((Some("S".to_owned()), "my_idx".to_owned()))
    );
    assert_eq!(
        built("create index concurrently \"My \"\"Idx\" on t (a)"),
        Some((None, "My \"Idx".to_owned()))
    );
    assert_eq!(built("create index concurrently on t (a)"), None);
    assert_eq!(built("create index i on t (a)"), None);
    assert_eq!(built("reindex index concurrently i"), None);
}

#[test]
fn statements_are_the_whole_of_each_migration() {
    for migration in Migrations::embedded().all() {
        for script in [Some(&migration.up), migration.down.as_ref()]
            .into_iter()
            .flatten()
        {
            let mut rest = script.sql.as_str();
            for statement in statements(&script.sql).unwrap() {
                let (between, after) = rest.split_once(statement.text).unwrap();
                assert_nothing(between, &script.file);
                rest = after;
            }
            assert_nothing(rest, &script.file);
        }
    }
}

/// Byline's migrations have no comments but those that begin with `--`.
fn assert_nothing(between: &str, file: &str) {
    for line in between.lines() {
        let code = line.split("--").next().unwrap();
        assert!(matches!(code.trim(), "" | ";"), "{file}: {line}");
    }
}
