//! A script as its statements, by a parser for PostgreSQL: where each begins and ends, and what a runner must
//! know of it.

use std::fmt;
use std::ops::Range;

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SourceFile, SyntaxElement, SyntaxKind, SyntaxNode};

/// One statement of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Its SQL, without the closing semicolon and without the comments before and after it.
    pub text: &'a str,
    /// The line of the script that it begins in; the first is 1.
    pub line: usize,
    /// Why no migration can have it.
    pub unfit: Option<Unfit>,
    concurrency: Concurrency,
}

/// Why a statement cannot be in a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It begins or ends a transaction, as BEGIN, COMMIT and ROLLBACK do. Savepoints are fine.
    ControlsTransaction,
    /// It is a COPY from or to the client, which has nothing to send, and nowhere to put it.
    CopiesOverTheWire,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ControlsTransaction => {
                "begins or ends a transaction, which is the runner's to do"
            }
            Self::CopiesOverTheWire => {
                "copies from or to whoever runs it, who has no rows to send and nowhere to put \
                 them: write them as INSERT"
            }
        })
    }
}

/// The index that a statement builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexName {
    /// The schema of its table, if the statement says it; otherwise the search path decides.
    pub schema: Option<String>,
    /// Its name as the catalogs have it.
    pub name: String,
}

/// Why a script has no statements: what cannot be parsed is not split at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct SyntaxError {
    /// The line where the parser gave up; the first is 1.
    pub line: usize,
    /// What it says.
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Concurrency {
    None,
    Concurrent,
    Builds(IndexName),
}

impl<'a> Statement<'a> {
    /// All of a script that the parser does not know, to be sent as it stands.
    pub(in crate::migrate) fn whole(sql: &'a str) -> Self {
        Self {
            text: sql,
            line: 1,
            unfit: None,
            concurrency: Concurrency::None,
        }
    }

    /// Whether it runs CONCURRENTLY: it cannot be inside a transaction, and waits for old transactions
    /// without being in anybody's way.
    pub fn is_concurrent(&self) -> bool {
        self.concurrency != Concurrency::None
    }

    /// The index that it builds CONCURRENTLY, if that is what it does and it names it: what fails
    /// leaves an invalid index of that name behind.
    pub fn builds_concurrently(&self) -> Option<&IndexName> {
        match &self.concurrency {
            Concurrency::Builds(index) => Some(index),
            Concurrency::None | Concurrency::Concurrent => None,
        }
    }
}

/// The statements of a script, in order; empty ones are none.
pub fn statements(sql: &str) -> Result<Vec<Statement<'_>>, SyntaxError> {
    let parsed = parse(sql)?;
    Ok(parsed.into_iter().map(|parsed| parsed.statement).collect())
}

/// The first statement that no migration can have, with its line, also of a script that the
/// parser does not know all of.
pub(in crate::migrate) fn first_unfit(sql: &str) -> Option<(usize, Unfit)> {
    let tree = SourceFile::parse(sql).tree();
    let found = tree.stmts().find_map(|statement| {
        let unfit = unfit(&statement)?;
        Some((place(statement.syntax())?.start, unfit))
    });
    found.map(|(start, unfit)| (line_of(sql, start), unfit))
}

/// A statement, and what the parser makes of it.
pub(in crate::migrate) struct Parsed<'a> {
    pub(in crate::migrate) statement: Statement<'a>,
    pub(in crate::migrate) tree: ast::Stmt,
    /// Where its text is in the script.
    pub(in crate::migrate) place: Range<usize>,
}

/// As `statements`, with the trees.
pub(in crate::migrate) fn parse(sql: &str) -> Result<Vec<Parsed<'_>>, SyntaxError> {
    let parse = SourceFile::parse(sql);
    if let Some(error) = parse.errors().first() {
        return Err(SyntaxError {
            line: line_of(sql, error.range().start().into()),
            message: error.message().to_owned(),
        });
    }
    let mut all = Vec::new();
    for tree in parse.tree().stmts() {
        let Some(place) = place(tree.syntax()) else {
            continue;
        };
        all.push(Parsed {
            statement: Statement {
                text: &sql[place.clone()],
                line: line_of(sql, place.start),
                unfit: unfit(&tree),
                concurrency: concurrency(&tree),
            },
            tree,
            place,
        });
    }
    Ok(all)
}

/// The line that a byte of a text is in; the first is 1.
pub(in crate::migrate) fn line_of(sql: &str, offset: usize) -> usize {
    1 + sql[..offset].matches('\n').count()
}

/// From a statement's first word to its last.
fn place(statement: &SyntaxNode) -> Option<Range<usize>> {
    let mut words = statement
        .descendants_with_tokens()
        .filter_map(SyntaxElement::into_token)
        .filter(|token| !token.kind().is_trivia());
    let first = words.next()?;
    let mut last = first.clone();
    let mut before = None;
    for word in words {
        before = Some(std::mem::replace(&mut last, word));
    }
    if last.kind() == SyntaxKind::SEMICOLON {
        last = before?;
    }
    Some(first.text_range().start().into()..last.text_range().end().into())
}

fn unfit(statement: &ast::Stmt) -> Option<Unfit> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "there are some two hundred statements"
    )]
    match statement {
        ast::Stmt::Begin(_) | ast::Stmt::Commit(_) | ast::Stmt::PrepareTransaction(_) => {
            Some(Unfit::ControlsTransaction)
        }
        ast::Stmt::Rollback(ast::Rollback::RollbackToSavepoint(_)) => None,
        ast::Stmt::Rollback(_) => Some(Unfit::ControlsTransaction),
        ast::Stmt::Copy(copy) => {
            let mut words = copy.syntax().descendants_with_tokens();
            let is_of_client = |kind| [SyntaxKind::STDIN_KW, SyntaxKind::STDOUT_KW].contains(&kind);
            words
                .any(|word| is_of_client(word.kind()))
                .then_some(Unfit::CopiesOverTheWire)
        }
        _ => None,
    }
}

fn concurrency(statement: &ast::Stmt) -> Concurrency {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "there are some two hundred statements"
    )]
    let concurrent = match statement {
        ast::Stmt::CreateIndex(create) if create.concurrently_token().is_some() => {
            return match index_name(create) {
                Some(name) => Concurrency::Builds(name),
                None => Concurrency::Concurrent,
            };
        }
        ast::Stmt::DropIndex(drop) => drop.concurrently_token().is_some(),
        ast::Stmt::Reindex(reindex) => reindex.is_concurrently(),
        ast::Stmt::AlterTable(alter) => alter
            .syntax()
            .descendants()
            .any(|node| node.kind() == SyntaxKind::DETACH_CONCURRENTLY),
        _ => false,
    };
    if concurrent {
        Concurrency::Concurrent
    } else {
        Concurrency::None
    }
}

fn index_name(create: &ast::CreateIndex) -> Option<IndexName> {
    let name = create.index()?.path()?.segment()?.text();
    let table = create.table_relation_name();
    let path = table
        .and_then(|table| table.table_name_ref())
        .and_then(|table| table.path_ref());
    let schema = path
        .and_then(|path| path.qualifier())
        .and_then(|schema| schema.segment());
    Some(IndexName {
        schema: schema.map(|schema| schema.text()),
        name,
    })
}

#[cfg(test)]
mod tests {
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
}
