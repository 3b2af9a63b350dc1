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
mod tests;
