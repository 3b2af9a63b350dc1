//! Hazards in migrations: what would hold up traffic, break programs that run already, or cannot be taken
//! back.
//!
//! The rules are our own, on squawk's parser. Squawk's linter looks at one file at a time; what is a hazard
//! here depends on the migrations before (whether a table is new, a check valid, a type wider), on what
//! the runner does by itself (time-outs of locks, statements outside of transactions that run twice), and
//! on what the name of a migration promises. What both know would have to be told twice.
//!
//! Statements inside the bodies of functions and DO blocks are not looked at.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the grammar has some two thousand kinds of nodes"
)]

mod allow;
mod default_names;
mod functions;
mod known;
mod names;
mod objects;
mod rules;
mod tables;
mod tree;
mod types;

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;

use squawk_syntax::ast::AstNode;

use self::allow::{AllowFile, Excuses};
use self::known::Known;
use self::rules::Site;
use super::source::statements::{Parsed, SyntaxError, parse};
use super::source::{Migration, Migrations, Script};
use super::state::takes_away;

/// Something in a migration that is to be changed, or to be excused with a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, without its folder.
    pub file: String,
    /// The line; the first is 1.
    pub line: usize,
    /// What it is an instance of.
    pub rule: Rule,
    /// What happens.
    pub message: String,
    /// The safe way: words and SQL, of one or more lines.
    pub instead: String,
}

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $name:literal,)+) => {
        /// What the lint looks for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule {
            $($(#[$doc])* $rule,)+
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$rule,)+];

            /// As it is written in `-- lint: allow(…)`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$rule => $name,)+
                }
            }
        }
    };
}

