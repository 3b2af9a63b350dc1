//! Constraints of tables in use.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::Site;
use super::columns::checked;
use super::indexes::ALONE;
use crate::migrate::lint::Rule;
use crate::migrate::lint::names::constraint_name;
use crate::migrate::lint::objects::Space;
use crate::migrate::lint::tree::{Name, child, has_child, named, not_null_columns, said};

pub(super) fn constraints(site: &mut Site<'_>) {
    if site.kind() == SyntaxKind::ALTER_DOMAIN {
        domain(site);
    }
    let Some(table) = site.used_table() else {
        return;
    };
    for action in site.actions() {
        match action.kind() {
            SyntaxKind::ADD_CONSTRAINT => {
                for constraint in action.children() {
                    added(site, &table, &constraint);
                }
            }
            SyntaxKind::ADD_COLUMN => {
                let has_default = has_child(&action, SyntaxKind::DEFAULT_CONSTRAINT);
                for constraint in action.children() {
                    with_column(site, &table, &constraint, has_default);
                }
            }
            SyntaxKind::VALIDATE_CONSTRAINT => validated(site, &table, &action),
            SyntaxKind::ATTACH_PARTITION => attached(site, &table, &action),
            _ => {}
        }
    }
}

/// The name that a constraint has, or might have.
fn label(constraint: &SyntaxNode) -> String {
    let name = child(constraint, SyntaxKind::CONSTRAINT_NAME_CLAUSE);
    let name = name.and_then(|name| constraint_name(&name));
    name.map_or_else(|| "…".to_owned(), |name| name.to_string())
}

/// What a constraint says, without its name.
fn body(constraint: &SyntaxNode) -> String {
    let name = child(constraint, SyntaxKind::CONSTRAINT_NAME_CLAUSE);
    let whole = said(constraint);
    match name.map(|name| said(&name)) {
        Some(name) => whole.trim_start_matches(&name).trim_start().to_owned(),
        None => whole,
    }
}

fn not_valid_first(table: &Name, constraint: &SyntaxNode) -> String {
    let name = label(constraint);
    format!(
        "alter table {table} add constraint {name} {} not valid; and in the next migration: alter table {table} \
         validate constraint {name};",
        body(constraint)
    )
}

/// A check that no program before this migration can keep to: also one that is NOT VALID holds for
/// what is written from now on.
fn demands_new_column(site: &mut Site<'_>, table: &Name, check: &SyntaxNode) {
    for column in not_null_columns(check) {
        if !site.known.is_new_column(table, &column) {
            continue;
        }
        site.find(
            Rule::NotNull,
            check,
            format!(
                "programs before this migration insert rows without {column}, which fails from now on, and so \
                 does every change of a row that has none"
            ),
            format!(
                "leave the check to a later migration, when every program writes {column} and the rows that are \
                 there have one"
            ),
        );
    }
}

fn added(site: &mut Site<'_>, table: &Name, constraint: &SyntaxNode) {
    if constraint.kind() == SyntaxKind::CHECK_CONSTRAINT {
        demands_new_column(site, table, constraint);
    }
    let is_valid = !has_child(constraint, SyntaxKind::NOT_VALID);
    match constraint.kind() {
        SyntaxKind::CHECK_CONSTRAINT | SyntaxKind::NOT_NULL_CONSTRAINT if is_valid => {
            site.find(
                Rule::ConstraintNotValid,
                constraint,
                format!(
                    "reads all of {table} under an ACCESS EXCLUSIVE lock: nobody reads or writes it meanwhile"
                ),
                not_valid_first(table, constraint),
            );
        }
        SyntaxKind::FOREIGN_KEY_CONSTRAINT if is_valid => {
            let other = named(constraint, SyntaxKind::TABLE_NAME_REF);
            let other = other.map_or_else(|| "the other table".to_owned(), |name| name.to_string());
            site.find(
                Rule::ConstraintNotValid,
                constraint,
                format!(
                    "reads all of {table} under SHARE ROW EXCLUSIVE locks: nobody writes to it or to {other} \
                     meanwhile"
                ),
                not_valid_first(table, constraint),
            );
        }
        SyntaxKind::UNIQUE_CONSTRAINT | SyntaxKind::PRIMARY_KEY_CONSTRAINT
            if !has_child(constraint, SyntaxKind::USING_INDEX_NAME) =>
        {
            let name = label(constraint);
            let columns = columns(constraint);
            let instead = using_index(table, constraint, &name, &columns);
            site.find(Rule::ConstraintNotValid, constraint, builds(table), instead);
        }
        SyntaxKind::PRIMARY_KEY_CONSTRAINT => of_index(site, table, constraint),
        SyntaxKind::EXCLUDE_CONSTRAINT => exclude(site, table, constraint),
        _ => {}
    }
}

fn builds(table: &Name) -> String {
    format!(
        "builds an index of {table} under an ACCESS EXCLUSIVE lock: nobody reads or writes it meanwhile"
    )
}

fn columns(constraint: &SyntaxNode) -> String {
    let list = constraint
        .descendants()
        .find(|node| node.kind() == SyntaxKind::CONSTRAINT_COLUMN_REF_LIST);
    list.map_or_else(|| "(…)".to_owned(), |list| said(&list))
}

fn using_index(table: &Name, constraint: &SyntaxNode, name: &str, columns: &str) -> String {
    let (kind, also) = if constraint.kind() == SyntaxKind::UNIQUE_CONSTRAINT {
        ("unique", "")
    } else {
        ("primary key", ", its columns being NOT NULL already")
    };
    format!(
        "{ALONE}create unique index concurrently if not exists {name} on {table} {columns}; and in the next \
         one{also}: alter table {table} add constraint {name} {kind} using index {name};"
    )
}

