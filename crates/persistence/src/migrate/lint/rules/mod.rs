//! The rules, and what each of them is shown.

mod batches;
mod columns;
mod constraints;
mod data;
mod drops;
mod indexes;
mod keys;
mod locks;
mod rerun;
mod rights;
mod settings;
mod unfit;

pub(super) use self::locks::locked;

use squawk_syntax::ast::AstNode;
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::known::Known;
use super::names::{constraint_name, created, table};
use super::tree::{Name, start, words};
use super::{Found, Rule};
use crate::migrate::source::Script;
use crate::migrate::source::statements::{Parsed, Statement, Unfit, line_of};

/// A statement, where it stands, and what rules found in it.
pub(super) struct Site<'a> {
    statement: &'a Statement<'a>,
    tree: &'a SyntaxNode,
    later: &'a [Parsed<'a>],
    sql: &'a str,
    is_transaction: bool,
    known: &'a Known,
    found: Vec<Found>,
}

impl<'a> Site<'a> {
    /// Those after it in its script are `later`.
    pub(super) fn new(
        script: &'a Script,
        parsed: &'a Parsed<'a>,
        later: &'a [Parsed<'a>],
        known: &'a Known,
    ) -> Self {
        Self {
            statement: &parsed.statement,
            tree: parsed.tree.syntax(),
            later,
            sql: &script.sql,
            is_transaction: !script.no_transaction,
            known,
            found: Vec::new(),
        }
    }

    pub(super) fn found(self) -> Vec<Found> {
        self.found
    }

    fn kind(&self) -> SyntaxKind {
        self.tree.kind()
    }

    /// The table that an ALTER TABLE or a CREATE INDEX is about, if it was there before the script.
    fn used_table(&self) -> Option<Name> {
        table(self.tree).filter(|table| !self.known.is_new(table))
    }

    /// Whether a later statement of the script makes something of that name.
    fn is_made_again(&self, name: &Name) -> bool {
        self.later.iter().any(|parsed| {
            let tree = parsed.tree.syntax();
            let constraints = tree
                .descendants()
                .filter(|node| node.kind() == SyntaxKind::ADD_CONSTRAINT)
                .filter_map(|node| constraint_name(&node));
            let is_create = words(tree).first().is_some_and(|verb| verb == "create");
            constraints
                .chain(created(tree).filter(|_| is_create))
                .any(|made| made.is(name))
        })
    }

    /// What an ALTER TABLE does, one after the other.
    fn actions(&self) -> Vec<SyntaxNode> {
        if self.kind() == SyntaxKind::ALTER_TABLE {
            self.tree.children().collect()
        } else {
            Vec::new()
        }
    }

    /// Finds something in a part of the statement.
    fn find(&mut self, rule: Rule, node: &SyntaxNode, message: String, instead: impl Into<String>) {
        self.found.push(Found {
            rule,
            line: line_of(self.sql, start(node)),
            statement: None,
            message,
            instead: instead.into(),
        });
    }

    /// Finds something in the statement as a whole.
    fn find_here(&mut self, rule: Rule, message: String, instead: impl Into<String>) {
        let tree = self.tree;
        self.find(rule, tree, message, instead);
    }
}

/// What holds for both directions.
pub(super) fn both_ways(site: &mut Site<'_>) {
    if site.statement.unfit == Some(Unfit::ControlsTransaction) {
        let message = if site.is_transaction {
            "the migration and its row in the ledger are one transaction, which this would begin or end"
        } else {
            "each statement of this migration is for itself, and is not inside a transaction"
        };
        site.find_here(
            Rule::TransactionControl,
            message.to_owned(),
            "leave it out; savepoints, and COMMIT inside of a DO block of a -- no-transaction migration, are \
             fine",
        );
    }
    unfit::unfit(site);
    settings::without_triggers(site);
    indexes::concurrent_in_transaction(site);
    if !site.is_transaction {
        rerun::not_rerunnable(site);
    }
}

/// What traffic feels, and what programs before the migration do.
pub(super) fn traffic(site: &mut Site<'_>, is_contract: bool) {
    indexes::not_concurrent(site);
    columns::columns(site);
    constraints::constraints(site);
    locks::locks(site);
    data::data(site);
    drops::drops(site, is_contract);
    if !is_contract {
        rights::rights(site);
        settings::for_programs(site);
    }
    // What is a hazard by itself has its own way out of the migration.
    if site.found.is_empty() {
        locks::many_locks(site);
    }
}