rules! {
    /// An index of a table in use is built, dropped or rebuilt while nobody may write.
    IndexNotConcurrent = "index-not-concurrent",
    /// What cannot be inside a transaction is in one.
    ConcurrentInTransaction = "concurrent-in-transaction",
    /// A column must have values that rows do not have, or that are all read to see.
    NotNull = "not-null",
    /// A table is written anew while nobody may read it.
    Rewrite = "rewrite",
    /// A constraint is checked while nobody may write.
    ConstraintNotValid = "constraint-not-valid",
    /// Something goes that a program before this migration may use.
    DropInUse = "drop-in-use",
    /// What is dropped takes along what nobody sees.
    DropCascade = "drop-cascade",
    /// Every row of a table goes.
    Truncate = "truncate",
    /// A migration that does nothing.
    Empty = "empty",
    /// A migration that cannot be taken back.
    MissingDown = "missing-down",
    /// A lock that is taken by hand, or waited for longer than traffic can bear.
    LockWithoutTimeout = "lock-without-timeout",
    /// A statement outside of a transaction that fails when it is run again.
    NotRerunnable = "not-rerunnable",
    /// Rows that may be many are changed at once.
    BigUpdate = "big-update",
    /// Slow work while a table is locked.
    ManyLocks = "many-locks",
    /// A value of an enum is used before it is committed.
    EnumValueInUse = "enum-value-in-use",
    /// A statement that would end the migration's transaction.
    TransactionControl = "transaction-control",
    /// What the runner or PostgreSQL cannot run, wherever it stands.
    Unfit = "unfit",
    /// What is no SQL that the parser knows.
    ParseError = "parse-error",
    /// What is allowed and does not happen.
    UnusedAllow = "unused-allow",
    /// What is allowed and nobody says why.
    AllowWithoutReason = "allow-without-reason",
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a rule found, before it is known whether it is excused.
#[derive(Debug)]
struct Found {
    rule: Rule,
    line: usize,
    /// The statement; none if it is about the whole file.
    statement: Option<usize>,
    message: String,
    instead: String,
}

/// Every hazard in the migrations later than `since`, or in all of them, in their order. Those before it are
/// read too, since what is in them decides what is one.
pub fn lint(migrations: &Migrations, since: Option<i64>) -> Vec<Finding> {
    let mut file = AllowFile::of(migrations.lint_allow().unwrap_or_default());
    let mut known = Known::default();
    let mut findings = Vec::new();
    for migration in migrations.all() {
        let is_old = since.is_some_and(|since| migration.version <= since);
        let up = parse(&migration.up.sql);
        let down = migration.down.as_ref().map(|down| (down, parse(&down.sql)));

        let mut found = up_hazards(migration, &up, &mut known);
        found.extend(empty(&up));
        found.extend(missing_down(&up, down.as_ref().map(|(_, parsed)| parsed)));
        let scripts = [
            Some((&migration.up, &up, found)),
            down.as_ref()
                .map(|(down, parsed)| (*down, parsed, down_hazards(down, parsed))),
        ];
        for (script, parsed, found) in scripts.into_iter().flatten() {
            if is_old {
                file.pass_over(&script.file);
                continue;
            }
            let statements = parsed.as_deref().unwrap_or_default();
            let places: Vec<Range<usize>> =
                statements.iter().map(|one| one.place.clone()).collect();
            findings.extend(Excuses::of(&script.sql, &places).sift(script, found, &mut file));
        }
    }
    let all = migrations.all().iter();
    let scripts = all.flat_map(|migration| [Some(&migration.up), migration.down.as_ref()]);
    let files: Vec<&str> = scripts
        .flatten()
        .map(|script| script.file.as_str())
        .collect();
    findings.extend(file.left_over(&files));
    findings
}

type Read<'a> = Result<Vec<Parsed<'a>>, SyntaxError>;

fn up_hazards(migration: &Migration, parsed: &Read<'_>, known: &mut Known) -> Vec<Found> {
    known.begin();
    let contract = takes_away(&migration.name);
    walk(&migration.up, parsed, known, |site| {
        rules::traffic(site, contract);
    })
}

fn down_hazards(script: &Script, parsed: &Read<'_>) -> Vec<Found> {
    walk(script, parsed, &mut Known::default(), |_| {})
}

/// Shows each statement to the rules that hold in both directions, and to others.
fn walk(
    script: &Script,
    parsed: &Read<'_>,
    known: &mut Known,
    mut others: impl FnMut(&mut Site<'_>),
) -> Vec<Found> {
    let statements = match parsed {
        Ok(statements) => statements,
        Err(error) => {
            return vec![unparsed(script, error)];
        }
    };
    let mut found = Vec::new();
    for (index, parsed) in statements.iter().enumerate() {
        let mut site = Site::new(script, parsed, &statements[index + 1..], known);
        rules::both_ways(&mut site);
        others(&mut site);
        let locked = rules::locked(&site);
        for mut one in site.found() {
            one.statement = Some(index);
            found.push(one);
        }
        if known.locked.is_none() && !script.no_transaction {
            known.locked = locked.map(|table| (table, parsed.statement.line));
        }
        known.learn(parsed.tree.syntax());
    }
    found
}

fn unparsed(script: &Script, error: &SyntaxError) -> Found {
    let text = script.sql.lines().nth(error.line - 1).unwrap_or_default();
    let of_psql = text.trim_start().starts_with('\\');
    Found {
        rule: Rule::ParseError,
        line: error.line,
        statement: None,
        message: if of_psql {
            "a command of psql, which is no SQL".to_owned()
        } else {
            error.message.clone()
        },
        instead: if of_psql {
            "take it out; a dump of a schema is fine without".to_owned()
        } else {
            "mend it. What PostgreSQL takes and the parser does not know is sent as a whole, and nothing else in \
             this file is looked at: allow that at the top of the file, with a reason"
                .to_owned()
        },
    }
}

fn empty(up: &Read<'_>) -> Option<Found> {
    up.as_ref().is_ok_and(Vec::is_empty).then(|| Found {
        rule: Rule::Empty,
        line: 1,
        statement: None,
        message: "holds no statement; once it is applied it must not be changed any more"
            .to_owned(),
        instead: "fill it in, or remove it".to_owned(),
    })
}

fn missing_down(up: &Read<'_>, down: Option<&Read<'_>>) -> Option<Found> {
    let nothing = |read: &Read<'_>| read.as_ref().is_ok_and(Vec::is_empty);
    if nothing(up) || down.is_some_and(|down| !nothing(down)) {
        return None;
    }
    let message = match down {
        None => "there is no .down.sql beside it: it cannot be taken back",
        Some(_) => "its .down.sql holds nothing: taking it back would leave all of it in place",
    };
    Some(Found {
        rule: Rule::MissingDown,
        line: 1,
        statement: None,
        message: message.to_owned(),
        instead: "write a .down.sql that makes the schema what it was, or allow this at the top of the file \
                  and say why there is no way back"
            .to_owned(),
    })
}