/// PRIMARY KEY USING INDEX, which makes its columns NOT NULL.
fn of_index(site: &mut Site<'_>, table: &Name, constraint: &SyntaxNode) {
    let columns = site.known.constrained(table, constraint);
    let nullable = columns
        .iter()
        .find(|column| !site.known.is_not_null(table, column));
    if nullable.is_none() && !columns.is_empty() {
        return;
    }
    let column = nullable.map_or_else(|| "a column of it".to_owned(), Name::to_string);
    site.find(
        Rule::NotNull,
        constraint,
        format!(
            "reads all of {table} under an ACCESS EXCLUSIVE lock, since neither NOT NULL nor a valid check says that \
             {column} is not null: nobody reads or writes it meanwhile"
        ),
        match nullable {
            Some(column) => format!("before this: {}", checked(table, column)),
            None => "make its columns NOT NULL before this, by way of a check that is validated".to_owned(),
        },
    );
}

fn attached(site: &mut Site<'_>, table: &Name, action: &SyntaxNode) {
    let partition = named(action, SyntaxKind::TABLE_NAME_REF);
    let Some(partition) = partition.filter(|partition| !site.known.is_new(partition)) else {
        return;
    };
    if site.known.has_bounds(&partition, table) {
        return;
    }
    let check = format!("{}_bounds_check", partition.plain());
    site.find(
        Rule::ConstraintNotValid,
        action,
        format!(
            "reads all of {partition} under an ACCESS EXCLUSIVE lock, since no valid check says that its rows are \
             within the bounds: nobody reads or writes it meanwhile"
        ),
        format!(
            "alter table {partition} add constraint {check} check (… is not null and …) not valid, with the bounds of \
             the partition; in the next migration: alter table {partition} validate constraint {check}; and in the \
             one after it: {}; alter table {partition} drop constraint {check};",
            said(site.tree)
        ),
    );
}

fn exclude(site: &mut Site<'_>, table: &Name, constraint: &SyntaxNode) {
    site.find(
        Rule::ConstraintNotValid,
        constraint,
        builds(table),
        "there is no way to build it beside traffic: a new table that has it from the start, filled in batches; or, \
         on a small table, allow it with that for a reason",
    );
}

/// Constraints that come with a column.
fn with_column(site: &mut Site<'_>, table: &Name, constraint: &SyntaxNode, has_default: bool) {
    let later = "add the column without it; then: ";
    match constraint.kind() {
        SyntaxKind::CHECK_CONSTRAINT => {
            let message = format!(
                "reads all of {table} under an ACCESS EXCLUSIVE lock to check rows that have no value: nobody reads \
                 or writes it meanwhile"
            );
            let instead = format!("{later}{}", not_valid_first(table, constraint));
            site.find(Rule::ConstraintNotValid, constraint, message, instead);
        }
        // Of rows that are all null, PostgreSQL looks none up.
        SyntaxKind::REFERENCES_CONSTRAINT if has_default => {
            let message = format!(
                "looks up the default for every row of {table} under SHARE ROW EXCLUSIVE locks: nobody writes to \
                 either table meanwhile"
            );
            let column = constraint
                .parent()
                .and_then(|column| named(&column, SyntaxKind::COLUMN_NAME))
                .map_or_else(String::new, |column| column.to_string());
            let name = label(constraint);
            let instead = format!(
                "{later}alter table {table} add constraint {name} foreign key ({column}) {} not valid; and in \
                 the next migration: alter table {table} validate constraint {name};",
                body(constraint)
            );
            site.find(Rule::ConstraintNotValid, constraint, message, instead);
        }
        SyntaxKind::UNIQUE_CONSTRAINT | SyntaxKind::PRIMARY_KEY_CONSTRAINT => {
            let name = label(constraint);
            let instead = format!("{later}{}", using_index(table, constraint, &name, "(…)"));
            site.find(Rule::ConstraintNotValid, constraint, builds(table), instead);
        }
        _ => {}
    }
}

fn validated(site: &mut Site<'_>, table: &Name, action: &SyntaxNode) {
    let name = constraint_name(action);
    let constraint = name.and_then(|name| site.known.constraint(table, &name));
    if site.is_transaction && constraint.is_some_and(|constraint| constraint.added_here) {
        site.find(
            Rule::ConstraintNotValid,
            action,
            format!(
                "the lock that adding it took is kept until the migration ends: {table} is read as a whole under \
                 it all the same"
            ),
            "validate it in the next migration",
        );
    }
}

fn domain(site: &mut Site<'_>) {
    let domain = named(site.tree, SyntaxKind::DOMAIN_REF);
    let Some(domain) = domain.filter(|domain| !site.known.is_new_in(&Space::Type, domain)) else {
        return;
    };
    let added = child(site.tree, SyntaxKind::ADD_CONSTRAINT);
    let constraint = added.and_then(|added| added.first_child());
    let is_checked = match &constraint {
        Some(constraint) => !has_child(constraint, SyntaxKind::NOT_VALID),
        None => has_child(site.tree, SyntaxKind::SET_NOT_NULL),
    };
    if is_checked {
        site.find_here(
            Rule::ConstraintNotValid,
            format!(
                "reads every table that has a column of {domain} under SHARE locks: nobody writes to them meanwhile"
            ),
            format!(
                "alter domain {domain} add constraint … check (…) not valid; and in the next migration: alter \
                 domain {domain} validate constraint …;"
            ),
        );
    }
}
