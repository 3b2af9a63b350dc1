//! Whether a statement changes a batch of rows and no more.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use crate::migrate::lint::tree::{Name, child, has_child, literal};

/// The most rows that are a batch.
pub(super) const MOST: u64 = 10_000;

/// Whether an UPDATE or a DELETE of a table, anywhere in a statement, changes no more than a batch: its rows are
/// among those of a query of the table that has a LIMIT.
pub(super) fn is_batch(statement: &SyntaxNode, change: &SyntaxNode, table: &Name) -> bool {
    let queries = Queries {
        table,
        ctes: ctes(statement),
    };
    let conditions = child(change, SyntaxKind::WHERE_CLAUSE).map_or_else(Vec::new, |condition| {
        condition
            .children()
            .flat_map(|all| conjuncts(&all))
            .collect()
    });
    let joined: Vec<Name> = [SyntaxKind::FROM_CLAUSE, SyntaxKind::USING_CLAUSE]
        .into_iter()
        .filter_map(|kind| child(change, kind))
        .flat_map(|from| from.children().collect::<Vec<_>>())
        .filter_map(|item| queries.limited_item(&item))
        .collect();
    conditions
        .iter()
        .any(|condition| queries.limits(condition) || joins(condition, &joined))
}

/// What a WITH of the statement names.
fn ctes(statement: &SyntaxNode) -> Vec<(Name, SyntaxNode)> {
    let all = statement
        .descendants()
        .filter(|node| node.kind() == SyntaxKind::WITH_TABLE);
    all.filter_map(|cte| {
        let name = child(&cte, SyntaxKind::CTE_NAME).and_then(|name| Name::of(&name))?;
        Some((name, child(&cte, SyntaxKind::SELECT)?))
    })
    .collect()
}

/// The conditions that all hold.
pub(super) fn conjuncts(condition: &SyntaxNode) -> Vec<SyntaxNode> {
    let is_and =
        condition.kind() == SyntaxKind::BIN_EXPR && has_child(condition, SyntaxKind::AND_KW);
    if is_and || condition.kind() == SyntaxKind::PAREN_EXPR {
        condition
            .children()
            .flat_map(|part| conjuncts(&part))
            .collect()
    } else {
        vec![condition.clone()]
    }
}

struct Queries<'a> {
    table: &'a Name,
    ctes: Vec<(Name, SyntaxNode)>,
}

impl Queries<'_> {
    /// Whether a condition is `column in (select column from table … limit n)`, or such with `= any`.
    fn limits(&self, condition: &SyntaxNode) -> bool {
        let is_one_of = condition.kind() == SyntaxKind::BIN_EXPR
            && (has_child(condition, SyntaxKind::IN_KW) || has_child(condition, SyntaxKind::EQ));
        let (Some(own), Some(query)) = (condition.first_child(), condition.last_child()) else {
            return false;
        };
        let query = query_of(&query).filter(|query| is_one_of && self.is_limited(query));
        query.is_some_and(|query| {
            let list = child(&query, SyntaxKind::SELECT_CLAUSE);
            let list = list.and_then(|clause| child(&clause, SyntaxKind::TARGET_LIST));
            let targets = list.iter().flat_map(SyntaxNode::children);
            let targets: Vec<Name> = targets
                .filter(|node| node.kind() == SyntaxKind::TARGET)
                .filter_map(|target| column(&target.first_child()?))
                .collect();
            let columns: Vec<Name> = if own.kind() == SyntaxKind::TUPLE_EXPR {
                own.children().filter_map(|part| column(&part)).collect()
            } else {
                column(&own).into_iter().collect()
            };
            !columns.is_empty() && columns == targets
        })
    }

    /// Whether a query is one of the table, and answers a batch at most.
    fn is_limited(&self, query: &SyntaxNode) -> bool {
        let Some(from) = child(query, SyntaxKind::FROM_CLAUSE) else {
            return false;
        };
        let mut items = from.children();
        let (first, others) = (items.next(), items.next());
        let is_of_batch =
            others.is_none() && first.is_some_and(|item| self.limited_item(&item).is_some());
        let mut names = from
            .descendants()
            .filter(|node| node.kind() == SyntaxKind::RELATION_NAME_REF)
            .filter_map(|node| Name::of(&node));
        is_of_batch
            || (limit(query).is_some_and(|most| most <= MOST)
                && names.any(|name| name.is(self.table)))
    }

    /// What an item of a FROM is called, if it is a query that is limited.
    fn limited_item(&self, item: &SyntaxNode) -> Option<Name> {
        let alias = child(item, SyntaxKind::FROM_ALIAS)
            .and_then(|alias| child(&alias, SyntaxKind::TABLE_ALIAS))
            .and_then(|alias| Name::of(&alias));
        match item.kind() {
            SyntaxKind::RELATION_FROM_ITEM => {
                let name = Name::of(&child(item, SyntaxKind::RELATION_NAME_REF)?)?;
                let (_, query) = self.ctes.iter().find(|(cte, _)| *cte == name)?;
                self.is_limited(query).then(|| alias.unwrap_or(name))
            }
            SyntaxKind::PAREN_FROM_ITEM => {
                let query = query_of(&item.first_child()?)?;
                alias.filter(|_| self.is_limited(&query))
            }
            _ => None,
        }
    }
}

/// The query that an expression consists of, in parentheses, as an array or after ANY.
fn query_of(node: &SyntaxNode) -> Option<SyntaxNode> {
    match node.kind() {
        SyntaxKind::SELECT => Some(node.clone()),
        SyntaxKind::PAREN_EXPR
        | SyntaxKind::PAREN_SELECT
        | SyntaxKind::CALL_EXPR
        | SyntaxKind::ANY_FN
        | SyntaxKind::ARRAY_EXPR => query_of(&node.first_child()?),
        _ => None,
    }
}

/// The number that a LIMIT or a FETCH of a query says, if it is one.
fn limit(query: &SyntaxNode) -> Option<u64> {
    let fetch = child(query, SyntaxKind::FETCH_CLAUSE)
        .filter(|fetch| !has_child(fetch, SyntaxKind::WITH_TIES));
    let clause = child(query, SyntaxKind::LIMIT_CLAUSE).or(fetch)?;
    let number = child(&clause, SyntaxKind::LITERAL)?;
    literal(&number)?.replace('_', "").parse().ok()
}

/// The column that an expression is, without its table.
fn column(expression: &SyntaxNode) -> Option<Name> {
    match expression.kind() {
        SyntaxKind::NAME_REF => Name::of(expression),
        SyntaxKind::FIELD_EXPR => Name::of(&expression.last_child()?),
        _ => None,
    }
}

/// Whether a condition is that a column of one of these is equal to one of another table.
fn joins(condition: &SyntaxNode, aliases: &[Name]) -> bool {
    let is_of = |side: &SyntaxNode| {
        let alias = side.first_child().and_then(|alias| Name::of(&alias));
        side.kind() == SyntaxKind::FIELD_EXPR && alias.is_some_and(|alias| aliases.contains(&alias))
    };
    let (Some(one), Some(other)) = (condition.first_child(), condition.last_child()) else {
        return false;
    };
    condition.kind() == SyntaxKind::BIN_EXPR
        && has_child(condition, SyntaxKind::EQ)
        && column(&one).is_some()
        && column(&other).is_some()
        && is_of(&one) != is_of(&other)
}
