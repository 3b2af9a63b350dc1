//! What of a filter indexes have, and what it says of a batch as a whole.

use byline_domain::audit::{AuditField, AuditTest};
use byline_domain::filter::{Comparison, Filter, Value, ValueTest};
use byline_domain::trash::Trash;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use crate::filter::Rows;

pub(super) type Sql = QueryBuilder<Postgres>;

pub(super) fn push(query: &mut Sql, meets: Option<&Filter<AuditTest>>) {
    let trash = Trash::Include;
    Rows { trash, meets }.push_meets(query);
}

/// All of which must be met.
pub(super) fn conjuncts(filter: &Filter<AuditTest>) -> Vec<&Filter<AuditTest>> {
    match filter {
        Filter::All(filters) => filters.iter().flat_map(conjuncts).collect(),
        Filter::Any(_) | Filter::Not(_) | Filter::Test(_) => vec![filter],
    }
}

/// Whether indexes find what meets the filter.
pub(super) fn is_indexed(filter: &Filter<AuditTest>) -> bool {
    match filter {
        Filter::All(filters) | Filter::Any(filters) => {
            !filters.is_empty() && filters.iter().all(is_indexed)
        }
        Filter::Not(_) => false,
        Filter::Test(test) => match (test.field, &test.test) {
            (AuditField::OccurredAt, ValueTest::Compare(..)) => true,
            (
                AuditField::Caller | AuditField::RequestId,
                ValueTest::Compare(Comparison::Equal, _),
            ) => !test.negated,
            _ => resource(test).is_some(),
        },
    }
}

/// The resource that it is about, if the test says so.
fn resource(test: &AuditTest) -> Option<Uuid> {
    match (test.field, &test.test) {
        (AuditField::ResourceId, ValueTest::Compare(Comparison::Equal, Value::Id(resource)))
            if !test.negated =>
        {
            Some(*resource)
        }
        _ => None,
    }
}

/// Whether all that it says is of which resources.
pub(super) fn is_of_resources(filter: &Filter<AuditTest>) -> bool {
    match filter {
        Filter::Any(filters) => !filters.is_empty() && filters.iter().all(is_of_resources),
        Filter::All(_) | Filter::Not(_) => false,
        Filter::Test(test) => resource(test).is_some(),
    }
}

/// What [is indexed](is_indexed), as a condition on a batch: of one that has an event which meets
/// the filter it is true.
pub(super) fn push_of_batch(query: &mut Sql, filter: &Filter<AuditTest>) {
    let (between, filters) = match filter {
        Filter::All(filters) => (" and ", filters),
        Filter::Any(filters) => (" or ", filters),
        Filter::Not(_) => return push_whole(query, filter),
        Filter::Test(test) => {
            let Some(resource) = resource(test) else {
                return push_whole(query, filter);
            };
            query.push("resource_ids && array[");
            query.push_bind(resource).push("]");
            return;
        }
    };
    query.push("(");
    for (place, filter) in filters.iter().enumerate() {
        if place > 0 {
            query.push(between);
        }
        push_of_batch(query, filter);
    }
    query.push(")");
}

fn push_whole(query: &mut Sql, filter: &Filter<AuditTest>) {
    query.push("(true");
    push(query, Some(filter));
    query.push(")");
}

#[cfg(test)]
mod tests {
    use byline_domain::filter::parse_events;
    use chrono::DateTime;

    use super::*;

    fn filter(text: &str) -> Filter<AuditTest> {
        let read = parse_events(text, DateTime::UNIX_EPOCH);
        read.unwrap().unwrap()
    }

    #[test]
    fn what_every_match_is_about_is_found_where_the_filter_says_so() {
        let [a, b] = [1, 2].map(Uuid::from_u128);
        let either = format!("(resource_id = {a} OR resource_id = {b})");
        for (text, expected) in [
            (format!("resource_id = {a}"), true),
            (format!("caller = x AND resource_id = {a}"), true),
            (either.clone(), true),
            (format!("method : x AND {either}"), true),
            (format!("resource_id = {a} OR caller = x"), false),
            (format!("resource_id != {a}"), false),
            (format!("NOT resource_id = {a}"), false),
            (format!("NOT {either}"), false),
            ("caller = x".to_owned(), false),
        ] {
            let filter = filter(&text);
            let found = conjuncts(&filter).into_iter().any(is_of_resources);
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn what_an_index_has_is_found_among_all_that_must_be_met() {
        for (text, expected) in [
            ("caller = x", 1),
            (
                "caller = x AND action = y AND occurred_at > 2026-01-01T00:00:00Z",
                2,
            ),
            ("request_id = x OR caller = y", 1),
            (
                "request_id = x OR resource_id = 00000000-0000-0000-0000-000000000001",
                1,
            ),
            ("request_id = x OR action = y", 0),
            (r#"caller = "x*""#, 0),
            ("caller != x", 0),
            ("NOT caller = x", 0),
            ("caller : x", 0),
            ("action = y", 0),
        ] {
            let filter = filter(text);
            let all = conjuncts(&filter).into_iter();
            let found = all.filter(|filter| is_indexed(filter)).count();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn what_says_nothing_is_found_by_no_index() {
        let any: Filter<AuditTest> = Filter::Any(Vec::new());
        assert!(!is_indexed(&any) && !is_of_resources(&any));
        assert!(conjuncts(&Filter::All(Vec::new())).is_empty());
    }
}
